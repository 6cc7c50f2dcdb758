"""Reports, plans and progress as a person reads them in a terminal."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from ticket_pipeline.flows.progress import Progress as Watcher
from ticket_pipeline.flows.progress import unwatched
from ticket_pipeline.model.change import Action, Change
from ticket_pipeline.model.finding import Finding, Level
from ticket_pipeline.model.record import Value
from ticket_pipeline.model.report import (
    Drift,
    EventsReport,
    Hold,
    LoadReport,
    MapReport,
    Plan,
    PublishReport,
    ReconcileReport,
    Refusal,
)

_MARKS = {
    Action.CREATE: ("+", "green"),
    Action.UPDATE: ("~", "yellow"),
    Action.ARCHIVE: ("-", "red"),
    Action.DELETE: ("-", "red"),
}
_SIGNS = {Level.OK: ("ok", "green"), Level.WARNING: ("warning", "yellow"), Level.ERROR: ("error", "red")}
_LONGEST = 60
_MOST_SHOWN = 20


def show_plan(console: Console, site: str, destination: str, plan: Plan, *, every_field: bool = False) -> None:
    """Show a plan like a good diff, and its figures last; of a new record every field only when asked."""
    show_heading(console, site, destination)
    for change in plan.changes:
        _show_change(console, change, every_field=every_field)
    counts = {action: sum(change.action is action for change in plan.changes) for action in Action}
    figures = [f"{count} to {action.value}" for action, count in counts.items() if count]
    console.print(f"Plan: {', '.join(figures) or 'nothing to do'}; {plan.unchanged} unchanged.")
    if plan.hold:
        show_hold(console, site, plan.hold)


def show_heading(console: Console, site: str, destination: str) -> None:
    """Say what is brought where."""
    console.print(f"[bold]{escape(site)}[/] -> {escape(destination)}", highlight=False, soft_wrap=True)


def _show_change(console: Console, change: Change, *, every_field: bool) -> None:
    mark, colour = _MARKS[change.action]
    line = f"  [{colour}]{mark} {change.action.value:<7}[/] {change.definition_id}  {escape(_label(change))}"
    console.print(line.rstrip(), highlight=False, soft_wrap=True)
    if change.action is Action.CREATE and not every_field:
        return
    for each in change.fields:
        old = "" if change.action is Action.CREATE else f"{_text(each.old)} -> "
        console.print(f"      {each.field}: {escape(old + _text(each.new))}", highlight=False, soft_wrap=True)


def _label(change: Change) -> str:
    """Call a record by what a person would call it, as far as its mapping tells."""
    fields = change.record.fields if change.record else {}
    said = [fields.get(name) for name in ("event_title", "title", "name")]
    return " · ".join(dict.fromkeys(each for each in said if isinstance(each, str)))


def _text(value: Value) -> str:
    if isinstance(value, tuple):
        return "[" + "; ".join(", ".join(f"{key}={_text(part[key])}" for key in part) for part in value) + "]"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, Decimal):
        return format(value, "f")
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    text = str(value).replace("\n", "\\n")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def show_hold(console: Console, site: str, hold: Hold) -> None:
    """Say why nothing is written, and what a person can do."""
    console.print(
        f"[red]Held:[/] {hold.deletes} of {hold.of} records would be taken away, more than max_delete_fraction "
        f"allows. Nothing is written until you look and run: ticket-pipeline plan --site {site} --approve",
        soft_wrap=True,
    )


def show_drift(console: Console, drift: Drift) -> None:
    """Say how the destination differed from what we had written."""
    for each in drift.missing:
        console.print(f"  [red]missing[/] {each}: its record is gone from the destination", highlight=False)
    for change in drift.edited:
        console.print(f"  [yellow]edited[/] {change.definition_id}", highlight=False)
        for field in change.fields:
            text = f"{field.field}: found {_text(field.old)}, should be {_text(field.new)}"
            console.print(f"      {escape(text)}", highlight=False)
    for each in drift.strangers:
        console.print(f"  [yellow]stranger[/] {each}: held there, unknown here; left alone", highlight=False)


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


def show_synced(
    console: Console,
    site: str,
    destination: str,
    *,
    events: EventsReport,
    loaded: LoadReport,
    mapped: MapReport,
    published: PublishReport,
) -> None:
    """Say what a sync did, and what it left behind."""
    show_heading(console, site, destination)
    show_losses(console, mapped.losses)
    show_refusals(console, (*events.refused, *loaded.refused, *mapped.refused))
    show_published(console, site, published)
    rows = [
        ("events", loaded.events),
        ("ticket definitions", loaded.definitions),
        ("records created", published.created),
        ("records updated", published.updated),
        ("records archived, deleted", _figures(published.archived, published.deleted)),
        ("records unchanged", published.unchanged),
        ("requests spent", events.requests + loaded.requests),
    ]
    show_figures(console, rows)
    if not published.written and not published.hold and not published.refused:
        console.print("In sync: nothing was written.")


def show_reconciled(console: Console, site: str, destination: str, report: ReconcileReport) -> None:
    """Say on one page whether everything is in step."""
    show_heading(console, site, destination)
    show_drift(console, report.drift)
    show_refusals(console, (*report.events.refused, *report.loaded.refused, *report.mapped.refused))
    show_published(console, site, report.published)
    published = report.published
    rows = [
        ("events", len(report.events.event_ids)),
        ("definitions", report.loaded.definitions),
        (
            "new, changed, deleted at Wix",
            _figures(report.loaded.created, report.loaded.changed, report.loaded.deleted),
        ),
        ("webhooks that never came", report.loaded.gaps),
        ("differences at the destination", report.drift.differences),
        ("created, updated, archived, deleted", _written(published)),
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


@contextmanager
def watching(console: Console, *, quiet: bool) -> Iterator[Watcher]:
    """Give a watcher that draws progress bars on a terminal and does nothing elsewhere."""
    if quiet or not console.is_terminal:
        yield unwatched
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def watch(step: str, done: int, total: int | None) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done, total=total)

        yield watch
