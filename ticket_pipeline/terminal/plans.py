"""Plans and drift, like a good diff."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from rich.console import Console
from rich.markup import escape

from ticket_pipeline.model.change import Action, Change
from ticket_pipeline.model.record import Value
from ticket_pipeline.model.report import Drift, Hold, Plan

_MARKS = {
    Action.CREATE: ("+", "green"),
    Action.UPDATE: ("~", "yellow"),
    Action.ARCHIVE: ("-", "red"),
    Action.DELETE: ("-", "red"),
}
_LONGEST = 60


def show_plan(console: Console, site: str, destination: str, plan: Plan, *, every_field: bool = False) -> None:
    """Show a plan like a good diff, and its figures last; of a new record every field only when asked."""
    show_heading(console, site, destination)
    show_changes(console, plan.changes, every_field=every_field)
    counts = {action: sum(change.action is action for change in plan.changes) for action in Action}
    figures = [f"{count} to {action.value}" for action, count in counts.items() if count]
    console.print(f"Plan: {', '.join(figures) or 'nothing to do'}; {plan.unchanged} unchanged.")
    if plan.hold:
        show_hold(console, site, plan.hold)


def show_changes(console: Console, changes: Iterable[Change], *, every_field: bool = False) -> None:
    """Show changes, a line each, and below an update its fields with old and new."""
    for change in changes:
        _show_change(console, change, every_field=every_field)


def show_heading(console: Console, site: str, destination: str | None) -> None:
    """Say what is brought where; a site without a sync is brought nowhere."""
    where = f" -> {escape(destination)}" if destination else ""
    console.print(f"[bold]{escape(site)}[/]{where}", highlight=False, soft_wrap=True)


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
