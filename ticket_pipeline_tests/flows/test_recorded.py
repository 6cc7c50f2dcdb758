"""How a flow's runs ended is written down, and never stands in their way."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ticket_pipeline.destinations.memory import Memory
from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.flows.follow import follow
from ticket_pipeline.flows.reconcile import DRIFT
from ticket_pipeline.flows.recorded import RUNS, SUCCEEDED_AT, recorded
from ticket_pipeline.model.report import Hold, PublishReport
from ticket_pipeline.store import figures, inbox
from ticket_pipeline.store.brought import TO_DESTINATION
from ticket_pipeline.store.database import Database
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.flows.stage import Stage
from ticket_pipeline_tests.flows.test_follow import DEFINITION, follow_on, rename, webhook
from ticket_pipeline_tests.sandbox.api import NOW


def held(stage: Stage, name: str) -> dict[str, float]:
    with stage.site.state.reading() as tx:
        return figures.everything(tx).get((stage.site.name, name), {})


def flow(act: Callable[[], Any]) -> Callable[..., Any]:
    @recorded("trial")
    def trial(state: SiteState, *, now: object) -> Any:  # noqa: ARG001 - as flows are called
        return act()

    return trial


def raising(error: BaseException) -> Callable[[], Any]:
    def act() -> Any:
        raise error

    return act


@pytest.mark.parametrize(
    ("error", "ended"),
    [
        (TransientError("down"), "postponed"),
        (ConfigError("wrong"), "stopped"),
        (ValueError("a mistake of ours"), "failed"),
        (KeyboardInterrupt(), "interrupted"),
    ],
)
def test_a_run_that_ends_badly_is_counted_and_is_no_success(stage: Stage, error: BaseException, ended: str) -> None:
    with pytest.raises(type(error)):
        flow(raising(error))(stage.site.state, now=NOW)
    assert held(stage, f"{RUNS}trial") == {ended: 1}


def test_a_held_plan_is_no_success_either(stage: Stage) -> None:
    flow(lambda: PublishReport(hold=Hold(deletes=1, of=2, digest="x")))(stage.site.state, now=NOW)
    assert held(stage, f"{RUNS}trial") == {"held": 1}


def test_a_success_is_as_old_as_what_it_saw(stage: Stage) -> None:
    for _ in range(2):
        flow(PublishReport)(stage.site.state, now=NOW)
    assert held(stage, f"{RUNS}trial") == {"done": 2, SUCCEEDED_AT: NOW.timestamp()}


def test_a_figure_that_cannot_be_written_is_no_failure(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(_: Database) -> None:
        raise TransientError("locked")

    monkeypatch.setattr(Database, "noting", down)
    assert flow(lambda: "done")(stage.site.state, now=NOW) == "done"


def test_a_webhook_that_is_followed_is_timed(stage: Stage) -> None:
    stage.sync()
    follow_on(stage)
    moved = next(iter(stage.wix_names()))
    rename(stage, moved, "Hinted")
    with stage.site.state.writing() as tx:
        inbox.land(tx, stage.site.name, [webhook(f"{DEFINITION}sale_period_updated", moved)], at=NOW)
    follow(stage.site.state, stage.site.wix, stage.sync_parts, now=NOW + timedelta(seconds=40))
    timed = held(stage, TO_DESTINATION)
    assert timed["sum"] >= 40
    assert sum(count for name, count in timed.items() if name != "sum") == 1


def test_a_reconcile_says_how_many_records_were_not_as_left(stage: Stage) -> None:
    stage.sync()
    destination = stage.site.destination
    assert isinstance(destination, Memory)
    del destination.place.held[next(iter(destination.place.held))]
    stage.reconcile()
    assert held(stage, DRIFT) == {"records": 1}
    stage.reconcile()
    assert held(stage, DRIFT) == {"records": 0}
    assert held(stage, f"{RUNS}reconcile")["done"] == 2
