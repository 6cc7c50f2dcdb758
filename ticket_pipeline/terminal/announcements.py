"""Announcements: the calendar of sale starts, and what would be sent."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ticket_pipeline.model.announcement import AnnouncementPreview, CalendarEntry, PlannedStart, Standing
from ticket_pipeline.model.message import Delivery, Fate

_MOST_TIERS = 3
_COLOURS = {
    Standing.COMING: "cyan",
    Standing.UNDER_WAY: "yellow",
    Standing.INTERRUPTED: "red",
    Standing.ANNOUNCED: "green",
    Standing.SKIPPED_LATE: "red",
}


def show_calendar(console: Console, site: str, entries: Sequence[CalendarEntry]) -> None:
    """List sale starts in their order, past ones with what became of them."""
    if not entries:
        console.print(f"{site}: no sale starts; ticket definitions get theirs at Wix, as the start of their sale.")
        return
    table = Table(title=f"{site}: sale starts", title_justify="left", box=None, padding=(0, 2))
    for heading in ("when", "event", "tiers", "", "told"):
        table.add_column(heading, justify="right" if heading == "told" else "left", overflow="fold")
    for each in entries:
        table.add_row(_when(each.sale_start), escape(each.title), escape(_tiers(each)), _how(each), _told(each))
    console.print(table)


def show_preview(
    console: Console, site: str, planned: PlannedStart | None, preview: AnnouncementPreview | None, *, now: datetime
) -> None:
    """Show when it goes out and to how many, why not to the others, and the message."""
    if planned is None or preview is None:
        console.print(f"{site}: no coming sale start.")
        return
    console.print(f"[bold]{escape(site)}[/]: {escape(planned.start.title)}", soft_wrap=True)
    console.print(f"  sale starts {_when(planned.start.at)} ({_distance(planned.start.at - now)})")
    console.print(f"  to {preview.eligible} of {preview.listed} listed{_by(preview.channels)}")
    for reason, count in preview.skipped.items():
        console.print(f"  not to {count}: {reason.replace('_', ' ')}")
    console.print(f"\n[bold]Subject:[/] {escape(preview.subject)}\n", soft_wrap=True)
    console.print(escape(preview.text), soft_wrap=True)


def show_test(console: Console, site: str, planned: PlannedStart, delivery: Delivery) -> None:
    """Say what became of the one message."""
    if delivery.fate is Fate.SENT:
        console.print(f"{site}: sent the message of {escape(planned.start.title)} to that address.", soft_wrap=True)
    else:
        why = escape(delivery.reason or delivery.code or "no reason given")
        console.print(f"{site}: not sent ({delivery.fate.value}): {why}", soft_wrap=True)


def _tiers(entry: CalendarEntry) -> str:
    """Name the first few."""
    more = len(entry.tiers) - _MOST_TIERS
    return ", ".join(entry.tiers[:_MOST_TIERS]) + (f" and {more} more" if more > 0 else "")


def _when(at: datetime) -> str:
    return f"{at:%a %Y-%m-%d %H:%M} UTC"


def _how(entry: CalendarEntry) -> str:
    words = entry.standing.value.replace("_", " ")
    coloured = f"[{_COLOURS[entry.standing]}]{words}[/]" if entry.standing in _COLOURS else words
    return f"{coloured}: {escape(entry.why)}" if entry.why else coloured


def _told(entry: CalendarEntry) -> str:
    return "" if entry.standing is Standing.COMING else str(entry.told)


def _by(channels: Mapping[str, int]) -> str:
    return f" ({', '.join(f'{kind} {count}' for kind, count in channels.items())})" if channels else ""


def _distance(left: timedelta) -> str:
    minutes = abs(int(left.total_seconds())) // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{minutes % 60} min"]
    text = " ".join(part for part in parts if part)
    return f"in {text}" if left > timedelta(0) else f"{text} ago"
