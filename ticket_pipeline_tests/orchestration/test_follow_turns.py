"""When a run is asked for, told from values."""

from datetime import datetime, timedelta

import pytest

from ticket_pipeline.orchestration.follow_runs import EVERYTHING, Runs
from ticket_pipeline.orchestration.follow_turns import Ask, Left, Memory, doubled, see, turn
from ticket_pipeline.store.backlog import Backlog
from ticket_pipeline_tests.sandbox.api import NOW


def waiting(first: int, last: int) -> Backlog:
    return Backlog(count=last - first + 1, first=first, last=last, oldest_landed_at=NOW)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


IDLE = Runs()
AT_WORK = Runs(live=1, covered=7)


def test_what_landed_is_asked_for() -> None:
    assert turn(waiting(3, 9), IDLE, Memory(asked=2, attempt=1), at=NOW) == Ask(seq=9, attempt=1)


def test_what_landed_after_a_run_took_its_entries_is_asked_for() -> None:
    assert turn(waiting(8, 9), AT_WORK, Memory(asked=7, attempt=1), at=NOW) == Ask(seq=9, attempt=1)


@pytest.mark.parametrize(
    ("backlog", "runs", "why"),
    [
        pytest.param(waiting(1, 9), Runs(live=1, covered=EVERYTHING), "or is about to", id="a run yet to begin"),
        pytest.param(None, AT_WORK, "at work on all", id="a run has taken all"),
        pytest.param(waiting(8, 9), Runs(live=2, covered=7), "2 webhooks wait for 2 runs", id="two runs already"),
        pytest.param(None, IDLE, "No webhook waits", id="nothing waits"),
    ],
)
def test_there_is_a_reason_not_to_ask(backlog: Backlog | None, runs: Runs, why: str) -> None:
    sentence = turn(backlog, runs, Memory(), at=NOW)
    assert isinstance(sentence, str)
    assert why in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize(("failures", "wait"), [(1, 10), (2, 20), (3, 40), (9, 300)])
def test_what_failed_is_asked_for_ever_later(failures: int, wait: float) -> None:
    runs = Runs(failures=failures, failed_at=NOW)
    assert turn(waiting(1, 9), runs, Memory(), at=later(wait - 0.5)) == (
        f"9 webhooks wait; {failures} runs came to nothing, the next is due in 0 s."
    )
    assert turn(waiting(1, 9), runs, Memory(), at=later(wait)) == Ask(seq=9, attempt=failures + 1)


def test_new_webhooks_do_not_hurry_what_fails() -> None:
    runs = Runs(failures=3, failed_at=NOW)
    assert isinstance(turn(waiting(100, 109), runs, Memory(asked=9, attempt=3), at=later(5)), str)


def test_what_runs_succeed_without_settling_is_asked_for_ever_later_too() -> None:
    memory = Memory(asked=9, attempt=2, at=NOW.timestamp())
    assert isinstance(turn(waiting(9, 9), IDLE, memory, at=later(19)), str)
    assert turn(waiting(9, 9), IDLE, memory, at=later(20)) == Ask(seq=9, attempt=3)


def test_the_cursor_keeps_the_memory() -> None:
    memory = Memory(asked=9, attempt=2, at=3.5, left=Left(digest="ab", since=1.0, looked=2.0, asked=3.0, attempts=4))
    assert Memory.read(memory.written()) == memory
    assert Memory.read(None) == Memory()


def test_work_lies_around_for_a_minute_before_it_is_left_over() -> None:
    left = see(Left(), "ab", at=NOW)
    assert left.due == later(60).timestamp()
    assert see(left, "ab", at=later(59)).due == left.due
    assert see(left, "cd", at=later(59)).due == later(119).timestamp()


def test_what_stays_left_over_is_tried_ever_less_often() -> None:
    assert Left(digest="ab", asked=NOW.timestamp(), attempts=1).due == later(600).timestamp()
    assert Left(digest="ab", asked=NOW.timestamp(), attempts=2).due == later(1200).timestamp()
    assert doubled(600, 40, 7200) == 7200
