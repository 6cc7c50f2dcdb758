from ticket_pipeline.store import loads
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.store.bodies import minute


def test_the_last_complete_load_of_each_event_is_told(state: SiteState) -> None:
    with state.writing() as tx:
        loads.complete(tx, state.site, {"gala": 3, "ball": 0}, load_id="a", started_at=minute(0), at=minute(1))
        loads.complete(tx, state.site, {"gala": 4}, load_id="b", started_at=minute(5), at=minute(6))
        loads.complete(tx, state.site, {}, load_id="c", started_at=minute(7), at=minute(8))
    with state.reading() as tx:
        assert loads.completed(tx, state.site) == {"gala": minute(6), "ball": minute(1)}
        assert loads.completed(tx, "other") == {}


def test_a_load_begun_earlier_does_not_replace_a_later_one(state: SiteState) -> None:
    with state.writing() as tx:
        loads.complete(tx, state.site, {"gala": 3}, load_id="b", started_at=minute(5), at=minute(6))
        loads.complete(tx, state.site, {"gala": 3}, load_id="a", started_at=minute(0), at=minute(9))
    with state.reading() as tx:
        assert loads.completed(tx, state.site) == {"gala": minute(6)}
