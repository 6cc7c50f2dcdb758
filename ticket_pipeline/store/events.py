"""Events as last read."""

import hashlib
import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from ticket_pipeline.model.event import Event
from ticket_pipeline.store.chunks import among
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.schema import events
from ticket_pipeline.store.upsert import Columns, upsert
from ticket_pipeline.wix.events import parse_event

_T = events.c
_WRITTEN = (
    "title",
    "slug",
    "status",
    "registration",
    "starts_at",
    "updated_at",
    "body",
    "content_hash",
    "read_at",
    "gone_at",
)


def put(tx: Transaction, site: str, some: Sequence[Event], *, read_at: datetime) -> int:
    """Keep what is newer than what we hold; return how many are new, changed or back again.

    Newer is what Wix changed later; of two readings of the same change, the later reading. An event that was gone
    is back when it was read after that.
    """
    rows = [_row(site, each, read_at) for each in sorted(_latest(some), key=lambda event: event.id)]
    if not rows:
        return 0
    statement = upsert(tx, events, _WRITTEN, where=_is_news).returning(_T.id)
    written = len(tx.execute(statement, rows).all())
    for condition in among(_T.id, [row["id"] for row in rows]):
        seen_earlier = and_(_T.site == site, condition, _T.read_at < read_at)
        tx.execute(update(events).where(seen_earlier).values(read_at=read_at))
    return written


def all_events(tx: Transaction, site: str, *, gone: bool = False) -> list[Event]:
    """Read the site's events by their start, those without one last; with `gone` also those that are gone."""
    query = select(_T.body).where(_T.site == site).order_by(_T.starts_at.is_(None), _T.starts_at, _T.id)
    if not gone:
        query = query.where(_T.gone_at.is_(None))
    return [parse_event(body) for body in tx.scalars(query)]


def get(tx: Transaction, site: str, event_id: str) -> Event | None:
    """Read one event that is not gone."""
    body = tx.scalar(select(_T.body).where(_T.site == site, _T.id == event_id, _T.gone_at.is_(None)))
    return None if body is None else parse_event(body)


def known(tx: Transaction, site: str, event_ids: Collection[str]) -> dict[str, Event | None]:
    """Read these events; None stands for one that is gone, those never seen are left out."""
    found: dict[str, Event | None] = {}
    for condition in among(_T.id, event_ids):
        for event_id, body, gone_at in tx.execute(select(_T.id, _T.body, _T.gone_at).where(_T.site == site, condition)):
            found[event_id] = parse_event(body) if gone_at is None else None
    return found


def content_hashes(tx: Transaction, site: str) -> dict[str, str]:
    """Tell what each event's content is known by, gone ones too."""
    return dict(tx.execute(select(_T.id, _T.content_hash).where(_T.site == site)).all())


def fingerprint(tx: Transaction, site: str) -> tuple[object, ...]:
    """Give what differs whenever anything we hold of the site's events does, and costs no reading of it."""
    query = select(func.count(), func.count(_T.gone_at), func.max(_T.gone_at), func.max(_T.read_at))
    return tuple(tx.execute(query.where(_T.site == site)).one())


def ids(tx: Transaction, site: str) -> set[str]:
    """Tell which events are there, gone ones left out."""
    return set(tx.scalars(select(_T.id).where(_T.site == site, _T.gone_at.is_(None))))


def mark_gone(tx: Transaction, site: str, event_ids: Collection[str], *, at: datetime) -> int:
    """Mark events as gone; return how many were not already."""
    marked = 0
    for condition in among(_T.id, event_ids):
        there = and_(_T.site == site, condition, _T.gone_at.is_(None))
        marked += tx.execute(update(events).where(there).values(gone_at=at)).rowcount
    return marked


def _latest(some: Sequence[Event]) -> Collection[Event]:
    """Keep one reading of each event, the one Wix changed last; of equals the last in the list."""
    newest: dict[str, Event] = {}
    for each in some:
        known = newest.get(each.id)
        if known is None or known.updated_at is None or (each.updated_at and each.updated_at >= known.updated_at):
            newest[each.id] = each
    return newest.values()


def _row(site: str, event: Event, read_at: datetime) -> dict[str, Any]:
    return {
        "site": site,
        "id": event.id,
        "title": event.title,
        "slug": event.slug,
        "status": event.status,
        "registration": event.registration,
        "starts_at": event.starts_at,
        "updated_at": event.updated_at,
        "body": dict(event.body),
        "content_hash": _hash(event),
        "read_at": read_at,
        "gone_at": None,
    }


def _hash(event: Event) -> str:
    text = json.dumps(event.body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _is_news(new: Columns, old: Columns) -> ColumnElement[bool]:
    same_change = new.updated_at.is_not_distinct_from(old.updated_at)
    newer = or_(
        new.updated_at > old.updated_at,
        and_(old.updated_at.is_(None), new.updated_at.is_not(None)),
        and_(same_change, new.read_at >= old.read_at),
    )
    back = and_(old.gone_at.is_not(None), new.read_at > old.gone_at)
    differs = and_(old.gone_at.is_(None), new.body != old.body)
    return and_(newer, or_(back, differs))
