"""Runs that somebody waits for go past the queue where there is room; all others, and they too otherwise, queue."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import dagster as dg
import pytest
import yaml
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher import LaunchRunContext
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.storage.tags import PRIORITY_TAG
from dagster._core.workspace.context import BaseWorkspaceRequestContext

from ticket_pipeline.orchestration.announce_job import PRIORITY as OF_ANNOUNCEMENTS
from ticket_pipeline.orchestration.code_location import site_definitions
from ticket_pipeline.orchestration.instance import initialised_instance, workspace_file
from ticket_pipeline.orchestration.run_queue import AT_ONCE_TAG, QueuedRunCoordinator
from ticket_pipeline_tests.orchestration.origins import origin
from ticket_pipeline_tests.orchestration.stage import Stage

SHIPPED = yaml.safe_load((workspace_file().parent / "dagster.yaml").read_text(encoding="utf-8"))
MOST = SHIPPED["run_coordinator"]["config"]["max_concurrent_runs"]
NOT_STARTED, QUEUED = dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.QUEUED
STARTING = dg.DagsterRunStatus.STARTING
SOMEBODY_WAITS = {AT_ONCE_TAG: "true"}


@pytest.fixture
def settings() -> dict[str, Any]:
    """What stands in the instance's `dagster.yaml` beside the storage: the queue as it ships."""
    return {"run_coordinator": SHIPPED["run_coordinator"]}


@pytest.fixture
def instance(tmp_path: Path, settings: dict[str, Any]) -> Iterator[dg.DagsterInstance]:
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    with initialised_instance(tmp_path) as opened:
        yield opened


@pytest.fixture
def launched(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the runs that were launched, each of which was said to start before."""
    ids: list[str] = []

    def launch(context: LaunchRunContext) -> None:
        assert context.dagster_run.status is STARTING
        ids.append(context.dagster_run.run_id)

    monkeypatch.setattr(instance.run_launcher, "launch_run", launch)
    return ids


def refuse_with(error: Exception, monkeypatch: pytest.MonkeyPatch, instance: dg.DagsterInstance) -> None:
    def launch(_: LaunchRunContext) -> None:
        raise error

    monkeypatch.setattr(instance.run_launcher, "launch_run", launch)


def a_run(
    instance: dg.DagsterInstance, tags: Mapping[str, str], status: dg.DagsterRunStatus = NOT_STARTED
) -> dg.DagsterRun:
    return instance.add_run(
        dg.DagsterRun(job_name="follow", tags=tags, status=status, remote_job_origin=origin("follow"))
    )


def submit(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRun:
    """Submit a run as the sensors' daemon does; the workspace is only handed on."""
    workspace = cast("BaseWorkspaceRequestContext", None)
    return instance.run_coordinator.submit_run(SubmitRunContext(dagster_run=run, workspace=workspace))


def told(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[str]:
    return [each.message for each in instance.all_logs(run.run_id)]


def test_it_takes_the_place_of_dagsters_own(instance: dg.DagsterInstance) -> None:
    assert isinstance(instance.run_coordinator, QueuedRunCoordinator)
    assert instance.run_coordinator.get_run_queue_config().max_concurrent_runs == MOST


def test_what_follows_webhooks_is_what_somebody_waits_for(stage: Stage) -> None:
    job = site_definitions(stage.parts).resolve_job_def(stage.names.follow_job)
    assert AT_ONCE_TAG in job.tags
    assert 0 < int(job.tags[PRIORITY_TAG]) < OF_ANNOUNCEMENTS


def test_a_run_somebody_waits_for_is_launched_at_once(instance: dg.DagsterInstance, launched: list[str]) -> None:
    run = submit(instance, a_run(instance, SOMEBODY_WAITS))
    assert run.status is STARTING
    assert launched == [run.run_id]


def test_all_others_queue(instance: dg.DagsterInstance, launched: list[str]) -> None:
    assert submit(instance, a_run(instance, {})).status is QUEUED
    assert not launched


@pytest.mark.parametrize("status", [STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING])
def test_it_queues_when_enough_are_at_work(
    instance: dg.DagsterInstance, launched: list[str], status: dg.DagsterRunStatus
) -> None:
    for _ in range(MOST - 1):
        a_run(instance, {}, status)
    for _ in range(MOST):
        a_run(instance, {}, QUEUED)
    assert submit(instance, a_run(instance, SOMEBODY_WAITS)).status is STARTING
    assert submit(instance, a_run(instance, SOMEBODY_WAITS)).status is QUEUED
    assert len(launched) == 1


@pytest.mark.parametrize(
    ("limits", "goes_past"),
    [
        pytest.param({"max_concurrent_runs": 0}, False, id="nothing is to run"),
        pytest.param({"max_concurrent_runs": -1}, True, id="no limit"),
        pytest.param({"tag_concurrency_limits": [{"key": "team", "limit": 1}]}, False, id="the queue counts tags"),
    ],
)
def test_other_limits(
    settings: dict[str, Any], limits: dict[str, Any], *, goes_past: bool, request: pytest.FixtureRequest
) -> None:
    settings["run_coordinator"] = {**settings["run_coordinator"], "config": limits}
    instance: dg.DagsterInstance = request.getfixturevalue("instance")
    launched: list[str] = request.getfixturevalue("launched")
    for _ in range(MOST):
        a_run(instance, {}, STARTING)
    run = submit(instance, a_run(instance, SOMEBODY_WAITS))
    assert run.status is (STARTING if goes_past else QUEUED)
    assert bool(launched) is goes_past


def test_what_was_submitted_is_not_launched_again(instance: dg.DagsterInstance, launched: list[str]) -> None:
    run = submit(instance, a_run(instance, SOMEBODY_WAITS))
    assert submit(instance, run).status is STARTING
    assert launched == [run.run_id]


def test_it_queues_while_the_code_server_starts(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_with(DagsterUserCodeUnreachableError("no answer"), monkeypatch, instance)
    run = submit(instance, a_run(instance, SOMEBODY_WAITS))
    assert run.status is QUEUED
    assert "The code server did not answer; the run is queued." in told(instance, run)


def test_what_cannot_be_launched_has_failed_and_says_why(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_with(ConnectionError("the broker is away"), monkeypatch, instance)
    run = submit(instance, a_run(instance, SOMEBODY_WAITS))
    assert run.status is dg.DagsterRunStatus.FAILURE
    (why,) = [each for each in instance.all_logs(run.run_id) if each.message == "The run could not be launched."]
    assert "the broker is away" in str(why.get_dagster_event().engine_event_data.error)


def test_a_launcher_that_did_not_hear_that_it_began_changes_nothing(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def launch(context: LaunchRunContext) -> None:
        instance.report_dagster_event(
            dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, job_name="follow"), context.dagster_run.run_id
        )
        raise TimeoutError("no answer in time")

    monkeypatch.setattr(instance.run_launcher, "launch_run", launch)
    assert submit(instance, a_run(instance, SOMEBODY_WAITS)).status is dg.DagsterRunStatus.STARTED
