"""Records: the ticket definitions in a destination's terms, as last mapped."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select

from ticket_pipeline.model.record import Record, from_json, to_json
from ticket_pipeline.store.chunks import among, stream
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.schema import records
from ticket_pipeline.store.upsert import Columns, upsert

_T = records.c
_WRITTEN = ("event_id", "revision", "fields", "content_hash", "losses", "made_from", "mapped_at")


def made_from(event_hash: str | None, mapping: str) -> str:
    """Name what a record was made with beside its definition: the event's content, and the declared mapping."""
    return f"{event_hash or ''}:{mapping}"


def replace(
    tx: Transaction, site: str, some: Sequence[Record], *, sources: Mapping[str, str] | None = None, at: datetime
) -> int:
    """Keep these records, save those mapped from an older revision; return how many were written.

    `sources` says of each event what its records were made from, as `made_from` names it. A record that says what it
    said before, made from the same, costs no write.
    """
    rows = [_row(site, each, (sources or {}).get(each.event_id, ""), at) for each in _latest(some)]
    if not rows:
        return 0
    statement = upsert(tx, records, _WRITTEN, where=_is_news).returning(_T.definition_id)
    return len(tx.execute(statement, rows).all())


def read(tx: Transaction, site: str, event_ids: Collection[str] | None = None) -> Iterator[Record]:
    """Read the records of these events (None: of all), in the order of event and id."""
    columns = (_T.definition_id, _T.event_id, _T.revision, _T.fields, _T.losses)
    for condition in among(_T.event_id, event_ids):
        query = select(*columns).where(_T.site == site, condition).order_by(_T.event_id, _T.definition_id)
        for definition_id, event_id, revision, fields, losses in stream(tx, query):
            yield Record(
                definition_id=definition_id,
                event_id=event_id,
                revision=revision,
                fields=from_json(fields),
                losses=tuple(losses),
            )


def ids(tx: Transaction, site: str, event_ids: Collection[str]) -> set[str]:
    """Tell which definitions of these events have records."""
    found: set[str] = set()
    for condition in among(_T.event_id, event_ids):
        found.update(tx.scalars(select(_T.definition_id).where(_T.site == site, condition)))
    return found


def event_ids(tx: Transaction, site: str) -> set[str]:
    """Tell which events have records."""
    return set(tx.scalars(select(_T.event_id).where(_T.site == site).distinct()))


def remove(tx: Transaction, site: str, definition_ids: Collection[str]) -> int:
    """Forget the records of these definitions; return how many there were."""
    removed = 0
    for condition in among(_T.definition_id, definition_ids):
        removed += tx.execute(delete(records).where(_T.site == site, condition)).rowcount
    return removed


def _latest(some: Sequence[Record]) -> list[Record]:
    newest: dict[str, Record] = {}
    for each in some:
        if each.definition_id not in newest or each.revision >= newest[each.definition_id].revision:
            newest[each.definition_id] = each
    return [record for _, record in sorted(newest.items())]


def _row(site: str, record: Record, source: str, at: datetime) -> dict[str, Any]:
    return {
        "site": site,
        "definition_id": record.definition_id,
        "event_id": record.event_id,
        "revision": record.revision,
        "fields": to_json(record.fields),
        "content_hash": record.content_hash,
        "losses": list(record.losses),
        "made_from": source,
        "mapped_at": at,
    }


def _is_news(new: Columns, old: Columns) -> ColumnElement[bool]:
    differs = or_(*(new[name] != old[name] for name in ("content_hash", "revision", "losses", "event_id", "made_from")))
    return and_(new.revision >= old.revision, differs)
