"""Dagster's queue of runs, past which the runs somebody waits for go where there is room.

Dagster looks at its queue once a second at best, which is half a second of every webhook's way to the destination.
"""

import sys
import threading

from dagster import DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.errors import DagsterCodeLocationLoadError, DagsterUserCodeUnreachableError
from dagster._core.events import DagsterEvent, DagsterEventType, EngineEventData
from dagster._core.launcher import LaunchRunContext
from dagster._core.run_coordinator import QueuedRunCoordinator as DagstersCoordinator
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.storage.dagster_run import ACTIVE_RUN_STATUSES
from dagster._utils.error import serializable_error_info_from_exc_info

#: The tag of a run that does not wait until the queue is looked at.
AT_ONCE_TAG = "ticket_pipeline/at_once"
#: The code server is starting, as after an upgrade; the queue tries again.
_NOT_YET = (DagsterUserCodeUnreachableError, DagsterCodeLocationLoadError)


class QueuedRunCoordinator(DagstersCoordinator):
    """Dagster's coordinator, with its settings, that launches a run tagged `ticket_pipeline/at_once` when it is asked
    for, unless `max_concurrent_runs` are at work. Where `tag_concurrency_limits` are set all queue, as it is the queue
    that counts them.
    """

    _counting = threading.Lock()

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Launch the run, or put it into the queue; a launch that fails is told by the run, as the queue does."""
        run = context.dagster_run
        if AT_ONCE_TAG not in run.tags or run.status is not DagsterRunStatus.NOT_STARTED or not self._took_a_place(run):
            return super().submit_run(context)
        begun = self._again(run)
        try:
            self._instance.run_launcher.launch_run(LaunchRunContext(dagster_run=begun, workspace=context.workspace))
        except Exception as error:  # noqa: BLE001 - whatever a launcher raises, the run is not to be lost
            self._tell(run, error)
        return self._again(run)

    def _took_a_place(self, run: DagsterRun) -> bool:
        """Count this run among those at work, unless they are enough; another process may do so at this moment."""
        told = self._instance.get_concurrency_config().run_queue_config
        if told is None or told.tag_concurrency_limits:
            return False
        most = told.max_concurrent_runs
        with self._counting:
            if most != -1 and self._instance.get_runs_count(RunsFilter(statuses=ACTIVE_RUN_STATUSES)) >= most:
                return False
            starting = DagsterEvent(DagsterEventType.RUN_STARTING.value, job_name=run.job_name)
            self._instance.report_dagster_event(starting, run_id=run.run_id)
        return True

    def _tell(self, run: DagsterRun, error: Exception) -> None:
        stands = self._again(run)
        if stands.status is not DagsterRunStatus.STARTING:
            return  # it has begun, or ended, though its launcher did not hear of it
        data = EngineEventData.engine_error(serializable_error_info_from_exc_info(sys.exc_info()))
        if isinstance(error, _NOT_YET):
            self._instance.report_engine_event("The code server did not answer; the run is queued.", stands, data)
            self._instance.report_dagster_event(DagsterEvent.job_enqueue(stands), run_id=run.run_id)
        else:
            self._instance.report_engine_event("The run could not be launched.", stands, data)
            self._instance.report_run_failed(stands)

    def _again(self, run: DagsterRun) -> DagsterRun:
        found = self._instance.get_run_by_id(run.run_id)
        if found is None:
            raise LookupError(f"run {run.run_id} was deleted while it was submitted")
        return found
