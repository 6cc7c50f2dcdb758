"""Sync: the site's assets run through Dagster in this process, so that the run and its lineage show in the UI."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
from dagster._core.events import RunFailureReason

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.flows.progress import Progress, unwatched
from ticket_pipeline.model.report import EventsReport, FailedCheck, LoadReport, MapReport, PublishReport, SyncReport
from ticket_pipeline.orchestration.assets import Parts
from ticket_pipeline.orchestration.code_location import site_definitions
from ticket_pipeline.orchestration.names import Names
from ticket_pipeline.orchestration.new_events import range_tags
from ticket_pipeline.orchestration.watch import Watch
from ticket_pipeline.wiring import Wiring

#: The terminal is the caller's: what fails is raised, and Dagster has it all in the run's log.
_SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_NO_EVENTS = EventsReport(event_ids=(), changed=0, gone=(), refused=(), requests=0)
_NOTHING_LOADED = LoadReport(
    events=0,
    definitions=0,
    created=0,
    changed=0,
    unchanged=0,
    deleted=0,
    gaps=0,
    refused=(),
    requests=0,
    per_event={},
)


def sync(
    wiring: Wiring,
    site: str,
    *,
    event_id: str | None = None,
    instance: dg.DagsterInstance,
    progress: Progress = unwatched,
    retry_delay: float = 2.0,
    retries: int = 0,
) -> SyncReport:
    """Bring the site, or one of its events, from Wix to the destination, if there is one; safe beside other processes.

    Somebody waits for it, so an asset is not tried again beyond what the client of each system tries by itself.

    Raises:
        TransientError: a side is unwell; what was completed is kept, and the same call may be made again.
        ConfigError: a setting, credential or right is wrong, or there is no such event.
    """
    watch = Watch(progress=progress)
    names = Names(wiring.site(site).name)
    definitions = site_definitions(
        Parts(wiring=wiring, names=names, watch=watch, retry_delay=retry_delay, retries=retries)
    )
    refreshed = _run(definitions.resolve_job_def(names.refresh_job), instance, watch)
    partitions = instance.get_dynamic_partitions(names.partitions_name)
    runs = [refreshed]
    if event_id is not None or partitions:
        tags, key = _selected(site, partitions, event_id)
        runs.append(_run(definitions.resolve_job_def(names.sync_job), instance, watch, tags=tags, partition_key=key))
    return SyncReport(
        events=watch.events or _NO_EVENTS,
        loaded=watch.loaded or _NOTHING_LOADED,
        mapped=watch.mapped or MapReport(),
        published=watch.published or PublishReport(),
        failed_checks=tuple(check for run in runs for check in _failed_checks(run)),
        run_ids=tuple(run.run_id for run in runs),
    )


def _selected(site: str, partitions: Sequence[str], event_id: str | None) -> tuple[dict[str, str], str | None]:
    if event_id is None:
        return range_tags(partitions[0], partitions[-1]), None
    if event_id not in partitions:
        raise ConfigError(f"{site}: no event {event_id!r} that sells tickets; Wix lists {len(partitions)} that do")
    return {}, event_id


def _run(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    watch: Watch,
    *,
    tags: Mapping[str, str] | None = None,
    partition_key: str | None = None,
) -> dg.ExecuteInProcessResult:
    given: dict[str, Any] = {"tags": tags, "partition_key": partition_key}
    result = job.execute_in_process(run_config=_SILENT, instance=instance, raise_on_error=False, **given)
    if watch.interrupted or _interrupted(result):
        raise KeyboardInterrupt
    if watch.error is not None:
        raise watch.error
    held = watch.published is not None and watch.published.hold is not None
    if not result.success and not held:
        raise _defect(result)
    return result


def _interrupted(result: dg.ExecuteInProcessResult) -> bool:
    """Tell whether Ctrl-C ended the run; Dagster keeps the signal to itself."""
    last = result.all_events[-1]
    return last.is_job_failure and last.job_failure_data.failure_reason is RunFailureReason.UNEXPECTED_TERMINATION


def _defect(result: dg.ExecuteInProcessResult) -> RuntimeError:
    """Name what failed that is no error of ours."""
    failures = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
    told = next((error.to_string() for error in failures if error is not None), "see the run's log")
    return RuntimeError(f"the Dagster run {result.run_id} failed: {told}")


def _failed_checks(result: dg.ExecuteInProcessResult) -> list[FailedCheck]:
    return [
        FailedCheck(asset=each.asset_key.path[-1], name=each.check_name, severity=each.severity.value)
        for each in result.get_asset_check_evaluations()
        if not each.passed
    ]
