"""Approve: what a person let through goes through, however often it is interrupted, and nothing else does."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from ticket_pipeline.destinations import memory, sql
from ticket_pipeline.destinations.base import Destination
from ticket_pipeline.errors import TransientError
from ticket_pipeline.flows.approve import approve
from ticket_pipeline.flows.drift import accept, find_drift
from ticket_pipeline.flows.plan import hold
from ticket_pipeline.flows.publish import publish
from ticket_pipeline.mapping.mapping import build_mapping
from ticket_pipeline.model.policy import Policy
from ticket_pipeline.model.report import PublishReport
from ticket_pipeline.store import approvals, definitions, links, records
from ticket_pipeline.store.database import Database, open_database
from ticket_pipeline.store.links import LinkState
from ticket_pipeline.store.schema import ticket_definitions
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.store.bodies import NOON, definition, record

EVENTS = ("concert", "fair", "gala", "play")
PER_EVENT = 5
ALL = tuple(f"{event_id}-{number}" for event_id in EVENTS for number in range(PER_EVENT))
HALF = ALL[::2]

_numbers = count()


@dataclass
class Shop:
    """A site with four events of five definitions each, all of them brought to a destination."""

    state: SiteState
    destination: Destination
    #: What a person let go, and is still to go.
    approved: set[str] = field(default_factory=set)

    def open(self) -> "Shop":
        self.bring(*ALL)
        assert self.publish().created == len(ALL)
        return self

    @property
    def place(self) -> memory.Place:
        assert isinstance(self.destination, memory.Memory)
        return self.destination.place

    def bring(self, *ids: str) -> None:
        with self.state.writing() as tx:
            some = [definition(each, event_id=event_of(each)) for each in ids]
            definitions.upsert_newer(tx, self.state.site, some, read_at=NOON)
            mapped = [record(each, event_id=event_of(each), title=each) for each in ids]
            records.replace(tx, self.state.site, mapped, at=NOON)

    def die(self, *ids: str) -> None:
        with self.state.writing() as tx:
            definitions.tombstone(tx, self.state.site, ids, at=NOON, why="404 by id")

    def approve(self) -> None:
        if approve(self.state, self.destination, Policy(), now=NOON) is not None:
            self.approved = self.doomed()

    def publish(self, event_ids: Sequence[str] | None = None) -> PublishReport:
        return publish(self.state, self.destination, Policy(), event_ids, now=NOON)

    def cut_off(self, after: int, *, late: bool = False, event_ids: Sequence[str] | None = None) -> None:
        """Publish, and have the destination fail after so many writes, or none if there are not as many."""
        self.place.fail_after, self.place.fail_late = after, late
        with suppress(TransientError):
            self.publish(event_ids)
        self.place.fail_after = None

    def revive(self, *ids: str) -> None:
        """Have somebody bring records back over there, and see it."""
        for each in ids:
            self.place.held[each] = replace(self.place.held[each], archived=False)
        self.look_again()

    def look_again(self) -> None:
        """Take what is held over there for what it is."""
        accept(self.state, self.destination, find_drift(self.state, self.destination), now=NOON)

    def doomed(self) -> set[str]:
        with self.state.reading() as tx:
            return links.doomed(tx, self.state.site, self.destination.identity)

    def linked(self) -> set[str]:
        with self.state.reading() as tx:
            standing = links.standing(tx, self.state.site, self.destination.identity)
        return {each for each, how in standing.items() if how is LinkState.LINKED}

    def remembered(self) -> set[str]:
        with self.state.reading() as tx:
            return approvals.approved(tx, self.state.site, self.destination.identity)

    def is_held(self) -> bool:
        return hold(self.state, self.destination, Policy()) is not None


def event_of(definition_id: str) -> str:
    return definition_id.partition("-")[0]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path}/state.db")
    yield opened
    opened.close()


def in_memory(database: Database) -> Shop:
    number = next(_numbers)
    state = SiteState(database=database, site=f"site{number}")
    return Shop(state=state, destination=memory.Memory(memory.Config(name=f"place{number}"))).open()


@pytest.fixture
def shop(database: Database) -> Shop:
    return in_memory(database)


@pytest.fixture(params=["memory", "sql"])
def any_shop(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> Shop:
    if request.param == "memory":
        return in_memory(database)
    config = sql.Config(url=f"sqlite:///{tmp_path}/ticketing.db")
    destination = sql.connect(config, build_mapping({"title": "name"}))
    return Shop(state=SiteState(database=database, site="box_office"), destination=destination).open()


def test_nothing_is_held_so_nothing_is_approved(shop: Shop) -> None:
    shop.die(ALL[0])
    assert approve(shop.state, shop.destination, Policy(), now=NOON) is None
    assert shop.remembered() == set()


def test_an_approved_plan_goes_through_event_by_event(any_shop: Shop) -> None:
    any_shop.die(*HALF)
    assert any_shop.publish([EVENTS[0]]).hold is not None
    any_shop.approve()
    archived = [any_shop.publish([event_id]).archived for event_id in EVENTS]
    assert (sum(archived), any_shop.remembered()) == (len(HALF), set())


def test_what_is_left_of_an_approved_plan_is_not_held(shop: Shop) -> None:
    shop.die(*HALF)
    shop.approve()
    shop.cut_off(3)
    assert len(shop.doomed()) == len(HALF) - 3
    assert not shop.is_held()
    assert shop.publish().archived == len(HALF) - 3


def test_one_more_that_nobody_approved_holds_what_is_left(shop: Shop) -> None:
    shop.die(*HALF)
    shop.approve()
    shop.cut_off(3)
    shop.die(ALL[1])
    held = shop.publish()
    assert held.hold is not None
    assert (held.written, held.hold.deletes) == (0, len(HALF) - 3 + 1)
    shop.approve()
    assert shop.publish().archived == len(HALF) - 3 + 1


def test_what_somebody_brought_back_after_it_was_taken_away_needs_another_approval(shop: Shop) -> None:
    shop.die(*HALF)
    shop.approve()
    shop.cut_off(6)
    shop.revive(*(HALF[:6]))
    assert shop.doomed() == set(HALF)
    assert shop.publish().hold is not None


def test_what_was_gone_when_we_looked_again_and_is_brought_back_needs_another_approval(shop: Shop) -> None:
    shop.die(*HALF)
    shop.approve()
    shop.cut_off(0, late=True)
    (gone,) = (each for each, it in shop.place.held.items() if it.archived)
    shop.look_again()
    shop.revive(gone)
    assert shop.doomed() == set(HALF)
    assert shop.publish().hold is not None


def test_of_what_is_not_to_go_any_more_no_approval_is_left(shop: Shop) -> None:
    shop.die(*HALF)
    shop.approve()
    with shop.state.writing() as tx:
        back = update(ticket_definitions).where(ticket_definitions.c.id == HALF[0])
        tx.execute(back.values(deleted_at=None))
    shop.publish([event_of(HALF[-1])])
    assert HALF[0] not in shop.remembered()
    shop.die(HALF[0])
    assert shop.publish().hold is not None


def test_an_approval_is_of_one_destination(shop: Shop) -> None:
    other = Shop(state=shop.state, destination=memory.Memory(memory.Config(name="another")))
    assert other.publish().created == len(ALL)
    shop.die(*HALF)
    shop.approve()
    assert (shop.is_held(), other.is_held()) == (False, True)


def test_a_record_whose_create_was_cut_off_is_approved_with_the_others(shop: Shop) -> None:
    shop.bring("gala-new")
    shop.cut_off(0, late=True)
    shop.die("gala-new", *HALF)
    shop.approve()
    for _ in range(len(HALF) + 1):
        shop.cut_off(0)
        assert not shop.is_held()
    assert shop.publish().archived == len(HALF) + 1
    assert shop.remembered() == set()


IDS = st.sets(st.sampled_from(ALL), max_size=8)
DEEDS = st.one_of(
    st.tuples(st.just("die"), IDS),
    st.tuples(st.just("approve"), st.none()),
    st.tuples(st.just("revive"), IDS),
    st.tuples(
        st.just("publish"),
        st.tuples(
            st.one_of(st.none(), st.lists(st.sampled_from(EVENTS), unique=True)),
            st.one_of(st.none(), st.integers(0, 8)),
            st.booleans(),
        ),
    ),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=min(settings().max_examples, 60))
@given(deeds=st.lists(DEEDS, min_size=4, max_size=14))
def test_whatever_happens_exactly_what_was_approved_goes_above_the_limit(
    database: Database, deeds: Sequence[tuple[str, object]]
) -> None:
    shop = in_memory(database)
    for deed, what in [("die", set(HALF)), *deeds]:
        _do(shop, deed, what)
        shop.approved &= shop.doomed()
        too_many = Policy().too_many(len(shop.doomed()), of=len(shop.linked()))
        assert shop.is_held() == (too_many and not shop.doomed() <= shop.approved)


def _do(shop: Shop, deed: str, what: object) -> None:
    if deed == "die":
        assert isinstance(what, set)
        shop.die(*what)
    elif deed == "approve":
        shop.approve()
    elif deed == "revive":
        assert isinstance(what, set)
        shop.revive(*(each for each in what if shop.place.held[each].archived))
    else:
        _publish(shop, *what)  # type: ignore[misc] # of the strategy above


def _publish(shop: Shop, event_ids: Sequence[str] | None, fail_after: int | None, late: bool) -> None:
    held, before, doomed = shop.is_held(), set(shop.place.held), shop.doomed()
    gone = {each for each, it in shop.place.held.items() if it.archived}
    if fail_after is None:
        assert (shop.publish(event_ids).hold is not None) == held
    else:
        shop.cut_off(fail_after, late=late, event_ids=event_ids)
    assert set(shop.place.held) == before
    now_gone = {each for each, it in shop.place.held.items() if it.archived} - gone
    assert now_gone <= (set() if held else doomed)
