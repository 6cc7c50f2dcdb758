"""Suppressions: who told us to write no more, as keyed hashes."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select, update

from ticket_pipeline.store.chunks import among
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.schema import suppressions
from ticket_pipeline.store.upsert import insert_into

_T = suppressions.c


def suppress(tx: Transaction, site: str, recipients: Collection[str], *, why: str, at: datetime) -> None:
    """Write to these no more; whoever is listed already stays as they are."""
    rows = [{"site": site, "recipient": each, "why": why, "at": at} for each in sorted(set(recipients))]
    if rows:
        tx.execute(insert_into(tx, suppressions).on_conflict_do_nothing(), rows)


def to_pass_on(tx: Transaction, site: str, recipient: str) -> bool:
    """Tell whether the marketing tool has not taken this one yet."""
    this = (_T.site == site, _T.recipient == recipient, _T.passed_on_at.is_(None))
    return tx.scalar(select(_T.recipient).where(*this)) is not None


def passed_on(tx: Transaction, site: str, recipient: str, *, at: datetime) -> None:
    """Note that the marketing tool has taken it."""
    this = (_T.site == site, _T.recipient == recipient)
    tx.execute(update(suppressions).where(*this).values(passed_on_at=at))


def suppressed(tx: Transaction, site: str, recipients: Collection[str]) -> set[str]:
    """Tell which of these are not to be written to."""
    found: set[str] = set()
    for condition in among(_T.recipient, recipients):
        found.update(tx.scalars(select(_T.recipient).where(_T.site == site, condition)))
    return found


def count(tx: Transaction, site: str | None = None) -> int:
    """Count them, of one site or of all."""
    query = select(func.count()).select_from(suppressions)
    return tx.scalar(query if site is None else query.where(_T.site == site)) or 0
