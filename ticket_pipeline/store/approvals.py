"""Approvals: records that a person lets be taken away, one row for each, until that has come about."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, select

from ticket_pipeline.store.chunks import among
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.schema import approvals
from ticket_pipeline.store.upsert import upsert

_T = approvals.c


def approve(tx: Transaction, site: str, destination: str, definition_ids: Collection[str], *, at: datetime) -> None:
    """Let the records of these definitions be taken away, however many they are; what was approved before stays so."""
    place = {"site": site, "destination": destination, "approved_at": at}
    rows = [place | {"definition_id": each} for each in sorted(set(definition_ids))]
    if rows:
        tx.execute(upsert(tx, approvals, ("approved_at",)), rows)


def approved(tx: Transaction, site: str, destination: str) -> set[str]:
    """Tell of which definitions the records may be taken away."""
    return set(tx.scalars(select(_T.definition_id).where(_at(site, destination))))


def forget(tx: Transaction, site: str, destination: str, definition_ids: Collection[str]) -> None:
    """Let these be judged anew, should their records ever have to be taken away."""
    for condition in among(_T.definition_id, definition_ids):
        tx.execute(delete(approvals).where(_at(site, destination), condition))


def _at(site: str, destination: str) -> ColumnElement[bool]:
    return and_(_T.site == site, _T.destination == destination)
