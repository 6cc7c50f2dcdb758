"""Reports as the metadata of Dagster's assets: figures, links and a look at a few rows."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice

import dagster as dg

from ticket_pipeline.mapping.rules import ID_FIELD
from ticket_pipeline.model.counting import CountReport
from ticket_pipeline.model.event import Event
from ticket_pipeline.model.record import Record, Value
from ticket_pipeline.model.report import (
    EventsReport,
    FollowReport,
    LoadReport,
    MapReport,
    PublishReport,
    ReconcileReport,
    Refusal,
)
from ticket_pipeline.model.ticket_definition import TicketDefinition

Entry = dg.MetadataValue | str | int | float | None
Metadata = dict[str, Entry]
Row = Mapping[str, str | int | float | bool | None]

#: How many rows a table shows.
ROWS = 20
#: With more events than this in a run, their partitions show figures only: a thousand tables are read by nobody.
DETAILED = 200


def table(rows: Iterable[Row]) -> dg.MetadataValue:
    """Show the first rows as a table; what they hold was written by others, so long texts are cut.

    Rows need not have the same columns: a record that a new mapping refuses stays as the old one made it.
    """
    first = list(islice(rows, ROWS))
    names = list(dict.fromkeys(name for row in first for name in row)) or ["nothing"]
    shown = [dg.TableRecord({name: _cut(row.get(name)) for name in names}) for row in first]
    return dg.MetadataValue.table(shown, dg.TableSchema(columns=[dg.TableColumn(name) for name in names]))


def of_events(report: EventsReport, events: Sequence[Event]) -> Metadata:
    """Show a load of events."""
    return {
        "dagster/row_count": len(events),
        "live events with tickets": len(report.event_ids),
        "changed": report.changed,
        "gone": len(report.gone),
        "requests": report.requests,
        "preview": table(_event_row(event) for event in events),
        **refused(report.refused),
    }


def of_load(report: LoadReport) -> Metadata:
    """Show a load of definitions, of all events of the run together."""
    return {
        "events (whole run)": report.events,
        "definitions (whole run)": report.definitions,
        "created": report.created,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "deleted": report.deleted,
        "missed webhooks": report.gaps,
        "requests": report.requests,
        **refused(report.refused),
    }


def of_mapping(report: MapReport, fingerprint: str) -> Metadata:
    """Show a mapping, of all events of the run together."""
    lossy: list[Row] = [
        {"definition": each, "what is lost": "; ".join(losses)} for each, losses in report.losses.items()
    ]
    return {
        "records (whole run)": report.records,
        "changed": report.changed,
        "cannot be carried whole": len(lossy),
        "mapping": fingerprint[:12],
        **({"losses": table(lossy)} if lossy else {}),
        **refused(report.refused),
    }


def of_publish(report: PublishReport, destination: str) -> Metadata:
    """Show a publish, of all events of the run together."""
    return {
        "created": report.created,
        "updated": report.updated,
        "archived": report.archived,
        "deleted": report.deleted,
        "unchanged": report.unchanged,
        "destination": destination,
        **refused(report.refused),
    }


def of_reconcile(report: ReconcileReport, destination: str | None) -> Metadata:
    """Show a reconcile: what it read, and of a destination how far it had drifted and what was mended."""
    read: Metadata = {
        "events": report.loaded.events,
        "definitions": report.loaded.definitions,
        "requests": report.events.requests + report.loaded.requests,
    }
    return read if destination is None else {**read, **_mended(report, destination)}


def _mended(report: ReconcileReport, destination: str) -> Metadata:
    edited: list[Row] = [
        {"definition": change.definition_id, "edited fields": ", ".join(each.field for each in change.fields)}
        for change in report.drift.edited
    ]
    return {
        "records compared": report.drift.compared,
        "missing at the destination": len(report.drift.missing),
        "edited at the destination": len(edited),
        "unknown to us": len(report.drift.strangers),
        **({"edits": table(edited)} if edited else {}),
        **of_publish(report.published, destination),
    }


def of_count(report: CountReport) -> Metadata:
    """Show a count, of all events of the run together."""
    return {
        "counters read (whole run)": len(report.kept),
        "changed": len(report.changed),
        "gone": len(report.gone),
        "requests": report.requests,
        **({"slowest request, seconds": round(max(report.latencies), 3)} if report.latencies else {}),
        **refused(report.refused),
    }


def of_follow(report: FollowReport, destination: str | None) -> Metadata:
    """Show what following the webhooks did."""
    settled: list[Row] = [
        {"topic": topic, "webhooks": count} for topic, count in sorted(report.ingested.settled.items())
    ]
    return {
        "webhooks": sum(report.ingested.settled.values()),
        "missed webhooks": report.ingested.gaps,
        "events": len(report.event_ids),
        "requests": report.ingested.requests,
        **({"topics": table(settled)} if settled else {}),
        **({"records": report.mapped.records, **of_publish(report.published, destination)} if destination else {}),
        **refused(report.refused),
    }


def of_event(event: Event | None, rows: int) -> Metadata:
    """Show whose partition it is; a page is linked where the event has one."""
    if event is None:
        return {"dagster/row_count": rows}
    page = {"wix event page": dg.MetadataValue.url(event.page_url)} if event.page_url else {}
    return {"dagster/row_count": rows, "wix event": event.title, "status": event.status, **page}


def definition_row(definition: TicketDefinition) -> Row:
    """Show a definition in a line."""
    price = definition.pricing.lowest
    return {
        "id": definition.id,
        "name": definition.name,
        "price": f"{price.value} {price.currency}" if price else None,
        "capacity": definition.capacity,
        "sale status": definition.sale_status,
        "revision": definition.revision,
    }


def record_row(record: Record) -> Row:
    """Show a record in a line."""
    return {ID_FIELD: record.definition_id, **{name: _cell(value) for name, value in record.fields.items()}}


def _event_row(event: Event) -> Row:
    return {
        "id": event.id,
        "title": event.title,
        "status": event.status,
        "starts at": _cell(event.starts_at),
        "registration": event.registration,
    }


def refused(refusals: Sequence[Refusal]) -> Metadata:
    """Show what was left behind."""
    if not refusals:
        return {"refused": 0}
    rows = ({"subject": each.subject, "code": each.code, "reason": each.reason} for each in refusals)
    return {"refused": len(refusals), "refusals": table(rows)}


def _cell(value: Value) -> str | int | bool | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, tuple):
        return "; ".join(", ".join(f"{name} {_cell(each)}" for name, each in part.items()) for part in value)
    return value


def _cut(value: str | int | float | bool | None) -> str | int | float | bool | None:
    return f"{value[:79]}…" if isinstance(value, str) and len(value) > 80 else value
