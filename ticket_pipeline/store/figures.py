"""Figures: what runs did, added up where they did it; the runs themselves are over when somebody asks.

They lie among the checkpoints, so that they are as durable as what they count, and only grow, whatever is purged.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import select

from ticket_pipeline.store import checkpoints
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.schema import checkpoints as table
from ticket_pipeline.store.upsert import insert_into

#: The upper bounds, in seconds, by which durations are sorted; what takes longer is beyond the last.
BOUNDS = (0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0)
BEYOND, SUM = "+Inf", "sum"

#: Numbers, each under a word of ours.
Figures = Mapping[str, float]

_T = table.c
_PREFIX = "figures."


def add(tx: Transaction, site: str, name: str, amounts: Figures, *, at: datetime) -> None:
    """Add to figures; the first amount of each makes it."""
    before = locked(tx, site, name, at=at)
    put(tx, site, name, {**before, **{each: before.get(each, 0) + more for each, more in amounts.items()}}, at=at)


def observe(tx: Transaction, site: str, name: str, seconds: Iterable[float], *, at: datetime) -> None:
    """Add durations to a histogram; one below zero, by clocks that differ, is none."""
    taken = [max(0.0, each) for each in seconds]
    if taken:
        counts = Counter(_bucket(each) for each in taken)
        add(tx, site, name, {**counts, SUM: round(sum(taken), 3)}, at=at)


def put(tx: Transaction, site: str, name: str, values: Figures, *, at: datetime) -> None:
    """Set figures, whatever they were."""
    checkpoints.put(tx, site, _PREFIX + name, dict(values), at=at)


def locked(tx: Transaction, site: str, name: str, *, at: datetime) -> dict[str, float]:
    """Read figures, and keep others from them until the transaction ends."""
    first = {"site": site, "name": _PREFIX + name, "value": {}, "updated_at": at}
    tx.execute(insert_into(tx, table).on_conflict_do_nothing(), first)
    this = select(_T.value).where(_T.site == site, _T.name == _PREFIX + name).with_for_update()
    return dict(tx.scalars(this).one())


def everything(tx: Transaction) -> dict[tuple[str, str], dict[str, float]]:
    """Read all figures, by site and name."""
    query = select(_T.site, _T.name, _T.value).where(_T.name.startswith(_PREFIX, autoescape=True))
    return {(site, name.removeprefix(_PREFIX)): value for site, name, value in tx.execute(query)}


def _bucket(seconds: float) -> str:
    return next((str(bound) for bound in BOUNDS if seconds <= bound), BEYOND)
