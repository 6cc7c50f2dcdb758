"""Tallies: an older read never replaces a newer one, whoever comes first; and who polls misses nothing."""

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import make_url

from ticket_pipeline.model.counting import Cause
from ticket_pipeline.model.tally import Tally, TallyPrice, TallyStatus
from ticket_pipeline.store import tallies
from ticket_pipeline.store.database import Database, open_database
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline.store.tallies import Kept
from ticket_pipeline_tests.store.bodies import minute
from ticket_pipeline_tests.store.counted import SWEPT, tally

#: Reads of one definition in the order in which their answers come: revision, minute asked, tickets left.
READS = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 9), st.integers(0, 3)), min_size=1, max_size=12)


def keep(state: SiteState, *some: Tally, cause: Cause = SWEPT, at: int = 10) -> Kept:
    with state.writing() as tx:
        return tallies.keep(tx, state.site, [(each, cause) for each in some], answered_at=minute(at))


def held(state: SiteState, definition_id: str = "balcony") -> Tally:
    with state.reading() as tx:
        found = tallies.get(tx, state.site, definition_id)
    assert found is not None
    return found


def left(state: SiteState) -> list[int | None]:
    """Tell the values that were shown, oldest first."""
    with state.reading() as tx:
        return [each.tally.remaining for each in reversed(tallies.history(tx, state.site, "balcony", 10_000))]


def test_what_is_kept_comes_back_as_it_was(state: SiteState) -> None:
    prices = tuple(
        TallyPrice(name=name, value=Decimal(value), currency="EUR") for name, value in (("A", "1"), ("", "2.50"))
    )
    kept = keep(state, tally(prices=prices, sale_end=minute(90), minimum_price=True))
    assert kept.in_force == (held(state),)
    assert held(state) == tally(prices=prices, sale_end=minute(90), minimum_price=True, version=1)


def test_an_unknown_definition_has_no_tally(state: SiteState) -> None:
    with state.reading() as tx:
        assert tallies.get(tx, state.site, "unknown") is None
        assert (tallies.last_seq(tx), tallies.after(tx, 0), tallies.listing(tx, state.site)) == (0, [], [])


def test_nothing_to_keep_writes_nothing(state: SiteState) -> None:
    assert keep(state) == Kept()


def test_a_later_read_replaces_an_earlier_one_under_the_next_version(state: SiteState) -> None:
    keep(state, tally(left=9, at=minute(1)))
    kept = keep(state, tally(left=8, at=minute(2)))
    assert (held(state).remaining, held(state).version, kept.changed) == (8, 2, ("balcony",))


def test_an_earlier_read_that_comes_late_changes_nothing_and_what_is_in_force_is_told(state: SiteState) -> None:
    keep(state, tally(left=8, at=minute(2)))
    kept = keep(state, tally(left=9, at=minute(1)))
    assert kept == Kept(in_force=(held(state),), changed=())
    assert held(state).remaining == 8


def test_the_same_read_kept_twice_is_kept_once(state: SiteState) -> None:
    keep(state, tally())
    assert keep(state, tally()).in_force[0].version == 1


def test_a_lower_revision_never_replaces_a_higher_one_however_late_it_was_read(state: SiteState) -> None:
    keep(state, tally(left=8, revision=2, at=minute(1)))
    keep(state, tally(left=9, revision=1, at=minute(5)))
    assert (held(state).remaining, held(state).revision) == (8, 2)


def test_a_read_from_a_future_that_never_came_does_not_close_the_counter(state: SiteState) -> None:
    keep(state, tally(left=9, at=minute(600)), at=600)
    keep(state, tally(left=8, at=minute(1)), at=1)
    assert held(state).remaining == 8


def test_a_read_of_the_same_value_is_a_new_version_but_no_change(state: SiteState) -> None:
    keep(state, tally(at=minute(1)))
    kept = keep(state, tally(at=minute(2)))
    assert (held(state).version, held(state).read_at, kept.changed) == (2, minute(2), ())
    assert left(state) == [9]


