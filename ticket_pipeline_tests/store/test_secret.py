"""The installation's secret: kept once made, and never changed under those who unsubscribed."""

import pytest

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.store import suppressions
from ticket_pipeline.store.secret import installation_secret
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.store.bodies import minute


def secret(state: SiteState, declared: str | None = None) -> str:
    with state.writing() as tx:
        return installation_secret(tx, declared=declared, at=minute(0))


def somebody_unsubscribes(state: SiteState) -> None:
    with state.writing() as tx:
        suppressions.suppress(tx, state.site, ["ann"], why="asked", at=minute(0))


def test_a_secret_is_made_once_and_kept(state: SiteState) -> None:
    assert secret(state) == secret(state)
    assert len(secret(state)) == 64


def test_the_declared_secret_is_used_and_not_kept(state: SiteState) -> None:
    assert secret(state, "declared") == "declared"
    with state.reading() as tx:
        assert "declared" not in str(tx.exec_driver_sql("SELECT * FROM checkpoints").all())


def test_a_secret_may_change_as_long_as_nobody_is_remembered_by_it(state: SiteState) -> None:
    secret(state)
    assert secret(state, "declared") == "declared"


@pytest.mark.parametrize(("before", "after"), [(None, "declared"), ("declared", None), ("declared", "another")])
def test_another_secret_is_refused_while_it_would_forget_who_unsubscribed(
    state: SiteState, before: str | None, after: str | None
) -> None:
    secret(state, before)
    somebody_unsubscribes(state)
    with pytest.raises(ConfigError, match="put the old one back"):
        secret(state, after)
    assert secret(state, before)
