from ticket_pipeline.store import checkpoints
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.store.bodies import NOON


def test_the_last_value_under_a_name_is_read(state: SiteState) -> None:
    with state.writing() as tx:
        checkpoints.put(tx, state.site, "events", {"page": 1}, at=NOON)
        checkpoints.put(tx, state.site, "events", {"page": [2, None]}, at=NOON)
        checkpoints.put(tx, state.site, "nothing", None, at=NOON)
    with state.reading() as tx:
        assert checkpoints.get(tx, state.site, "events") == {"page": [2, None]}
        assert checkpoints.get(tx, state.site, "nothing") is None
        assert checkpoints.get(tx, state.site, "unknown") is None
        assert checkpoints.get(tx, "other", "events") is None