def test_whether_a_definition_is_gone_is_remembered(state: SiteState) -> None:
    keep(state, tally(status=TallyStatus.HIDDEN, gone=True))
    assert held(state).gone
    keep(state, tally(at=minute(1)))
    assert not held(state).gone


def test_two_reads_of_one_definition_in_one_go_are_two_versions(state: SiteState) -> None:
    kept = keep(state, tally(left=9, at=minute(1)), tally(left=8, at=minute(2)))
    assert (kept.in_force[0].version, kept.changed, left(state)) == (2, ("balcony",), [9, 8])


def test_sites_are_kept_apart_and_polled_together(state: SiteState) -> None:
    other = SiteState(database=state.database, site="other")
    keep(state, tally())
    keep(other, tally(site="other", left=1))
    with state.reading() as tx:
        assert [each.site for each in tallies.listing(tx, "other")] == ["other"]
        assert [(seq, each.site) for seq, each in tallies.after(tx, 0)] == [(1, "box_office"), (2, "other")]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reads=READS)
def test_any_order_of_answers_ends_in_the_newest_read(state: SiteState, reads: list[tuple[int, int, int]]) -> None:
    definition_id = f"d{uuid4().hex}"
    versions, seqs = [0], [0]
    for revision, asked, number in reads:
        read = tally(definition_id, left=number, revision=revision, at=minute(asked))
        keep(state, read)
        with state.reading() as tx:
            seqs.append(tallies.last_seq(tx))
        versions.append(held(state, definition_id).version)
    newest = max((revision, asked) for revision, asked, _ in reads)
    first = next(number for revision, asked, number in reads if (revision, asked) == newest)
    assert (held(state, definition_id).revision, held(state, definition_id).read_at) == (newest[0], minute(newest[1]))
    assert held(state, definition_id).remaining == first
    kept = [after > before for before, after in pairwise(versions)]
    assert kept == [after > before for before, after in pairwise(seqs)]
    assert sorted(versions) == versions
    with state.reading() as tx:
        shown = [each.tally.remaining for each in tallies.history(tx, state.site, definition_id, 100)]
    assert all(one != other for one, other in pairwise(shown))


def test_two_who_race_end_in_the_newest_and_give_no_version_or_number_twice(url: str) -> None:
    databases = [open_database(url) for _ in range(2)]
    reads = [tally(left=number, at=minute(number)) for number in range(40)]

    def race(database: Database) -> list[int]:
        state = SiteState(database=database, site="box_office")
        return [keep(state, each, at=50).in_force[0].version for each in random.Random(0).sample(reads, len(reads))]

    with ThreadPoolExecutor(2) as threads:
        told = list(threads.map(race, databases))
    state = SiteState(database=databases[0], site="box_office")
    assert held(state).remaining == 39
    assert all(sorted(versions) == versions for versions in told)
    with state.reading() as tx:
        changes = tallies.history(tx, state.site, "balcony", 100)
        assert tallies.last_seq(tx) == held(state).version == changes[0].tally.version
    assert [each.tally.read_at for each in changes] == sorted((each.tally.read_at for each in changes), reverse=True)
    for database in databases:
        database.close()


def test_who_polls_while_many_write_sees_every_last_value_in_order(url: str) -> None:
    database, done = open_database(url), Event()
    state = SiteState(database=database, site="box_office")
    ids = [f"d{number}" for number in range(8)]

    def write(mine: Sequence[str]) -> None:
        for number in range(15):
            keep(state, *(tally(each, left=number, at=minute(number)) for each in mine), at=20)

    def poll() -> dict[str, int | None]:
        seen, at = dict[str, int | None](), 0
        while True:
            last = done.is_set()
            with state.reading() as tx:
                for seq, each in tallies.after(tx, at):
                    assert seq > at
                    at, seen[each.definition_id] = seq, each.remaining
            if last:
                return seen

    with ThreadPoolExecutor(5) as threads:
        polled = threads.submit(poll)
        list(threads.map(write, [ids[number::4] for number in range(4)]))
        done.set()
        assert polled.result(timeout=60) == dict.fromkeys(ids, 14)
    database.close()


