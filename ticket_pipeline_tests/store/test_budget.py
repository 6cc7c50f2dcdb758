from concurrent.futures import ThreadPoolExecutor

import pytest

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.store.budget import SharedBudget
from ticket_pipeline.store.database import Database
from ticket_pipeline.wix.budget import Budget


def budget(database: Database, site: str = "box_office", *, at: float = 1000.0, per_minute: int = 40) -> Budget:
    return SharedBudget(database, site, per_minute, clock=lambda: at)


def granted(some: Budget, *, urgent: bool = True) -> int:
    """Take until told to wait."""
    taken = 0
    while some.take(urgent=urgent) == 0.0:
        taken += 1
    return taken


def test_two_holders_share_one_budget(database: Database) -> None:
    first, second = budget(database), budget(database)
    assert all(each.take(urgent=True) == 0.0 for each in [first, second] * 5)
    assert first.take(urgent=True) > 0.0
    assert second.take(urgent=True) > 0.0


def test_what_is_not_urgent_leaves_a_reserve(database: Database) -> None:
    assert granted(budget(database), urgent=False) == 9
    assert granted(budget(database), urgent=True) == 1


def test_the_budget_fills_with_time_and_outlives_its_holder(database: Database) -> None:
    granted(budget(database, at=1000.0))
    assert granted(budget(database, at=1001.0)) == 0
    assert granted(budget(database, at=1004.0)) == 2


def test_the_wait_that_is_told_suffices(database: Database) -> None:
    granted(budget(database))
    wait = budget(database).take(urgent=True)
    assert budget(database, at=1000.0 + wait).take(urgent=True) == 0.0


def test_sites_have_budgets_of_their_own(database: Database) -> None:
    assert granted(budget(database, "one")) == 10
    assert granted(budget(database, "two")) == 10


def test_takers_at_the_same_moment_never_take_more_than_there_is(database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        taken = pool.map(lambda _: granted(budget(database)), range(4))
    assert sum(taken) == 10


def test_a_limit_too_low_to_work_with_is_refused_at_once(database: Database) -> None:
    with pytest.raises(ConfigError, match="requests_per_minute"):
        budget(database, per_minute=1)
