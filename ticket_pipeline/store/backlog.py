"""The backlog: how much of the inbox waits for its effect, without reading any of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnClause, Select, column, func, select, text

from ticket_pipeline.store.columns import Instant
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.schema import inbox

_site: ColumnClause[str] = column("site")
_seq: ColumnClause[int] = column("seq")
_landed_at = column("landed_at", Instant)
_WAITS = text("state = 'landed'")
# Without statistics SQLite prefers the index of all entries, and then reads every settled one to find none that waits.
_PARTIAL = text("inbox INDEXED BY inbox_waiting")


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """Entries that wait for their effect."""

    count: int
    #: Number of the oldest one.
    first: int
    #: Number of the newest one.
    last: int
    oldest_landed_at: datetime


def newest(tx: Transaction, site: str) -> int:
    """Give the number of the newest entry that waits, 0 when none does; cheap enough to be asked all the time."""
    return tx.scalar(_waiting(tx, site, func.max(_seq))) or 0


def look(tx: Transaction, site: str, *, after: int = 0) -> Backlog | None:
    """Look at the entries beyond this number that wait; None when none does."""
    figures = (func.count(), func.min(_seq), func.max(_seq), func.min(_landed_at))
    count, first, last, oldest = tx.execute(_waiting(tx, site, *figures).where(_seq > after)).one()
    return Backlog(count=count, first=first, last=last, oldest_landed_at=oldest) if count else None


def _waiting(tx: Transaction, site: str, *figures: Any) -> Select[*tuple[Any, ...]]:
    source = _PARTIAL if tx.dialect.name == "sqlite" else inbox
    return select(*figures).select_from(source).where(_site == site, _WAITS)
