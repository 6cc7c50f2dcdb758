"""What is settled over there needs no look; what is not is named, whatever became of record, link and definition."""

from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ticket_pipeline.model.change import Action, Change, Outcome
from ticket_pipeline.store import definitions, links, records, unsettled
from ticket_pipeline.store.database import Database
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.store.bodies import NOON, definition, record

BOX = "sql:box"
_sites = count()

#: Of one definition: whether it has a record, how its link stands, whether that is of the record, whether it is dead.
_links = st.sampled_from(["none", "intended", "unsure", "linked", "archived", "deleted"])
fates = st.tuples(st.booleans(), _links, st.booleans(), st.booleans())


def befall(state: SiteState, event_id: str, number: int, fate: tuple[bool, str, bool, bool]) -> None:
    """Let a definition come to this."""
    wanted, link, same, dead = fate
    each = f"{event_id}-{number}"
    held = record(each, event_id=event_id, name="As wanted" if same else "Of yesterday")

    def change(action: Action) -> Change:
        writes = action in {Action.CREATE, Action.UPDATE}
        return Change(
            action=action, definition_id=each, event_id=event_id, external_id=each, record=held if writes else None
        )

    def done(action: Action) -> None:
        links.made(tx, state.site, BOX, [Outcome(change=change(action), external_id=each)], at=NOON)

    with state.writing() as tx:
        definitions.upsert_newer(tx, state.site, [definition(each, event_id=event_id)], read_at=NOON)
        if wanted:
            records.replace(tx, state.site, [record(each, event_id=event_id, name="As wanted")], at=NOON)
        if link == "intended":
            links.intend(tx, state.site, BOX, [change(Action.CREATE)], at=NOON)
        elif link != "none":
            done(Action.CREATE)
        if link == "unsure":
            links.intend(tx, state.site, BOX, [change(Action.UPDATE)], at=NOON)
        if link in {"archived", "deleted"}:
            done(Action.ARCHIVE if link == "archived" else Action.DELETE)
        if dead:
            definitions.tombstone(tx, state.site, [each], at=NOON, why="deleted")


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fates=st.lists(st.lists(fates, max_size=3), min_size=1, max_size=4))
def test_an_event_is_settled_or_named_as_unpublished(
    database: Database, fates: list[list[tuple[bool, str, bool, bool]]]
) -> None:
    state = SiteState(database=database, site=f"site-{next(_sites)}")
    of_event = {f"event-{at}": each for at, each in enumerate(fates)}
    for event_id, some in of_event.items():
        for number, fate in enumerate(some):
            befall(state, event_id, number, fate)
    with state.reading() as tx:
        settled = unsettled.settled(tx, state.site, BOX, list(of_event))
        assert settled.keys() == of_event.keys() - unsettled.unpublished(tx, state.site, BOX)
    assert settled == {each: sum(wanted for wanted, *_ in of_event[each]) for each in settled}


def test_elsewhere_nothing_is_settled_by_it(state: SiteState) -> None:
    befall(state, "gala", 1, (True, "linked", True, False))
    with state.reading() as tx:
        assert unsettled.settled(tx, state.site, BOX, ["gala"]) == {"gala": 1}
        assert unsettled.settled(tx, state.site, "sql:other", ["gala"]) == {}
        assert unsettled.settled(tx, state.site, BOX, []) == {}
