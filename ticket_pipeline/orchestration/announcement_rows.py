"""What became of the sale starts of some events, event by event, for the metadata of their partitions."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from ticket_pipeline.flows.announcement_calendar import calendar
from ticket_pipeline.model.announcement import CalendarEntry
from ticket_pipeline.orchestration.metadata import ROWS, Metadata, of_event, table
from ticket_pipeline.store import announcements, events, receipts
from ticket_pipeline.store.announcements import Announcement, State
from ticket_pipeline.wiring import Site

_MOST_WORDS = 80
_OUTCOMES = {
    State.OPEN: "under way",
    State.DONE: "announced",
    State.WITHDRAWN: "withdrawn",
    State.SKIPPED_LATE: "skipped, too late",
}
_MARKUP = re.compile(r"([\\`*_\[\]<>|~&:.@])")
_SPACE = re.compile(r"\s+")


def announced(site: Site, event_ids: Sequence[str], *, at: datetime) -> dict[str, Metadata]:
    """Show the sale starts of these events: what became of the last one announced, and the calendar."""
    entries = defaultdict[str, list[CalendarEntry]](list)
    for each in calendar(site.state, now=at):
        entries[each.event_id].append(each)
    with site.state.reading() as tx:
        of_id = {event.id: event for event in events.all_events(tx, site.name, gone=True)}
        last = {each.key.event_id: each for each in announcements.listed(tx, site.name)}
        sent = {each: receipts.sent(tx, site.name, last[each].key) for each in event_ids if each in last}
    return {
        each: {
            **of_event(of_id.get(each), len(entries[each])),
            **(_figures(last[each], sent[each]) if each in last else {"told": 0}),
            "calendar": calendar_table(entries[each]),
        }
        for each in event_ids
    }


def calendar_table(entries: Sequence[CalendarEntry]) -> dg.MetadataValue:
    """Show sale starts in their order; what others wrote cannot become markup."""
    if not entries:
        return dg.MetadataValue.md("No sale starts.")
    lines = ["| sale start | event | tiers | | told |", "| --- | --- | --- | --- | ---: |"]
    lines += [_line(each) for each in entries[:ROWS]]
    more = [f"\n… and {len(entries) - ROWS} more."] if len(entries) > ROWS else []
    return dg.MetadataValue.md("\n".join([*lines, *more]))


def instant(at: datetime) -> str:
    """Write an instant; seconds only where it has some."""
    utc = at.astimezone(UTC)
    return f"{utc:%Y-%m-%d %H:%M:%S} UTC" if utc.second else f"{utc:%Y-%m-%d %H:%M} UTC"


def _figures(row: Announcement, sent: int) -> Metadata:
    """Show what became of one announcement; what its runs reported is there once it is settled."""
    report: Mapping[str, Any] = row.report or {}
    after = (row.first_sent_at - row.key.at).total_seconds() if row.first_sent_at else None
    return {
        "sale start": dg.MetadataValue.timestamp(row.key.at),
        "outcome": _OUTCOMES[row.state],
        **({"why": row.why} if row.why else {}),
        "told": sent,
        **({"first message, seconds after the start": round(after, 3)} if after is not None else {}),
        **({"finished": dg.MetadataValue.timestamp(row.finished_at)} if row.finished_at else {}),
        **_counted(report),
    }


def _counted(report: Mapping[str, Any]) -> Metadata:
    """Show a report's counts; lists of reasons only where there are any."""
    counts = {name: _counts(report, name) for name in ("sent", "failed", "skipped")}
    listed = {
        "told, by channel": ("channel", counts["sent"]),
        "failed, by code": ("code", counts["failed"]),
        "not written to, by reason": ("reason", counts["skipped"]),
    }
    figures: Metadata = {
        "eligible": int(report.get("eligible", 0)),
        "left out right before": int(report.get("left_out", 0)),
        "failed": sum(counts["failed"].values()),
        "unknown": int(report.get("unknown", 0)),
    }
    tables = {
        title: table({column: name, "people": count} for name, count in found.items())
        for title, (column, found) in listed.items()
        if found
    }
    return {**figures, **tables} if report else {}


def _counts(report: Mapping[str, Any], name: str) -> dict[str, int]:
    return {str(each): int(count) for each, count in (report.get(name) or {}).items()}


def _line(entry: CalendarEntry) -> str:
    how = entry.standing.value.replace("_", " ") + (f": {entry.why}" if entry.why else "")
    cells = (instant(entry.sale_start), _plain(entry.title), _plain(", ".join(entry.tiers)), _plain(how), entry.told)
    return "| " + " | ".join(str(each) for each in cells) + " |"


def _plain(text: str) -> str:
    """Write what others wrote as words: no link, no picture, no table of theirs."""
    flat = _SPACE.sub(" ", text).strip()
    cut = f"{flat[:_MOST_WORDS]}…" if len(flat) > _MOST_WORDS else flat
    return _MARKUP.sub(r"\\\1", cut)
