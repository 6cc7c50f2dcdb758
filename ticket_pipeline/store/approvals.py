"""Approvals: plans that a person let through."""

from datetime import datetime

from sqlalchemy import select

from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.schema import approvals
from ticket_pipeline.store.upsert import upsert

_T = approvals.c


def approve(tx: Transaction, site: str, destination: str, digest: str, *, at: datetime) -> None:
    """Let the plan with this digest through."""
    row = {"site": site, "destination": destination, "digest": digest, "approved_at": at}
    tx.execute(upsert(tx, approvals, ("approved_at",)), row)


def approved(tx: Transaction, site: str, destination: str, digest: str) -> bool:
    """Tell whether a person let the plan with this digest through."""
    this = (_T.site == site, _T.destination == destination, _T.digest == digest)
    return tx.scalar(select(_T.digest).where(*this)) is not None
