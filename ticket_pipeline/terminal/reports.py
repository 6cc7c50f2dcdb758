"""What flows did, in figures and short lists."""

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ticket_pipeline.flows.replay import Selection
from ticket_pipeline.model.finding import Finding, Level
from ticket_pipeline.model.report import (
    FollowReport,
    PublishReport,
    ReconcileReport,
    Refusal,
    SyncReport,
)
from ticket_pipeline.store.dead_letters import DeadLetter
from ticket_pipeline.terminal.plans import show_changes, show_drift, show_heading, show_hold

_SIGNS = {Level.OK: ("ok", "green"), Level.WARNING: ("warning", "yellow"), Level.ERROR: ("error", "red")}
_MOST_SHOWN = 20


def show_published(console: Console, site: str, published: PublishReport) -> None:
    """Say what was refused, or why nothing was written."""
    if published.hold:
        show_hold(console, site, published.hold)
    show_refusals(console, published.refused)


def show_refusals(console: Console, refusals: Iterable[Refusal]) -> None:
    """List what was left behind, the first of many."""
    listed = list(refusals)
    for each in listed[:_MOST_SHOWN]:
        line = f"  [red]refused[/] {each.subject}: {escape(each.reason)} ({each.code})"
        console.print(line, highlight=False, soft_wrap=True)
    if len(listed) > _MOST_SHOWN:
        console.print(f"  … and {len(listed) - _MOST_SHOWN} more refused")


def show_losses(console: Console, losses: Mapping[str, tuple[str, ...]]) -> None:
    """Say what the destination cannot carry."""
    for definition_id, sentences in list(losses.items())[:_MOST_SHOWN]:
        for sentence in sentences:
            console.print(f"  [yellow]lost[/] {definition_id}: {escape(sentence)}", highlight=False)
    if len(losses) > _MOST_SHOWN:
        console.print(f"  … and {len(losses) - _MOST_SHOWN} more definitions with losses")


def show_synced(console: Console, site: str, destination: str | None, report: SyncReport) -> None:
    """Say what a sync did, what it left behind, whether the checks after it passed, and where Dagster shows it."""
    loaded, published = report.loaded, report.published
    show_heading(console, site, destination)
    show_losses(console, report.mapped.losses)
    show_refusals(console, (*report.events.refused, *loaded.refused, *report.mapped.refused))
    show_published(console, site, published)
    writes = [
        ("records created", published.created),
        ("records updated", published.updated),
        ("records archived, deleted", _figures(published.archived, published.deleted)),
        ("records unchanged", published.unchanged),
    ]
    rows = [
        ("events", loaded.events),
        ("ticket definitions", loaded.definitions),
        *(writes if destination else ()),
        ("requests spent", report.events.requests + loaded.requests),
    ]
    show_figures(console, rows)
    if destination and not published.written and not published.hold and not published.refused:
        console.print("In sync: nothing was written.")
    if report.failed_checks:
        failed = ", ".join(f"{each.asset}.{each.name}" for each in report.failed_checks)
        console.print(f"[yellow]checks failed: {failed}[/]", soft_wrap=True)
    elif not published.hold:
        console.print(f"{'synced' if destination else 'loaded'}; all checks passed")
    console.print(f"In Dagster: /runs/{report.run_ids[-1]}", soft_wrap=True)


def show_reconciled(console: Console, site: str, destination: str | None, report: ReconcileReport) -> None:
    """Say on one page whether everything is in step."""
    show_heading(console, site, destination)
    show_drift(console, report.drift)
    show_changes(console, report.planned.changes)
    show_refusals(console, (*report.events.refused, *report.loaded.refused, *report.mapped.refused))
    show_published(console, site, report.published)
    published = report.published
    mended = [
        ("differences at the destination", report.drift.differences),
        ("created, updated, archived, deleted", _written(published)),
    ]
    rows = [
        ("events", len(report.events.event_ids)),
        ("definitions", report.loaded.definitions),
        (
            "new, changed, deleted at Wix",
            _figures(report.loaded.created, report.loaded.changed, report.loaded.deleted),
        ),
        ("of which no webhook had told", report.untold),
        *(mended if destination else ()),
        ("requests spent", report.events.requests + report.loaded.requests),
    ]
    show_figures(console, rows)


def _written(published: PublishReport) -> str:
    return _figures(published.created, published.updated, published.archived, published.deleted)


def _figures(*figures: int) -> str:
    return ", ".join(map(str, figures))


def show_findings(console: Console, site: str, findings: Iterable[Finding]) -> None:
    """Show each finding as it is found, with what to do about it."""
    for finding in findings:
        sign, colour = _SIGNS[finding.level]
        line = f"[{colour}]{sign:>7}[/] {site}: {finding.what}: {escape(finding.seen)}"
        console.print(line, highlight=False, soft_wrap=True)
        if finding.remedy:
            console.print(f"        -> {escape(finding.remedy)}", highlight=False, soft_wrap=True)


def show_figures(console: Console, rows: Iterable[tuple[str, object]]) -> None:
    """Show figures as a small table."""
    table = Table(show_header=False, box=None, padding=(0, 2))
    for name, value in rows:
        table.add_row(name, str(value))
    console.print(table)


def show_dead_letters(console: Console, site: str, letters: Sequence[DeadLetter]) -> None:
    """List what was refused, and the command that helps."""
    if not letters:
        console.print(f"{site}: no dead letters.")
        return
    console.print(f"[bold]{escape(site)}[/]: {len(letters)} refused")
    for each in letters:
        line = f"  {each.id:>5}  {each.flow:<8}{each.subject}: {escape(each.reason)} ({each.code}, {each.attempts}x)"
        console.print(line, highlight=False, soft_wrap=True)
    console.print(f"When its cause is mended: ticket-pipeline replay --site {site} NUMBER …, or --all", soft_wrap=True)


def show_selection(console: Console, site: str, selection: Selection) -> None:
    """Say what a replay takes up."""
    letters, seqs = len(selection.letters), len(selection.seqs)
    console.print(f"[bold]{escape(site)}[/]: {letters} dead letters and {seqs} landed webhooks to replay")
    if selection.reaches_back_to:
        since = f"{selection.reaches_back_to:%Y-%m-%d %H:%M} UTC"
        line = f"The inbox reaches back to {since} (retention.inbox): what was done with before is not replayed."
        console.print(line, soft_wrap=True)


def show_followed(console: Console, site: str, destination: str | None, report: FollowReport) -> None:
    """Say what following the inbox did."""
    show_heading(console, site, destination)
    show_refusals(console, (*report.ingested.refused, *report.mapped.refused))
    show_published(console, site, report.published)
    rows = [
        ("webhooks settled", sum(report.ingested.settled.values())),
        ("webhooks that never came", report.ingested.gaps),
        ("events touched", len(report.event_ids)),
        *([("created, updated, archived, deleted", _written(report.published))] if destination else ()),
        ("requests spent", report.ingested.requests),
    ]
    show_figures(console, rows)
