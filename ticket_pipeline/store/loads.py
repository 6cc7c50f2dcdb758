"""When the definitions of each event were last read completely."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.schema import loads
from ticket_pipeline.store.upsert import upsert

_T = loads.c


def complete(
    tx: Transaction, site: str, definitions: Mapping[str, int], *, load_id: str, started_at: datetime, at: datetime
) -> None:
    """Note that a load read all definitions of these events, and how many; a load begun earlier changes nothing."""
    rows = [
        {
            "site": site,
            "event_id": event_id,
            "load_id": load_id,
            "started_at": started_at,
            "completed_at": at,
            "definitions": count,
        }
        for event_id, count in sorted(definitions.items())
    ]
    columns = ("load_id", "started_at", "completed_at", "definitions")
    if rows:
        tx.execute(upsert(tx, loads, columns, where=lambda new, old: new.started_at >= old.started_at), rows)


def completed(tx: Transaction, site: str) -> dict[str, datetime]:
    """Tell when the last complete load of each event was completed."""
    return dict(tx.execute(select(_T.event_id, _T.completed_at).where(_T.site == site)).all())
