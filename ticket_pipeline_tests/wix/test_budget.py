"""The budget: never more than the limit in any minute, and something left for the urgent."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.wix.budget import Level, TokenBucket, draw, full, reserve

LIMITS = st.integers(min_value=4, max_value=400)
#: (seconds that pass, urgent): bursts, steady use and long silences, and clocks that disagree a little.
ASKED = st.lists(
    st.tuples(st.sampled_from([0.0, 0.0, 0.0, 0.01, 0.1, 0.4, 1.0, 7.3, 61.0, -0.2]), st.booleans()),
    min_size=1,
    max_size=600,
)


def granted(limit: int, asked: list[tuple[float, bool]]) -> list[float]:
    now, level, times = 1_000_000.0, full(limit, now=1_000_000.0), []
    for passed, urgent in asked:
        now += passed
        level, wait = draw(level, now=now, requests_per_minute=limit, urgent=urgent)
        if wait == 0.0:
            times.append(now)
    return sorted(times)


def most_in_a_minute(times: list[float]) -> int:
    most, start = 0, 0
    for end, time in enumerate(times):
        while times[start] < time - 60:
            start += 1
        most = max(most, end - start + 1)
    return most


@given(LIMITS, ASKED)
def test_no_window_of_a_minute_ever_holds_more_than_the_limit(limit: int, asked: list[tuple[float, bool]]) -> None:
    assert most_in_a_minute(granted(limit, asked)) <= limit


@pytest.mark.parametrize("limit", [4, 5, 8, 60, 200, 333])
def test_a_greedy_caller_gets_the_limit_in_its_first_minute(limit: int) -> None:
    times = granted(limit, [(0.05, True)] * 4000)
    assert limit - 1 <= most_in_a_minute(times) <= limit


@given(LIMITS, ASKED)
def test_a_take_that_is_not_urgent_leaves_the_reserve(limit: int, asked: list[tuple[float, bool]]) -> None:
    now, level = 0.0, full(limit, now=0.0)
    for passed, urgent in asked:
        now += passed
        level, wait = draw(level, now=now, requests_per_minute=limit, urgent=urgent)
        assert level.tokens >= 0
        if wait == 0.0 and not urgent:
            assert level.tokens >= reserve(limit) - 1e-9


@given(LIMITS, st.floats(0, 50), st.booleans())
def test_whoever_waits_as_told_is_let_through(limit: int, tokens: float, urgent: bool) -> None:
    level, now = Level(tokens=tokens, at=0.0), 0.0
    for _ in range(3):
        level, wait = draw(level, now=now, requests_per_minute=limit, urgent=urgent)
        if wait == 0.0:
            return
        now += wait
    pytest.fail("waited twice as told, and not let through")


def test_the_urgent_one_passes_where_others_wait() -> None:
    level = Level(tokens=reserve(200), at=0.0)
    waiting, wait = draw(level, now=0.0, requests_per_minute=200, urgent=False)
    assert wait > 0
    assert draw(waiting, now=0.0, requests_per_minute=200, urgent=True)[1] == 0.0


def test_a_clock_set_back_by_an_hour_does_not_close_the_budget_for_an_hour() -> None:
    _, wait = draw(Level(tokens=0.0, at=3600.0), now=0.0, requests_per_minute=200, urgent=False)
    assert wait < 10


def test_a_clock_a_little_behind_mints_nothing() -> None:
    level, _ = draw(Level(tokens=0.0, at=10.0), now=9.0, requests_per_minute=200, urgent=True)
    assert level == Level(tokens=0.0, at=10.0)


@pytest.mark.parametrize("limit", [-1, 0, 3])
def test_a_limit_too_low_to_work_with_is_refused(limit: int) -> None:
    with pytest.raises(ConfigError, match="requests_per_minute is"):
        TokenBucket(limit)


def test_threads_that_share_a_bucket_get_no_more_than_the_burst() -> None:
    bucket, taken, lock = TokenBucket(200, clock=lambda: 0.0), [], threading.Lock()

    def ask() -> None:
        for _ in range(40):
            if bucket.take(urgent=True) == 0.0:
                with lock:
                    taken.append(1)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 50
