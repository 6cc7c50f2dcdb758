"""One site's jobs and schedules: sync some events, refresh the list of events, reconcile the whole site by night."""

import dagster as dg
from dagster._core.definitions.data_version import DATA_VERSION_TAG
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from ticket_pipeline.flows.inspect_work import look_for_work
from ticket_pipeline.flows.reconcile import reconcile
from ticket_pipeline.model.report import ReconcileReport
from ticket_pipeline.orchestration import counter_checks, metadata, rows
from ticket_pipeline.orchestration.assets import LIST_VERSION, Parts, now
from ticket_pipeline.orchestration.event_partitions import align
from ticket_pipeline.orchestration.failures import explained, refuse_held, retry_policy
from ticket_pipeline.orchestration.names import EVENTS, Names, synced
from ticket_pipeline.orchestration.reporting import mark_partitions
from ticket_pipeline.wiring import Site

EVERY_FIVE_MINUTES = "*/5 * * * *"
NIGHTLY = "17 3 * * *"


def sync_job(parts: Parts) -> UnresolvedAssetJobDefinition:
    """Bring some events from Wix to the destination, if there is one, and check them."""
    names, onwards = parts.names, ", map them, publish what differs" if parts.settings.sync else ""
    return dg.define_asset_job(
        names.sync_job,
        selection=dg.AssetSelection.assets(*(names.key(each) for each in synced(parts.settings))),
        description=f"Load the ticket definitions of some events{onwards}, check.",
        tags=names.tags,
        executor_def=dg.in_process_executor,
    )


def refresh_job(names: Names) -> UnresolvedAssetJobDefinition:
    """Learn which events there are."""
    return dg.define_asset_job(
        names.refresh_job,
        selection=dg.AssetSelection.assets(names.key(EVENTS)),
        description="Read the list of events, and make the partitions match it.",
        tags=names.tags,
        executor_def=dg.in_process_executor,
    )


def reconcile_job(parts: Parts) -> dg.JobDefinition:
    """Compare Wix, state and destination of the whole site, and repair what differs."""
    names = parts.names
    onwards = ", look for drift at the destination, repair it as declared" if parts.settings.sync else ""

    @dg.op(name=f"{names.reconcile_job}_op", retry_policy=retry_policy(parts.retry_delay, parts.retries))
    def run_reconcile(context: dg.OpExecutionContext) -> None:
        with explained(parts.watch):
            site = parts.site
            report = reconcile(site.state, site.wix, site.sync_parts, now=now())
            align(context.instance, names, look_for_work(site.state, site.sync_parts))
            context.add_output_metadata(metadata.of_reconcile(report, site.place))
            _report(context, parts, site, report)
            refuse_held(site.name, report.published.hold)

    @dg.job(
        name=names.reconcile_job,
        description=f"Read the whole site again{onwards}.",
        tags=names.tags,
        executor_def=dg.in_process_executor,
    )
    def reconcile_whole_site() -> None:
        run_reconcile()

    return reconcile_whole_site


def schedules(names: Names) -> list[dg.ScheduleDefinition]:
    """Say when the site's jobs run."""
    running = dg.DefaultScheduleStatus.RUNNING
    return [
        dg.ScheduleDefinition(
            name=f"{job}_schedule",
            job_name=job,
            cron_schedule=cron,
            execution_timezone="UTC",
            default_status=running,
            tags=names.tags,
        )
        for job, cron in ((names.refresh_job, EVERY_FIVE_MINUTES), (names.reconcile_job, NIGHTLY))
    ]


def _report(context: dg.OpExecutionContext, parts: Parts, site: Site, report: ReconcileReport) -> None:
    """Mark what was read and written: the events, and of the partitions those that changed or never were marked."""
    names = parts.names
    listed = metadata.of_events(report.events, rows.events(site))
    context.log_event(
        dg.AssetMaterialization(names.key(EVENTS), metadata=listed, tags={DATA_VERSION_TAG: LIST_VERSION})
    )
    touched = _touched(context.instance, names, synced(parts.settings)[-1], report)
    mark_partitions(context, names, site, touched, report.published)
    if parts.settings.counters:
        for evaluation in counter_checks.evaluations(names, site, at=now()):
            context.log_event(evaluation)  # type: ignore[arg-type] # it takes checks too, unsaid


def _touched(instance: dg.DagsterInstance, names: Names, last: str, report: ReconcileReport) -> list[str]:
    marked = instance.get_materialized_partitions(names.key(last))
    there = instance.get_dynamic_partitions(names.partitions_name)
    return [each for each in there if each in report.published.per_event or each not in marked]
