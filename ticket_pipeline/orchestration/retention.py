"""The job by night that clears away what was kept for as long as was declared, here and in Dagster's own storage."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

import dagster as dg

from ticket_pipeline.flows.retain import retain
from ticket_pipeline.model.retention import Ages, RetainReport
from ticket_pipeline.orchestration.assets import Parts, now
from ticket_pipeline.orchestration.failures import explained, retry_policy
from ticket_pipeline.orchestration.metadata import Metadata
from ticket_pipeline.orchestration.names import Names
from ticket_pipeline.orchestration.old_events import OldEvents, explained_history
from ticket_pipeline.orchestration.old_runs import old_runs, remove_run
from ticket_pipeline.wiring import Site

log = logging.getLogger(__name__)

#: After the nightly reconcile.
NIGHTLY = "43 4 * * *"
#: Runs that are removed at once, a quarter of an hour's work; the rest is left for the next night.
MOST_RUNS = 20_000


def retain_job(parts: Parts) -> dg.JobDefinition:
    """Clear away what is older than its declared age."""
    names = parts.names

    @dg.op(name=f"{names.retain_job}_op", retry_policy=retry_policy(parts.retry_delay, parts.retries))
    def run_retain(context: dg.OpExecutionContext) -> None:
        with explained(parts.watch):
            context.add_output_metadata(_figures(retain_site(context.instance, names, parts.site, at=now())))

    @dg.job(
        name=names.retain_job,
        description="Clear away what is older than its age under `retention`: webhooks that are done with, receipts, "
        "the counters' history, Dagster's own runs and events. The last word on each partition stays.",
        tags=names.tags,
        executor_def=dg.in_process_executor,
    )
    def clear_away() -> None:
        run_retain()

    return clear_away


def retain_schedule(names: Names) -> dg.ScheduleDefinition:
    """Ask for it every night."""
    return dg.ScheduleDefinition(
        name=f"{names.retain_job}_schedule",
        job_name=names.retain_job,
        cron_schedule=NIGHTLY,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        tags=names.tags,
    )


def retain_site(
    instance: dg.DagsterInstance,
    names: Names,
    site: Site,
    *,
    at: datetime,
    most_runs: int = MOST_RUNS,
    preview: bool = False,
) -> RetainReport:
    """Clear our state and Dagster's storage of what is old; in a preview, only count it.

    Raises:
        TransientError, ConfigError: a database cannot be written. What was cleared away stays so.
    """
    ages = ages_of(site)
    report = retain(site.state, ages, now=at, sleep=site.sleep, preview=preview)
    with explained_history():
        partitions = frozenset(instance.get_dynamic_partitions(names.partitions_name))
        events = OldEvents(instance=instance, keys=names.keys, partitions=partitions)
        listed, speaking = old_runs(instance, names, before=at - ages.runs), events.spoken_by()
        going = [each for each in listed if each not in speaking]
        if not preview:
            _remove(instance, names, going[:most_runs])
        cleared = events.clear(told=at - ages.reports, checked=at - ages.runs, sleep=site.sleep, preview=preview)
    return replace(
        report,
        runs=len(going[:most_runs]),
        runs_kept=len(listed) - len(going),
        runs_left=len(going[most_runs:]),
        reports=cleared,
    )


def ages_of(site: Site) -> Ages:
    """Give how long what is remembered of the site is kept: as declared, and no shorter than the site needs."""
    announced = site.settings.announcements
    return site.retention.ages(
        late_limit=announced.late_limit if announced else timedelta(0),
        expiry_tolerance=site.server.webhook_expiry_tolerance,
    )


def _remove(instance: dg.DagsterInstance, names: Names, run_ids: list[str]) -> None:
    for each in run_ids:
        remove_run(instance, each)
    if run_ids:
        log.info("runs_removed", extra={"site": names.site, "runs": len(run_ids)})


def _figures(report: RetainReport) -> Metadata:
    removed: Metadata = {kind.value.replace("_", " "): count for kind, count in report.removed.items()}
    return {
        **removed,
        "runs": report.runs,
        "old runs kept, for a partition's last word": report.runs_kept,
        "old runs left for the next night": report.runs_left,
        "events of Dagster's": report.reports,
    }
