"""A run is taken for lost once no Celery worker is at it any more, whatever Celery remembers of its task."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
import pytest
from dagster._core.launcher import WorkerStatus
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG

from ticket_pipeline.orchestration.celery_launcher import CeleryRunLauncher

TASK, WORKER = "task-1", "dagster-1@host"
RUN = dg.DagsterRun(job_name="follow", tags={DAGSTER_CELERY_TASK_ID_TAG: TASK})


@dataclass
class Workers:
    """Who answers when asked for a task: the tasks of each worker."""

    tasks: dict[str, list[str]] = field(default_factory=dict)

    def inspect(self, destination: list[str] | None, timeout: float) -> "Asked":
        """Begin to ask some workers, or all."""
        assert timeout > 0
        return Asked({name: tasks for name, tasks in self.tasks.items() if destination is None or name in destination})


@dataclass
class Asked:
    """The workers that are asked."""

    workers: dict[str, list[str]]

    def query_task(self, task_id: str) -> dict[str, Any] | None:
        """Give each one's answer; Celery gives None when there was none."""
        answers = {
            name: {each: ["active", {}] for each in tasks if each == task_id} for name, tasks in self.workers.items()
        }
        return answers or None


@pytest.fixture
def workers() -> Workers:
    return Workers()


@pytest.fixture
def launcher(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> Iterator[CeleryRunLauncher]:
    """Make a launcher whose results are in memory."""
    made = CeleryRunLauncher(default_queue="dagster", broker="memory://", backend="cache+memory://")
    monkeypatch.setattr(made.celery.control, "inspect", workers.inspect)
    yield made
    made.celery.close()


def remember(launcher: CeleryRunLauncher, state: str) -> None:
    """Have Celery remember a task."""
    launcher.celery.backend.store_result(TASK, {"hostname": WORKER, "pid": 1}, state)


def health(launcher: CeleryRunLauncher, run: dg.DagsterRun = RUN) -> WorkerStatus:
    return launcher.check_run_worker_health(run).status


def test_a_run_is_under_way_while_its_worker_has_it(launcher: CeleryRunLauncher, workers: Workers) -> None:
    remember(launcher, "STARTED")
    workers.tasks = {WORKER: [TASK]}
    assert health(launcher) is WorkerStatus.RUNNING


def test_it_is_lost_when_its_worker_does_not_answer(launcher: CeleryRunLauncher, workers: Workers) -> None:
    remember(launcher, "STARTED")
    workers.tasks = {"dagster-2@host": []}
    assert health(launcher) is WorkerStatus.FAILED


def test_it_is_lost_when_its_worker_has_it_no_more(launcher: CeleryRunLauncher, workers: Workers) -> None:
    remember(launcher, "STARTED")
    workers.tasks = {WORKER: ["task-2"]}
    assert health(launcher) is WorkerStatus.FAILED


def test_a_broker_that_forgot_it_proves_nothing_while_some_worker_has_it(
    launcher: CeleryRunLauncher, workers: Workers
) -> None:
    workers.tasks = {"dagster-2@host": [], WORKER: [TASK]}
    assert health(launcher) is WorkerStatus.RUNNING


def test_a_task_that_nobody_remembers_is_lost(launcher: CeleryRunLauncher, workers: Workers) -> None:
    workers.tasks = {WORKER: []}
    assert health(launcher) is WorkerStatus.FAILED


@pytest.mark.parametrize("ended", ["SUCCESS", "FAILURE"])
def test_a_task_that_ended_cannot_have_a_run_under_way(launcher: CeleryRunLauncher, ended: str) -> None:
    value: object = RuntimeError("killed") if ended == "FAILURE" else 1
    launcher.celery.backend.store_result(TASK, value, ended)
    assert health(launcher) is WorkerStatus.FAILED


def test_a_run_that_began_before_its_launch_was_written_down_is_left_alone(launcher: CeleryRunLauncher) -> None:
    assert health(launcher, dg.DagsterRun(job_name="follow")) is WorkerStatus.RUNNING