def test_a_number_is_not_overtaken_on_postgresql_by_a_later_one(postgresql_url: str) -> None:
    database = open_database(postgresql_url)
    state = SiteState(database=database, site="box_office")
    with ThreadPoolExecutor(1) as threads:
        with state.writing() as tx:
            tallies.keep(tx, state.site, [(tally("slow"), SWEPT)], answered_at=minute(1))
            second = threads.submit(keep, state, tally("quick"))
            with state.reading() as view:
                assert tallies.after(view, 0) == []
            assert not second.done()
        second.result(timeout=30)
    with state.reading() as view:
        assert [(seq, each.definition_id) for seq, each in tallies.after(view, 0)] == [(1, "slow"), (2, "quick")]
    database.close()


def test_postgresql_tells_listeners_of_the_newest_number(postgresql_url: str) -> None:
    address = make_url(postgresql_url).set(drivername="postgresql").render_as_string(hide_password=False)
    database = open_database(postgresql_url)
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(address, autocommit=True) as listener:
        listener.execute(f"LISTEN {tallies.CHANNEL}")
        keep(SiteState(database=database, site="box_office"), tally("a"), tally("b"))
        assert [notice.payload for notice in listener.notifies(timeout=10, stop_after=1)] == ["2"]
    database.close()


def test_the_history_tells_what_caused_each_value_and_when_it_was_read_and_pushed(state: SiteState) -> None:
    ordered = Cause(why="wix.events.ticketing.events.OrderConfirmed", at=minute(3), inbox_seq=17)
    keep(state, tally(left=9, at=minute(1)), at=1)
    keep(state, tally(left=8, at=minute(4)), cause=ordered, at=5)
    with state.writing() as tx:
        tallies.pushed(tx, state.site, [("balcony", 2), ("unknown", 1)], at=minute(6))
        newest, oldest = tallies.history(tx, state.site, "balcony", 10)
    assert (newest.cause, newest.answered_at, newest.pushed_at) == (ordered, minute(5), minute(6))
    assert newest.tally == tally(left=8, at=minute(4), version=2)
    assert (oldest.cause, oldest.tally.remaining, oldest.pushed_at) == (SWEPT, 9, None)


def test_a_value_counts_as_pushed_when_a_later_read_of_it_was(state: SiteState) -> None:
    keep(state, tally(left=9, at=minute(1)))
    keep(state, tally(left=8, at=minute(2)))
    keep(state, tally(left=8, at=minute(3)))
    with state.writing() as tx:
        tallies.pushed(tx, state.site, [("balcony", 3)], at=minute(6))
        tallies.pushed(tx, state.site, [("balcony", 3)], at=minute(9))
        assert [each.pushed_at for each in tallies.history(tx, state.site, "balcony", 10)] == [minute(6), None]


def test_the_history_is_bounded_and_loses_its_oldest(state: SiteState) -> None:
    with state.writing() as tx:
        for number in range(tallies.REMEMBERED + 150):
            read = tally(left=number, at=minute(0) + timedelta(seconds=number))
            tallies.keep(tx, state.site, [(read, SWEPT)], answered_at=minute(60))
    shown = left(state)
    assert tallies.REMEMBERED <= len(shown) < tallies.REMEMBERED + 100
    assert shown[-1] == tallies.REMEMBERED + 149
    assert left(replace(state, site="other")) == []


def test_a_hundred_tallies_are_kept_in_milliseconds(tmp_path: Path) -> None:
    state = SiteState(database=open_database(f"sqlite:///{tmp_path}/state.db"), site="box_office")
    seconds = []
    for number in range(12):
        some = [tally(f"d{each}", left=number, at=minute(number)) for each in range(100)]
        started = time.perf_counter()
        keep(state, *some, at=20)
        seconds.append(time.perf_counter() - started)
    state.database.close()
    assert min(seconds) < 0.1
