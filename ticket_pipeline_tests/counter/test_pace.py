from datetime import timedelta

from ticket_pipeline.counter.pace import Pace
from ticket_pipeline_tests.counter.values import NOON


def test_when_it_is_calm_requests_go_at_once_and_in_a_rush_evenly() -> None:
    pace, now, went = Pace(200), NOON, []
    while now < NOON + timedelta(minutes=1):
        now += timedelta(seconds=pace.wait(now=now))
        pace.spent(1, now=now)
        went.append((now - NOON).total_seconds())
    assert went[:10] == [0.0] * 10
    assert went[10] == 0.5
    assert len(went) <= 0.65 * 200 + 1


def test_a_clock_that_is_set_back_stops_nothing() -> None:
    pace = Pace(200)
    pace.spent(10, now=NOON)
    assert pace.wait(now=NOON - timedelta(hours=1)) <= 0.5
    assert pace.wait(now=NOON - timedelta(hours=1) + timedelta(seconds=1)) == 0.0


def test_the_smallest_budget_is_still_enough_for_one() -> None:
    assert Pace(4).wait(now=NOON) == 0.0
