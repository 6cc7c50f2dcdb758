"""Dead letters: what was refused, why, and how often; open until it is resolved."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, not_, or_, select, update

from ticket_pipeline.store.chunks import among
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.schema import dead_letters, links, records, ticket_definitions
from ticket_pipeline.store.upsert import insert_into

_T = dead_letters.c


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """One refused thing. What has a default is filled in by the store."""

    #: The id of what was refused, of a definition mostly.
    subject: str
    event_id: str | None = None
    #: Stable: `not_found`, `unreadable` …
    code: str
    #: A sentence fit to show a person.
    reason: str
    #: What is needed to look into it, as JSON.
    payload: Any = None
    flow: str = ""
    id: int | None = None
    #: How often it was refused since it was first buried.
    attempts: int = 1
    first_at: datetime | None = None
    last_at: datetime | None = None


def bury(tx: Transaction, site: str, *, flow: str, letters: Sequence[DeadLetter], at: datetime) -> None:
    """Keep what a flow could not do; one that lies open already gets another attempt and the new reason."""
    if not letters:
        return
    statement = insert_into(tx, dead_letters)
    fresh = {name: statement.excluded[name] for name in ("event_id", "code", "reason", "payload", "last_at")}
    statement = statement.on_conflict_do_update(
        index_elements=[_T.site, _T.flow, _T.subject],
        index_where=_T.resolved_at.is_(None),
        set_={**fresh, "attempts": _T.attempts + 1},
    )
    ordered = sorted(letters, key=lambda letter: letter.subject)
    tx.execute(statement, [_row(site, flow, each, at) for each in ordered])


def resolve(tx: Transaction, site: str, *, flow: str, subjects: Collection[str], at: datetime) -> int:
    """Close the letters of these subjects; return how many were open."""
    resolved = 0
    for condition in among(_T.subject, subjects):
        still_open = and_(_T.site == site, _T.flow == flow, _T.resolved_at.is_(None), condition)
        resolved += tx.execute(update(dead_letters).where(still_open).values(resolved_at=at)).rowcount
    return resolved


def resolve_moot(tx: Transaction, site: str, destination: str, *, at: datetime) -> int:
    """Close what has nothing left to do: its definition is dead and nothing of it stands, or all is as it should be."""
    d, held, r = ticket_definitions.c, links.c, records.c
    dead = exists().where(d.site == _T.site, d.id == _T.subject, d.deleted_at.is_not(None))
    ours = and_(held.site == _T.site, held.destination == destination, held.definition_id == _T.subject)
    standing = exists().where(ours, held.state.in_(["linked", "intended"]))
    same = and_(r.site == held.site, r.definition_id == held.definition_id, r.content_hash == held.content_hash)
    as_wanted = exists().where(ours, held.state == "linked", same)
    of_publish = _T.flow == "publish"
    moot = or_(and_(not_(of_publish), dead), and_(of_publish, or_(as_wanted, and_(dead, not_(standing)))))
    still_open = and_(_T.site == site, _T.resolved_at.is_(None), moot)
    return tx.execute(update(dead_letters).where(still_open).values(resolved_at=at)).rowcount


def open_letters(tx: Transaction, site: str) -> list[DeadLetter]:
    """Read what is open, the oldest first."""
    names = ("id", "flow", "subject", "event_id", "code", "reason", "payload", "attempts", "first_at", "last_at")
    query = select(*(_T[name] for name in names)).where(_T.site == site, _T.resolved_at.is_(None))
    return [DeadLetter(**row) for row in tx.execute(query.order_by(_T.first_at, _T.id)).mappings()]


def _row(site: str, flow: str, letter: DeadLetter, at: datetime) -> dict[str, Any]:
    return {
        "site": site,
        "flow": flow,
        "subject": letter.subject,
        "event_id": letter.event_id,
        "code": letter.code,
        "reason": letter.reason,
        "payload": letter.payload,
        "attempts": 1,
        "first_at": at,
        "last_at": at,
    }
