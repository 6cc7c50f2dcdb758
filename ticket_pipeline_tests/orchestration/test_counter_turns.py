"""What landed is answered, late, or still waited for; nothing is passed over."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.orchestration.counter_turns import MOST_HEALED, PATIENCE, Concern, Memory, judge, next_try
from ticket_pipeline_tests.sandbox.api import NOW

SECONDS = st.integers(0, 60)


def concern(seq: int, ago: int, *ids: str) -> Concern:
    landed = NOW - timedelta(seconds=ago)
    return Concern(seq=seq, topic="t", landed_at=landed, event_of=dict.fromkeys(ids, "e"))


def test_what_was_read_after_it_landed_is_answered() -> None:
    verdict = judge([concern(1, 5, "a")], {"a": NOW - timedelta(seconds=4)}, seen=9, at=NOW)
    assert (len(verdict.answered), verdict.seq) == (1, 9)


def test_what_has_just_landed_is_waited_for_and_so_is_all_behind_it() -> None:
    read = {"b": NOW}
    verdict = judge([concern(3, 5, "a"), concern(4, 4, "b")], read, seen=9, at=NOW)
    assert (verdict.concerns, verdict.seq) == ((), 2)


def test_what_nobody_has_read_for_long_is_late() -> None:
    verdict = judge([concern(3, 20, "a", "b")], {"a": NOW}, seen=9, at=NOW)
    assert (verdict.unread, verdict.seq, len(verdict.late)) == (frozenset("b"), 9, 1)


def test_where_healing_fails_all_stops_before_the_first_that_is_late() -> None:
    read = {"a": NOW, "c": NOW}
    verdict = judge([concern(3, 20, "a"), concern(5, 19, "b"), concern(6, 18, "c")], read, seen=9, at=NOW)
    stopped = verdict.without_healing()
    assert ([each.seq for each in stopped.concerns], stopped.seq) == ([3], 4)


def test_no_more_is_healed_at_once_than_one_request_reads() -> None:
    concerns = [concern(seq, 30, f"d{seq}") for seq in range(1, MOST_HEALED + 50)]
    verdict = judge(concerns, {}, seen=1_000, at=NOW)
    assert (len(verdict.unread), verdict.seq) == (MOST_HEALED, MOST_HEALED)


def test_one_that_concerns_more_than_that_is_healed_alone() -> None:
    many = [f"d{number}" for number in range(MOST_HEALED + 50)]
    verdict = judge([concern(1, 31, *many), concern(2, 30, "x")], {}, seen=2, at=NOW)
    assert (len(verdict.unread), verdict.seq) == (len(many), 1)


@given(st.lists(st.tuples(SECONDS, st.sampled_from("abcdef"))), st.dictionaries(st.sampled_from("abcdef"), SECONDS))
def test_what_is_passed_is_answered_or_to_be_read_and_what_stops_us_is_young(
    landed: list[tuple[int, str]], reads: dict[str, int]
) -> None:
    concerns = [concern(seq, ago, each) for seq, (ago, each) in enumerate(sorted(landed, reverse=True), 1)]
    read_at = {each: NOW - timedelta(seconds=ago) for each, ago in reads.items()}
    verdict = judge(concerns, read_at, seen=len(concerns), at=NOW)
    passed = [each for each in concerns if each.seq <= verdict.seq]
    assert list(verdict.concerns) == passed
    for each in passed:
        (one,) = each.event_of
        assert one in verdict.unread or read_at[one] >= each.landed_at
    if len(passed) < len(concerns):
        assert NOW - concerns[len(passed)].landed_at < PATIENCE


def test_the_cursor_survives() -> None:
    memory = Memory(seq=7, failures=2, due=1.5, looked=2.5, reported=3.5, fresh=True)
    assert Memory.read(memory.written()) == memory
    assert Memory.read(None) == Memory()


def test_tries_grow_apart_and_no_further_than_five_minutes() -> None:
    waits = [next_try(number, at=NOW) - NOW.timestamp() for number in (1, 2, 3, 50)]
    assert waits == [10.0, 20.0, 40.0, 300.0]
