"""Figures only grow, however many write them at once, and are the site's own."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.store import checkpoints, figures
from ticket_pipeline.store.database import Database, open_database
from ticket_pipeline.store.figures import BEYOND, BOUNDS, SUM
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.store.bodies import NOON

NUMBERS = count()


def everything(state: SiteState) -> dict[tuple[str, str], dict[str, float]]:
    with state.reading() as tx:
        return figures.everything(tx)


def test_what_is_added_adds_up(state: SiteState) -> None:
    for _ in range(2):
        with state.writing() as tx:
            figures.add(tx, state.site, "people", {"told": 3, "failed": 0}, at=NOON)
            figures.add(tx, "other", "people", {"told": 1}, at=NOON)
            checkpoints.put(tx, state.site, "people", "no figure", at=NOON)
    assert everything(state) == {("box_office", "people"): {"told": 6, "failed": 0}, ("other", "people"): {"told": 2}}


def test_what_is_undone_is_not_counted(state: SiteState) -> None:
    def undone() -> None:
        with state.writing() as tx:
            figures.add(tx, state.site, "people", {"told": 3}, at=NOON)
            raise KeyError

    with pytest.raises(KeyError):
        undone()
    assert everything(state) == {}


def test_many_processes_that_add_at_once_lose_nothing(state: SiteState, url: str) -> None:
    def add(_: int) -> None:
        with closing(open_database(url)) as opened:  # a process has connections of its own
            for _ in range(5):
                with opened.noting() as tx:
                    figures.add(tx, state.site, "people", {"told": 1}, at=NOON)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, range(8)))
    assert everything(state)["box_office", "people"] == {"told": 40}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path_factory.mktemp('figures')}/state.db")
    yield opened
    opened.close()


@given(seconds=st.lists(st.floats(-10, 1_000_000), max_size=20))
def test_each_duration_lies_in_the_bucket_it_fits(shared: Database, seconds: list[float]) -> None:
    state = SiteState(database=shared, site=f"site{next(NUMBERS)}")
    with state.noting() as tx:
        figures.observe(tx, state.site, "delay", seconds, at=NOON)
    held = everything(state).get((state.site, "delay"), {})
    for bound in BOUNDS:
        below = sum(held.get(str(each), 0) for each in BOUNDS if each <= bound)
        assert below == sum(each <= bound for each in seconds)
    assert sum(held.get(str(each), 0) for each in (*BOUNDS, BEYOND)) == len(seconds)
    assert held.get(SUM, 0) == pytest.approx(sum(max(0.0, each) for each in seconds), abs=0.001)
