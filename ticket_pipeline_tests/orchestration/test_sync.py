"""Sync in one process: reports, progress, our own errors, and the runs where the UI finds them."""

import signal
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.model.report import FailedCheck, SyncReport
from ticket_pipeline.orchestration.instance import dagster_home, initialised_instance
from ticket_pipeline.orchestration.names import TICKET_SYNC
from ticket_pipeline.orchestration.sync import sync
from ticket_pipeline.sandbox.faults import Faults
from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline_tests.orchestration.stage import EDIT_ONE, SITE, Stage


@pytest.fixture
def home(stage: Stage) -> Iterator[dg.DagsterInstance]:
    """Open an instance that outlives the process."""
    folder = dagster_home(stage.wiring.pipeline.state, {}, folder=stage.folder)
    with initialised_instance(folder) as instance:
        yield instance


def run(stage: Stage, home: dg.DagsterInstance, **options: Any) -> SyncReport:
    return sync(stage.wiring, SITE, instance=home, retry_delay=0.0, **options)


def test_a_sync_reports_flow_by_flow_and_leaves_its_runs(
    stage: Stage, home: dg.DagsterInstance, capfd: pytest.CaptureFixture[str]
) -> None:
    steps: list[str] = []
    report = run(stage, home, progress=lambda step, *_: steps.append(step))
    assert report.loaded.definitions == report.mapped.records == report.published.created > 0
    assert set(report.loaded.per_event) == set(report.events.event_ids)
    assert report.failed_checks == ()
    assert {"definitions", "events", "records"} <= set(steps)
    runs = [home.get_run_by_id(each) for each in report.run_ids]
    assert [each.status for each in runs if each] == [dg.DagsterRunStatus.SUCCESS] * 2
    assert home.get_materialized_partitions(stage.names.key(TICKET_SYNC)) == set(report.events.event_ids)
    assert "".join(capfd.readouterr()) == ""


def test_one_event_alone(stage: Stage, home: dg.DagsterInstance) -> None:
    event = run(stage, home).events.event_ids[0]
    report = run(stage, home, event_id=event)
    assert set(report.loaded.per_event) == {event}
    assert report.published.written == 0


def test_an_unknown_event_is_a_sentence(stage: Stage, home: dg.DagsterInstance) -> None:
    with pytest.raises(ConfigError, match="no event 'nobody' that sells tickets"):
        run(stage, home, event_id="nobody")


def test_our_own_errors_come_out_as_they_are(stage: Stage, home: dg.DagsterInstance, sandbox: RunningSandbox) -> None:
    sandbox.desk.faults.set(Faults(unavailable=1.0, only="ticket-definitions"))
    with pytest.raises(TransientError):
        run(stage, home)
    sandbox.desk.faults.set(Faults(app_not_installed=True))
    with pytest.raises(ConfigError):
        run(stage, home)
    sandbox.desk.faults.set(Faults())
    assert run(stage, home).published.created > 0


def test_ctrl_c_in_the_middle_is_ctrl_c(stage: Stage, home: dg.DagsterInstance) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(stage, home, progress=lambda *_: signal.raise_signal(signal.SIGINT))
    assert home.get_runs(limit=1)[0].status is dg.DagsterRunStatus.FAILURE
    assert run(stage, home).published.created > 0


def test_a_held_plan_is_a_report(stage: Stage, home: dg.DagsterInstance) -> None:
    run(stage, home)
    for each in stage.api.all():
        stage.api.ask("DELETE", f"/events/v3/ticket-definitions/{each['id']}")
    report = run(stage, home)
    assert report.published.hold is not None
    assert report.published.written == 0


def test_a_failed_check_is_named(stage: Stage, home: dg.DagsterInstance) -> None:
    run(stage, home)
    stage.ticketing(EDIT_ONE)
    assert run(stage, home).failed_checks == (
        FailedCheck(asset="ticket_sync", name="destination_equals_plan", severity="WARN"),
    )
