"""Runs as tasks of Celery workers, of which it is noticed when one is gone.

Celery goes on calling a task started when its whole worker was killed, forgets it when the broker was restarted, and
calls it done though its run could not write down how it ended; Dagster's own launcher believes it. Here the worker is
asked.
https://docs.celeryq.dev/en/stable/userguide/workers.html#inspecting-workers
"""

from typing import Any

from dagster import DagsterRun
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster_celery.launcher import CeleryRunLauncher as DagstersLauncher
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG

#: Seconds a worker has to answer; one that is alive does so in hundredths.
PATIENCE = 5.0
_RUNNING = CheckRunHealthResult(WorkerStatus.RUNNING)


class CeleryRunLauncher(DagstersLauncher):
    """Dagster's launcher for Celery, that takes a run for lost once no worker is at it any more."""

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Tell how a run is that Dagster believes to be under way; lost, it is begun again as `run_retries` says."""
        task_id = run.tags.get(DAGSTER_CELERY_TASK_ID_TAG)
        if task_id is None:  # it began before its launch was written down
            return _RUNNING
        if not self.celery.AsyncResult(task_id).ready() and self._is_at_work(task_id):
            return _RUNNING
        # Dagster looks at the run once more before it believes us: it may have ended while we asked.
        return CheckRunHealthResult(WorkerStatus.FAILED, f"No worker is at Celery task {task_id} any more.")

    def _is_at_work(self, task_id: str) -> bool:
        """Ask the worker, or all of them where it is not known which, whether it has the task."""
        told = self.celery.AsyncResult(task_id).info
        worker = told.get("hostname") if isinstance(told, dict) else None
        asked = self.celery.control.inspect(destination=[worker] if worker else None, timeout=PATIENCE)
        answers: dict[str, dict[str, Any]] = asked.query_task(task_id) or {}
        return any(task_id in tasks for tasks in answers.values())
