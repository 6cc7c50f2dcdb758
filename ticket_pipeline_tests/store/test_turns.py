"""One at a time, and a dead process holds nobody up."""

import subprocess
import sys
import threading

import pytest
from sqlalchemy import text

from ticket_pipeline.errors import TransientError
from ticket_pipeline.store import turns
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline.store.turns import turn

HOLDER = """
import sys
from ticket_pipeline.store.database import open_database
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline.store.turns import turn
with turn(SiteState(database=open_database(sys.argv[1]), site=sys.argv[2]), "publish", ["a"]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_one_waits_and_then_has_its_turn(state: SiteState) -> None:
    order: list[str] = []
    entered, leave = threading.Event(), threading.Event()

    def first() -> None:
        with turn(state, "publish", ["a"]):
            entered.set()
            leave.wait(10)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    entered.wait(10)
    with pytest.raises(TransientError), turn(state, "publish", ["a"], patience=0.05):
        order.append("too early")
    leave.set()
    with turn(state, "publish", ["a"]):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


def test_other_things_and_other_sites_have_turns_of_their_own(state: SiteState) -> None:
    other = SiteState(database=state.database, site="other")
    with (
        turn(state, "publish", ["a"]),
        turn(state, "something else", ["a"], patience=1),
        turn(other, "publish", ["a"], patience=1),
    ):
        pass


def test_on_postgresql_other_events_have_turns_of_their_own(state: SiteState) -> None:
    if state.database.file is not None:
        pytest.skip("beside SQLite the site has one turn")
    with (
        turn(state, "publish", ["a", "b"]),
        turn(state, "publish", ["c"], patience=1),
        pytest.raises(TransientError),
        turn(state, "publish", ["c", "b"], patience=0.05),
    ):
        pass


def test_a_turn_that_postgresql_gave_away_is_not_ours_any_more(state: SiteState) -> None:
    if state.database.file is not None:
        pytest.skip("nobody takes a file's lock away")
    site = SiteState(database=state.database, site="cut_off")
    holder = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND (classid::bigint << 32) + objid::bigint = :key"

    def lose_it() -> None:
        with turn(site, "publish", ["a"]) as still_ours:
            still_ours()
            with state.writing() as tx:
                key = turns._key("cut_off.publish.a") % 2**64
                tx.execute(text(f"SELECT pg_terminate_backend(pid) FROM ({holder}) AS holders"), {"key": key})
            with turn(site, "publish", ["a"], patience=5):
                still_ours()
                pytest.fail("it was taken for ours")

    with pytest.raises(TransientError):
        lose_it()


def test_those_who_want_the_same_events_in_another_order_do_not_wait_for_each_other(state: SiteState) -> None:
    names = [f"event {number}" for number in range(50)]
    done: list[int] = []

    def take(number: int) -> None:
        for _ in range(20):
            with turn(state, "publish", names if number % 2 else names[::-1], patience=60):
                done.append(number)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(done) == 80


def test_an_error_gives_the_turn_back(state: SiteState) -> None:
    with pytest.raises(ValueError, match="oh"), turn(state, "publish", ["a"]):
        raise ValueError("oh")
    with turn(state, "publish", ["a"], patience=1):
        pass


def test_a_killed_process_gives_its_turn_back_at_once(state: SiteState) -> None:
    if state.database.file is None:
        pytest.skip("a lost connection ends its transaction, says PostgreSQL")
    command = [sys.executable, "-c", HOLDER, f"sqlite:///{state.database.file}", state.site]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(TransientError), turn(state, "publish", ["a"], patience=0.05):
            pass
        holder.kill()
        holder.wait()
        with turn(state, "publish", ["a"], patience=5):
            pass
