"""Whatever happens in whatever order, whoever dies when: one announcement per start, nobody twice, nobody missing."""

import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ticket_pipeline.channels.memory import Config, Memory
from ticket_pipeline.errors import TransientError
from ticket_pipeline.flows.announce import announce
from ticket_pipeline.flows.announce_parts import AnnounceParts
from ticket_pipeline.flows.hold_claim import LEASE
from ticket_pipeline.flows.sale_starts import due
from ticket_pipeline.model.announcement import AnnounceReport, Outcome
from ticket_pipeline.model.message import message_key
from ticket_pipeline.model.subscriber import SubscriberStatus
from ticket_pipeline.store import announcements, receipts
from ticket_pipeline.store.announcements import Announcement, State
from ticket_pipeline.store.database import open_database
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.flows.announcing import SITE, BoxOffice, box_office
from ticket_pipeline_tests.flows.mortal import Killed, Life, MortalChannel, MortalState
from ticket_pipeline_tests.store.bodies import minute

STEADY = [f"steady{number}" for number in range(5)]
FICKLE = "fickle"
STARTS = [minute(each) for each in (10, 11, 14, 40)]
FOREVER = 10**9
_numbers = count()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an empty state once: making it takes longer than what is tried on it."""
    folder = tmp_path_factory.mktemp("empty")
    box_office(folder).state.database.close()
    return folder


def mortal(office: BoxOffice, life: Life) -> AnnounceParts:
    """Give the parts of a process that lives so long."""
    channel = MortalChannel(Config(), office.place)
    channel.life = life
    state = MortalState(database=office.state.database, site=SITE, life=life)
    return replace(office.parts, state=state, channels=(channel,))


def tick(office: BoxOffice, steps: int = FOREVER) -> list[AnnounceReport]:
    """Be a process that does what is due, until it is killed."""
    parts, done = mortal(office, Life(steps)), list[AnnounceReport]()
    with suppress(Killed, TransientError):
        for each in due(parts.state, now=office.time.now):
            done.append(announce(parts, each))
    return done


Deed = Callable[[BoxOffice], object]
instants = st.sampled_from(STARTS)


def moves(tier: str, at: datetime) -> Deed:
    return lambda office: office.wix.define(tier, at)


def hides(tier: str) -> Deed:
    return lambda office: office.wix.define(tier, None, hidden=True)


def deletes(tier: str) -> Deed:
    return lambda office: office.wix.definitions.pop(tier, None)


def cancels(status: str) -> Deed:
    return lambda office: office.wix.change_event(at=office.time.now, status=status)


def passes(seconds: int) -> Deed:
    return lambda office: office.time.sleep(seconds)


def ticks(steps: int) -> Deed:
    return lambda office: tick(office, steps)


def says(status: SubscriberStatus) -> Deed:
    return lambda office: office.people.change(FICKLE, status=status)


def hears(office: BoxOffice) -> None:
    office.hear()


def breaks(office: BoxOffice) -> None:
    office.people.failing = 2


def falters(office: BoxOffice) -> None:
    office.wix.down = True
    office.time.at(office.time.now + timedelta(seconds=200), lambda: setattr(office.wix, "down", False))


tiers = st.sampled_from(["stalls", "balcony"])
deeds: st.SearchStrategy[Deed] = st.one_of(
    st.builds(ticks, st.integers(0, 60) | st.just(FOREVER)),
    st.builds(ticks, st.integers(0, 60)),
    st.builds(passes, st.sampled_from([1, 20, 60, 150])),
    st.builds(moves, tiers, instants),
    st.builds(hides, tiers),
    st.builds(deletes, tiers),
    st.builds(cancels, st.sampled_from(["UPCOMING", "CANCELED"])),
    st.builds(says, st.sampled_from(SubscriberStatus)),
    st.sampled_from([hears, breaks, falters]),
)


@pytest.fixture
def fresh(empty: Path, tmp_path: Path) -> Iterator[Callable[[], BoxOffice]]:
    """Give box offices with an empty state."""
    made: list[BoxOffice] = []

    def make() -> BoxOffice:
        folder = tmp_path / str(next(_numbers))
        shutil.copytree(empty, folder)
        office = box_office(folder)
        for name in (*STEADY, FICKLE):
            office.people.join(name)
        made.append(office)
        return office

    yield make
    for each in made:
        each.state.database.close()


def rows(office: BoxOffice) -> list[Announcement]:
    with office.state.reading() as tx:
        return announcements.listed(tx, SITE)


def unknown(office: BoxOffice, row: Announcement) -> int:
    with office.state.reading() as tx:
        figures = receipts.figures(tx, SITE, row.key)
    return sum(number for (_, state, _), number in figures.items() if state is receipts.State.UNKNOWN)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(deeds, max_size=25))
def test_any_history_tells_each_once_and_nobody_is_missing(fresh: Callable[[], BoxOffice], history: list[Deed]) -> None:
    office = fresh()
    office.opens("stalls", "balcony", at=STARTS[0])
    office.time.pass_to(STARTS[0] - timedelta(seconds=80))
    for deed in history:
        deed(office)
    for _ in range(20):
        office.hear()
        office.time.sleep(150)
        tick(office)
    copies = Counter(each.key for each in office.place.messages)
    assert set(copies.values()) <= {1}
    for row in rows(office):
        told = Counter(each.to.id for each in office.place.messages if each.key in keys(office, row))
        assert all(number == 1 for number in told.values())
        if row.state is State.DONE and not row.why:
            assert len(STEADY) <= sum(told[each] for each in STEADY) + unknown(office, row)


def keys(office: BoxOffice, row: Announcement) -> set[str]:
    """Give the keys that messages of this announcement to these people have."""
    found = set()
    for each in office.people.listed.values():
        to = office.parts.names.receipt(office.parts.channels[0], each)
        at = row.key.at
        found.add(message_key(SITE, row.key.event_id, at, recipient=to.recipient, channel=to.channel))
    return found


@pytest.mark.parametrize("steps", range(0, 75, 1))
def test_whoever_dies_at_any_step_the_next_goes_on(fresh: Callable[[], BoxOffice], steps: int) -> None:
    office = fresh()
    office.opens("stalls", at=STARTS[0])
    office.time.pass_to(STARTS[0])
    tick(office, steps)
    office.time.sleep(121)
    tick(office)
    (row,) = rows(office)
    assert row.state is State.DONE
    assert max(office.told().values()) == 1
    missing = len(STEADY) + 1 - office.told().total()
    assert missing <= unknown(office, row) <= 1


@pytest.mark.parametrize("steps", range(10, 40, 3))
def test_with_resend_nobody_is_missing_and_only_the_cut_off_one_is_told_twice(
    fresh: Callable[[], BoxOffice], steps: int
) -> None:
    office = fresh()
    office.parts = replace(office.parts, resend=True)
    office.opens("stalls", at=STARTS[0])
    office.time.pass_to(STARTS[0])
    tick(office, steps)
    office.time.sleep(121)
    tick(office)
    assert set(office.told()) == {*STEADY, FICKLE}
    assert office.told().total() <= len(STEADY) + 2


def test_a_claim_is_not_taken_from_the_living(fresh: Callable[[], BoxOffice]) -> None:
    office = fresh()
    office.opens("stalls", at=STARTS[0])
    (planned,) = due(office.state, now=STARTS[0])
    met: list[AnnounceReport] = []
    for seconds in range(5, 80, 5):
        office.time.at(STARTS[0] - timedelta(seconds=seconds), lambda: met.append(announce(office.parts, planned)))
    office.time.pass_to(STARTS[0] - timedelta(seconds=80))
    tick(office)
    assert {each.outcome for each in met} == {Outcome.ELSEWHERE}
    assert office.told().total() == len(STEADY) + 1


def test_what_was_cut_short_too_long_ago_is_not_gone_on_with(fresh: Callable[[], BoxOffice]) -> None:
    office = fresh()
    office.opens("stalls", at=STARTS[0])
    office.time.pass_to(STARTS[0])
    tick(office, 30)
    told = office.told()
    assert told
    office.time.sleep(3 * 3600)
    (report,) = tick(office)
    assert (report.outcome, office.told()) == (Outcome.ANNOUNCED, told)
    assert report.why.startswith("cut short")
    assert tick(office) == []


def race(office: BoxOffice, path: Path, lease: timedelta = LEASE) -> list[AnnounceReport | TransientError]:
    """Have four processes, each with its own way to the state, announce the same start at the same moment."""
    (planned,) = due(office.state, now=office.time.now)
    outcomes: list[AnnounceReport | TransientError] = []
    gate = threading.Barrier(4)

    def run() -> None:
        state = SiteState(database=open_database(f"sqlite:///{path}"), site=SITE)
        parts = replace(office.parts, state=state, channels=(Memory(Config(), office.place),))
        gate.wait()
        try:
            outcomes.append(announce(parts, planned, lease=lease))
        except TransientError as error:
            outcomes.append(error)
        finally:
            state.database.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    return outcomes


def crowd(fresh: Callable[[], BoxOffice]) -> tuple[BoxOffice, Path]:
    office = fresh()
    for number in range(60):
        office.people.join(f"p{number}")
    office.opens("stalls", at=STARTS[0])
    office.time.pass_to(STARTS[0])
    path = office.state.database.file
    assert path is not None
    return office, path


def test_of_several_at_once_one_announces(fresh: Callable[[], BoxOffice]) -> None:
    office, path = crowd(fresh)
    outcomes = [each.outcome for each in race(office, path) if isinstance(each, AnnounceReport)]
    assert sorted(outcomes) == [Outcome.ANNOUNCED, *[Outcome.ELSEWHERE] * 3]
    assert set(office.told().values()) == {1}
    assert office.told().total() == 66


def test_even_where_a_claim_is_taken_from_the_living_nobody_is_told_twice(fresh: Callable[[], BoxOffice]) -> None:
    office, path = crowd(fresh)
    race(office, path, lease=timedelta(0))
    office.time.sleep(121)
    tick(office)
    (row,) = rows(office)
    assert set(office.told().values()) == {1}
    assert office.told().total() + unknown(office, row) >= 66
