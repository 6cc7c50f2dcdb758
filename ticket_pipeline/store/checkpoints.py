"""Checkpoints: how far we came, under a name of ours."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.schema import checkpoints
from ticket_pipeline.store.upsert import upsert

_T = checkpoints.c


def put(tx: Transaction, site: str, name: str, value: Any, *, at: datetime) -> None:
    """Remember a JSON value under the name."""
    row = {"site": site, "name": name, "value": value, "updated_at": at}
    tx.execute(upsert(tx, checkpoints, ("value", "updated_at")), row)


def get(tx: Transaction, site: str, name: str) -> Any:
    """Read what was last put under the name; None when nothing was."""
    return tx.scalar(select(_T.value).where(_T.site == site, _T.name == name))
