"""The backlog: how much of the inbox waits for its effect, without reading any of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, text

from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.schema import inbox

_T = inbox.c
# As text, not as a parameter, so that the partial index is seen to fit.
_WAITS = text("state = 'landed'")


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
    return tx.scalar(waiting(site, func.max(_T.seq))) or 0


def look(tx: Transaction, site: str, *, after: int = 0) -> Backlog | None:
    """Look at the entries beyond this number that wait; None when none does."""
    figures = (func.count(), func.min(_T.seq), func.max(_T.seq), func.min(_T.landed_at))
    count, first, last, oldest = tx.execute(waiting(site, *figures).where(_T.seq > after)).one()
    return Backlog(count=count, first=first, last=last, oldest_landed_at=oldest) if count else None


def waiting(site: str, *figures: Any) -> Select[*tuple[Any, ...]]:
    """Ask for figures of the entries that wait, through the index that holds only these."""
    return select(*figures).where(_T.site == site, _WAITS)
