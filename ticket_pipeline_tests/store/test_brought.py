"""What took a webhook from landing to the destination is counted once, and whole: outages too."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.model.change import Action, Change
from ticket_pipeline.store import figures, inbox, links
from ticket_pipeline.store.brought import TO_DESTINATION, brought
from ticket_pipeline.store.database import Database, open_database
from ticket_pipeline.store.figures import SUM
from ticket_pipeline.store.inbox import State
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.store.bodies import minute
from ticket_pipeline_tests.store.test_inbox import ORDER, envelope

SECOND = timedelta(seconds=1)
NUMBERS = count()


def land(state: SiteState, key: str, *, at: int, **more: Any) -> None:
    with state.writing() as tx:
        inbox.land(tx, state.site, [envelope(key, **more)], at=minute(at))


def settle(state: SiteState, *, at: int, as_: State = State.DONE, keys: Sequence[str] = ()) -> None:
    with state.writing() as tx:
        waiting = inbox.waiting(tx, state.site, 100)
        chosen = [entry.seq for entry in waiting if not keys or entry.envelope.key in keys]
        inbox.finish(tx, state.site, chosen, as_, at=minute(at))


def bring(state: SiteState, *, settled_at: int, place: str = "memory:one", refused: Sequence[str] = ()) -> None:
    """End a run that began at this minute, two seconds later."""
    at = minute(settled_at)
    with state.writing() as tx:
        brought(tx, state.site, place, settled_at=at, refused=refused, at=at + 2 * SECOND)


def counted(state: SiteState) -> dict[str, float]:
    with state.reading() as tx:
        return figures.everything(tx).get((state.site, TO_DESTINATION), {})


def load(state: SiteState, *, at: int, place: str = "memory:one") -> None:
    """Bring a first record to a destination."""
    change = Change(action=Action.CREATE, definition_id="stalls", event_id="gala", external_id=None, record=None)
    with state.writing() as tx:
        links.intend(tx, state.site, place, [change], at=minute(at))


def test_what_landed_before_the_destination_held_anything_is_not_counted(state: SiteState) -> None:
    land(state, "before", at=0)
    load(state, at=1)
    land(state, "after", at=2)
    settle(state, at=2)
    bring(state, settled_at=2)
    assert counted(state) == {"2.0": 1, SUM: 2.0}


def test_at_a_destination_that_holds_nothing_nothing_is_counted(state: SiteState) -> None:
    land(state, "a", at=0)
    settle(state, at=1)
    bring(state, settled_at=1)
    assert counted(state) == {}


def test_each_webhook_is_counted_once(state: SiteState) -> None:
    bring(state, settled_at=0)
    land(state, "a", at=1)
    settle(state, at=1)
    bring(state, settled_at=1)
    bring(state, settled_at=2)
    assert counted(state) == {"2.0": 1, SUM: 2.0}


def test_a_run_that_began_earlier_and_ends_later_has_nothing_counted_again(state: SiteState) -> None:
    bring(state, settled_at=0)
    land(state, "stuck", at=1)
    land(state, "quick", at=1)
    settle(state, at=3, keys=["quick"])
    bring(state, settled_at=3)
    bring(state, settled_at=2)
    bring(state, settled_at=4)
    assert counted(state) == {"300.0": 1, SUM: 122.0}


def test_a_run_that_began_earlier_and_ends_later_still_has_its_own_counted(state: SiteState) -> None:
    bring(state, settled_at=0)
    land(state, "early", at=1)
    land(state, "late", at=1)
    settle(state, at=3, keys=["late"])
    bring(state, settled_at=3)
    settle(state, at=2, keys=["early"])
    bring(state, settled_at=2)
    bring(state, settled_at=4)
    assert counted(state) == {"300.0": 2, SUM: 122.0 + 62.0}


def test_what_a_run_settled_that_began_later_is_left_to_it(state: SiteState) -> None:
    bring(state, settled_at=0)
    land(state, "a", at=1)
    settle(state, at=3)
    bring(state, settled_at=2)
    assert counted(state) == {}
    bring(state, settled_at=3)
    assert counted(state) == {"300.0": 1, SUM: 122.0}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path_factory.mktemp('brought')}/state.db")
    yield opened
    opened.close()


@given(
    steps=st.lists(st.integers(0, 4), max_size=10), arrive=st.permutations(range(5)), lost=st.sets(st.integers(0, 4))
)
def test_however_runs_overlap_each_webhook_is_counted_once(
    shared: Database, steps: list[int], arrive: list[int], lost: set[int]
) -> None:
    """Of a run's steps the first settles its webhook, those after it end it, unless it was lost."""
    state = SiteState(database=shared, site=f"site{next(NUMBERS)}")
    bring(state, settled_at=0)
    for run in arrive:
        land(state, str(run), at=1)
    settled: set[int] = set()
    for run in steps:
        if run not in settled:
            settle(state, at=2 + run, keys=[str(run)])
        elif run not in lost:
            bring(state, settled_at=2 + run)
        settled.add(run)
    bring(state, settled_at=10)
    assert observations(state) == len(settled)


def test_processes_that_follow_beside_each_other_count_each_webhook_once(state: SiteState, url: str) -> None:
    bring(state, settled_at=0)
    minutes = count(1)

    def follow(worker: int) -> None:
        with closing(open_database(url)) as opened:  # a process has connections of its own
            here = SiteState(database=opened, site=state.site)
            for turn in range(6):
                now, key = next(minutes), f"{worker}.{turn}"
                land(here, key, at=now)
                settle(here, at=now, keys=[key])
                bring(here, settled_at=now)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(follow, range(4)))
    bring(state, settled_at=next(minutes))
    assert observations(state) == 24


def observations(state: SiteState) -> float:
    return sum(number for name, number in counted(state).items() if name != SUM)


def test_what_an_outage_held_up_is_counted_whole(state: SiteState) -> None:
    bring(state, settled_at=0)
    land(state, "a", at=1)
    settle(state, at=1)
    land(state, "b", at=5)
    settle(state, at=5)
    bring(state, settled_at=9)
    assert counted(state) == {"900.0": 1, "300.0": 1, SUM: 8 * 60 + 4 * 60 + 4.0}


def test_what_waited_longer_than_others_is_not_forgotten(state: SiteState) -> None:
    bring(state, settled_at=0)
    land(state, "stuck", at=1)
    land(state, "quick", at=1)
    settle(state, at=2, keys=["quick"])
    bring(state, settled_at=2)
    settle(state, at=3)
    bring(state, settled_at=3)
    assert counted(state) == {"300.0": 2, SUM: 62.0 + 122.0}


def test_orders_refusals_and_buried_webhooks_bring_nothing(state: SiteState) -> None:
    bring(state, settled_at=0)
    land(state, "order", at=1, topic=ORDER)
    land(state, "refused", at=1, entity_id="refused")
    settle(state, at=1)
    land(state, "buried", at=1)
    settle(state, at=1, as_=State.BURIED)
    bring(state, settled_at=1, refused=["refused"])
    assert counted(state) == {}


def test_another_destination_begins_anew(state: SiteState) -> None:
    bring(state, settled_at=0)
    land(state, "a", at=1)
    settle(state, at=1)
    load(state, at=2, place="memory:two")
    bring(state, settled_at=2, place="memory:two")
    assert counted(state) == {}
