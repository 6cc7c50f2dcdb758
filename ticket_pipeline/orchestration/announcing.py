"""Announcing inside a run: what is due is announced, shown and marked; whose run it is makes no difference.

The ledger decides what is due, and who is at it: another run that is at work on a sale start is left alone.
"""

from collections.abc import Generator, Sequence
from contextlib import closing
from datetime import datetime

import dagster as dg

from ticket_pipeline.errors import TicketPipelineError, TransientError
from ticket_pipeline.flows.announce_all import Announced, announce_all
from ticket_pipeline.flows.announcement_calendar import calendar
from ticket_pipeline.flows.inspect_work import look_for_work
from ticket_pipeline.flows.sale_starts import due, next_start
from ticket_pipeline.model.announcement import Outcome, Standing
from ticket_pipeline.orchestration.announcement_rows import announced, calendar_table, instant
from ticket_pipeline.orchestration.event_partitions import align
from ticket_pipeline.orchestration.follow_runs import say_taken
from ticket_pipeline.orchestration.metadata import Metadata
from ticket_pipeline.orchestration.names import SALE_START_ANNOUNCEMENTS, SUBSCRIBERS, Names
from ticket_pipeline.orchestration.subscribers import announcing, coming, of_audience
from ticket_pipeline.orchestration.without_people import defect
from ticket_pipeline.wiring import Site

Context = dg.AssetExecutionContext | dg.OpExecutionContext


def announce_due(
    context: Context, names: Names, site: Site, event_ids: Sequence[str] | None = None
) -> Generator[Announced, None, None]:
    """Announce what is due, of these events (None: of all); yield each that is done with.

    The audience is shown once it was read, before anybody is told. Closing it early stops what is under way.

    Raises:
        TransientError, ConfigError: what is due cannot be found out. What stops one announcement is in what is yielded.
    """
    parts = announcing(site)
    planned = [
        each for each in due(site.state, now=site.clock()) if event_ids is None or each.start.event_id in event_ids
    ]
    say_taken(context.instance, context.run.run_id, 0)
    if not planned:
        context.log.info(nothing_due(site, at=site.clock()))
        return
    counted = coming(parts, planned)
    with closing(announce_all(parts, planned, counted=counted)) as news:
        for new in news:
            if isinstance(new, Announced):
                context.log.info(_sentence(new))
                yield new
            else:
                figures = of_audience(parts, counted, new)
                context.log_event(dg.AssetMaterialization(names.key(SUBSCRIBERS), metadata=figures))


def mark(context: Context, names: Names, site: Site, done: Announced) -> None:
    """Mark the event's partition with what became of its sale start; what is done elsewhere is marked there."""
    if done.report is None or done.report.outcome is Outcome.ELSEWHERE:
        return
    event_id = done.planned.start.event_id
    if not context.instance.has_dynamic_partition(names.partitions_name, event_id):
        align(context.instance, names, look_for_work(site.state, site.sync_parts))
    if context.instance.has_dynamic_partition(names.partitions_name, event_id):
        shown = announced(site, [event_id], at=site.clock())[event_id]
        key = names.key(SALE_START_ANNOUNCEMENTS)
        context.log_event(dg.AssetMaterialization(key, partition=event_id, metadata=shown))


def of_run(site: Site, done: Sequence[Announced]) -> Metadata:
    """Show what a run did, of all events together, and what comes next."""
    reports = [each.report for each in done if each.report is not None]
    ahead = [each for each in calendar(site.state, now=site.clock()) if each.standing is Standing.COMING]
    return {
        "sale starts (whole run)": len(done),
        "told (whole run)": sum(each.told for each in reports if each.outcome is Outcome.ANNOUNCED),
        "what was due (whole run)": " ".join(map(_sentence, done)) or nothing_due(site, at=site.clock()),
        "coming sale starts (site)": calendar_table(ahead),
    }


def nothing_due(site: Site, *, at: datetime) -> str:
    """Say that there is nothing to announce, and when there will be."""
    following = next_start(site.state, now=at)
    if following is None:
        return "Nothing is due; no sale start is to come."
    start = following.start
    return f"Nothing is due; the next sale starts at {instant(start.at)} ({start.title or start.event_id})."


def raise_the_worst(done: Sequence[Announced]) -> None:
    """Fail where something failed: by what a person has to mend, rather than by what passes.

    Raises:
        ConfigError, TransientError: as an announcement raised it.
        DefectError: for anything else.
    """
    errors = [each.error for each in done if each.error is not None]
    if errors:
        worst = max(errors, key=_badness)
        raise worst if isinstance(worst, TicketPipelineError) else defect(worst)


def _badness(error: Exception) -> int:
    if isinstance(error, TransientError):
        return 0
    return 2 if isinstance(error, TicketPipelineError) else 1


def _sentence(done: Announced) -> str:
    """Say what became of one sale start."""
    start, report = done.planned.start, done.report
    which = f"{start.title or start.event_id}, {instant(start.at)}"
    if report is None:
        return f"{which}: {_trouble(done.error)}."
    if report.outcome is Outcome.ANNOUNCED and not report.why:
        after = (
            "" if report.first_sent_after is None else f", the first {report.first_sent_after:.3f} s after the start"
        )
        return f"{which}: {report.told} told{after}."
    return f"{which}: {report.outcome.value.replace('_', ' ')}{f' ({report.why})' if report.why else ''}."


def _trouble(error: Exception | None) -> str:
    return str(error) if isinstance(error, TicketPipelineError) else type(error).__name__
