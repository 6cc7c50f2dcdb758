"""The job that tells subscribers that a sale starts: one run for all that is due, each at its own instant."""

from contextlib import closing

import dagster as dg
from dagster._core.storage.tags import MAX_RUNTIME_SECONDS_TAG, PRIORITY_TAG

from ticket_pipeline.flows.announce_all import Announced
from ticket_pipeline.orchestration import announcement_checks
from ticket_pipeline.orchestration.announcing import announce_due, mark, of_run, raise_the_worst
from ticket_pipeline.orchestration.assets import Parts
from ticket_pipeline.orchestration.failures import explained, retry_policy
from ticket_pipeline.orchestration.without_people import without_people

#: Seconds. A long blast is stopped then, between two batches, and the next run goes on with it; what a power cut
#: left behind gives its place in the queue back.
LONGEST_RUN = 4 * 3600
#: Before all others that are queued: these are the only runs somebody waits for on the second.
PRIORITY = 10


def announce_job(parts: Parts) -> dg.JobDefinition:
    """Announce what is due; mark each event's partition, and show the subscribers, as it goes."""
    names = parts.names

    @dg.op(name=f"{names.announce_job}_op", retry_policy=retry_policy(parts.retry_delay, parts.retries))
    def run_announce(context: dg.OpExecutionContext) -> None:
        with explained(parts.watch), without_people():
            site, done = parts.site, list[Announced]()
            with closing(announce_due(context, names, site)) as news:
                for each in news:
                    done.append(each)
                    mark(context, names, site, each)
            context.add_output_metadata(of_run(site, done))
            for evaluation in announcement_checks.evaluations(names, site, at=site.clock()):
                context.log_event(evaluation)  # type: ignore[arg-type] # it takes checks too, unsaid
            raise_the_worst(done)

    @dg.job(
        name=names.announce_job,
        description="Tell subscribers that a sale starts: get ready before, hold until the instant, tell each once.",
        tags={**names.tags, MAX_RUNTIME_SECONDS_TAG: str(LONGEST_RUN), PRIORITY_TAG: str(PRIORITY)},
        executor_def=dg.in_process_executor,
    )
    def announce_sale_starts() -> None:
        run_announce()

    return announce_sale_starts
