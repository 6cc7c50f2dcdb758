"""The ledger of announcements: which sale starts were announced, and who is at work on one now.

A claim is one row that one process at a time may call its own, for as long as it gives signs of life.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, or_, select, update

from ticket_pipeline.model.announcement import StartKey
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.schema import announcements
from ticket_pipeline.store.upsert import insert_into

_T = announcements.c


class State(StrEnum):
    """How far an announcement is."""

    #: Claimed, or left unfinished by who had claimed it.
    OPEN = "open"
    DONE = "done"
    #: Was no start any more when it was read again; may be claimed once more, should it come back.
    WITHDRAWN = "withdrawn"
    SKIPPED_LATE = "skipped_late"


SETTLED = frozenset({State.DONE, State.SKIPPED_LATE})


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """One row of the ledger."""

    key: StartKey
    definition_ids: tuple[str, ...]
    state: State
    why: str
    claimed_until: datetime | None
    first_sent_at: datetime | None
    finished_at: datetime | None
    report: Any
    made_at: datetime


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Whose an announcement is."""

    site: str
    key: StartKey
    #: Names the claimer; no two are alike.
    by: str


def claim(
    tx: Transaction, mine: Claim, definition_ids: Sequence[str], *, now: datetime, lease: timedelta
) -> Announcement | None:
    """Make the announcement ours for the lease; None when it is settled, or somebody alive has it."""
    statement = insert_into(tx, announcements)
    row = {
        **_identity(mine),
        "definition_ids": list(definition_ids),
        "state": State.OPEN,
        "why": "",
        "claimed_by": mine.by,
        "claimed_until": now + lease,
        "made_at": now,
    }
    taken = {name: statement.excluded[name] for name in ("definition_ids", "state", "why")}
    statement = statement.on_conflict_do_update(
        index_elements=list(announcements.primary_key),
        set_={**taken, "claimed_by": mine.by, "claimed_until": now + lease},
        where=and_(
            _T.state.in_([State.OPEN, State.WITHDRAWN]), or_(_T.claimed_until.is_(None), _T.claimed_until <= now)
        ),
    )
    found = tx.execute(statement.returning(*_T), row).one_or_none()
    return None if found is None else _announcement(found)


def extend(tx: Transaction, mine: Claim, *, until: datetime) -> bool:
    """Give a sign of life; False when the announcement is not ours any more."""
    return _change(tx, mine, claimed_until=until)


def first_sent(tx: Transaction, mine: Claim, *, at: datetime) -> None:
    """Note when the first message was taken by the other side; later ones change nothing."""
    tx.execute(update(announcements).where(_is(mine), _T.first_sent_at.is_(None)).values(first_sent_at=at))


def let_go(tx: Transaction, mine: Claim) -> None:
    """Leave it unfinished, free to be claimed at once."""
    _change(tx, mine, claimed_by=None, claimed_until=None)


def settle(tx: Transaction, mine: Claim, state: State, *, why: str, report: Any, at: datetime) -> bool:
    """Say what became of it; False when it is not ours any more."""
    return _change(tx, mine, state=state, why=why, report=report, finished_at=at, claimed_by=None, claimed_until=None)


def skip_late(
    tx: Transaction, site: str, key: StartKey, definition_ids: Sequence[str], *, why: str, at: datetime
) -> bool:
    """Write down that nobody was told in time; False when the ledger knows of the start already."""
    row = {
        "site": site,
        "event_id": key.event_id,
        "sale_start": key.at,
        "definition_ids": list(definition_ids),
        "state": State.SKIPPED_LATE,
        "why": why,
        "finished_at": at,
        "made_at": at,
    }
    statement = insert_into(tx, announcements).on_conflict_do_nothing().returning(_T.event_id)
    return tx.execute(statement, row).one_or_none() is not None


def get(tx: Transaction, site: str, key: StartKey) -> Announcement | None:
    """Read one."""
    query = select(announcements).where(_T.site == site, _T.event_id == key.event_id, _T.sale_start == key.at)
    found = tx.execute(query).one_or_none()
    return None if found is None else _announcement(found)


def listed(tx: Transaction, site: str, *, since: datetime | None = None) -> list[Announcement]:
    """Read all of a site whose start is not before `since`, in the order of their starts."""
    query = select(announcements).where(_T.site == site).order_by(_T.sale_start, _T.event_id)
    if since is not None:
        query = query.where(_T.sale_start >= since)
    return [_announcement(row) for row in tx.execute(query)]


def _change(tx: Transaction, mine: Claim, **values: Any) -> bool:
    ours = and_(_is(mine), _T.claimed_by == mine.by, _T.state == State.OPEN)
    return tx.execute(update(announcements).where(ours).values(**values)).rowcount == 1


def _is(mine: Claim) -> ColumnElement[bool]:
    return and_(_T.site == mine.site, _T.event_id == mine.key.event_id, _T.sale_start == mine.key.at)


def _identity(mine: Claim) -> dict[str, Any]:
    return {"site": mine.site, "event_id": mine.key.event_id, "sale_start": mine.key.at}


def _announcement(row: Row[*tuple[Any, ...]]) -> Announcement:
    return Announcement(
        key=StartKey(row.event_id, row.sale_start),
        definition_ids=tuple(row.definition_ids),
        state=State(row.state),
        why=row.why,
        claimed_until=row.claimed_until,
        first_sent_at=row.first_sent_at,
        finished_at=row.finished_at,
        report=row.report,
        made_at=row.made_at,
    )
