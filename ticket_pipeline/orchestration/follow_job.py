"""The job that follows the webhooks: one run for all that has landed, from the inbox to where it belongs."""

from collections.abc import Sequence

import dagster as dg
from dagster._core.storage.tags import MAX_RUNTIME_SECONDS_TAG, PRIORITY_TAG

from ticket_pipeline.flows.follow import follow
from ticket_pipeline.flows.inspect_work import look_for_work
from ticket_pipeline.model.report import FollowReport, added
from ticket_pipeline.orchestration import checks, inbox_checks, metadata
from ticket_pipeline.orchestration.assets import Parts, now
from ticket_pipeline.orchestration.event_partitions import align
from ticket_pipeline.orchestration.failures import explained, refuse_held, retry_policy
from ticket_pipeline.orchestration.follow_stay import Stay
from ticket_pipeline.orchestration.names import Names
from ticket_pipeline.orchestration.reporting import mark_partitions
from ticket_pipeline.orchestration.run_queue import AT_ONCE_TAG
from ticket_pipeline.wiring import Site

#: Seconds; a run that a power cut left behind gives its place in the queue back then.
LONGEST_RUN = 900
#: Before what is loaded, also a backfill of many runs, and after what is announced on the second.
PRIORITY = 5
_OF_EVENTS = "wix.events.v3.event_"


def follow_job(parts: Parts) -> dg.JobDefinition:
    """Bring what has landed, and what was left over, into our state and to the destination, if there is one."""
    names, where = parts.names, "to the destination" if parts.settings.sync else "into our state"

    @dg.op(name=f"{names.follow_job}_op", retry_policy=retry_policy(parts.retry_delay, parts.retries))
    def run_follow(context: dg.OpExecutionContext) -> None:
        with explained(parts.watch):
            site = parts.site
            stay = Stay(instance=context.instance, run_id=context.run_id, site=site, seconds=parts.stay, clock=now)
            reports = list[FollowReport]()
            for _ in stay.stints():
                reports.append(follow(site.state, site.wix, site.sync_parts, now=now()))
                _mark(context, names, site, reports[-1])
                refuse_held(site.name, reports[-1].published.hold)
            context.add_output_metadata(metadata.of_follow(added(reports), site.place))

    @dg.job(
        name=names.follow_job,
        description=f"Bring the webhooks that have landed, and no more than they touch, {where}; stay for those that "
        f"land within the next {parts.stay:.0f} seconds.",
        tags={
            **names.tags,
            MAX_RUNTIME_SECONDS_TAG: str(LONGEST_RUN),
            PRIORITY_TAG: str(PRIORITY),
            AT_ONCE_TAG: "true",
        },
        executor_def=dg.in_process_executor,
    )
    def follow_webhooks() -> None:
        run_follow()

    return follow_webhooks


def _mark(context: dg.OpExecutionContext, names: Names, site: Site, report: FollowReport) -> None:
    """Mark the partitions that were worked on, and say how the inbox is now."""
    touched = _partitions(context.instance, names, site, report)
    mark_partitions(context, names, site, touched, report.published)
    for evaluation in (*checks.evaluations(names, site, touched), *inbox_checks.evaluations(names, site, at=now())):
        context.log_event(evaluation)  # type: ignore[arg-type] # it takes checks too, unsaid


def _partitions(instance: dg.DagsterInstance, names: Names, site: Site, report: FollowReport) -> Sequence[str]:
    """Pick the partitions among the events worked on, once those of new and gone events were added and removed."""
    there = set(instance.get_dynamic_partitions(names.partitions_name))
    heard_of_events = any(topic.startswith(_OF_EVENTS) for topic in report.ingested.settled)
    if heard_of_events or not there.issuperset(report.event_ids):
        align(instance, names, look_for_work(site.state, site.sync_parts))
        there = set(instance.get_dynamic_partitions(names.partitions_name))
    return [each for each in report.event_ids if each in there]
