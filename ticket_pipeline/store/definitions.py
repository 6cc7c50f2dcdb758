"""Ticket definitions as last heard of, and tombstones for those that are gone.

The revision orders everything: a lower one never overwrites a higher one, and nothing revives the dead.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, update
from sqlalchemy.sql.dml import ReturningInsert

from ticket_pipeline.model.ticket_definition import TicketDefinition
from ticket_pipeline.store.chunks import among, stream
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.newer import Age, Upserted, age, age_of, latest, weigh
from ticket_pipeline.store.schema import ticket_definitions
from ticket_pipeline.store.upsert import Columns, insert_into
from ticket_pipeline.wix.ticket_definitions import parse_ticket_definition

_T = ticket_definitions.c
#: What changes without a new revision, so that the revision cannot order it.
_VOLATILE = frozenset({"salesDetails", "eventDetails", "seatingDetails", "saleStatus"})


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many definitions of a site are live, in all and per event, and how many are dead."""

    live: int
    tombstones: int
    per_event: Mapping[str, int]


def upsert_newer(tx: Transaction, site: str, definitions: Sequence[TicketDefinition], *, read_at: datetime) -> Upserted:
    """Keep what is newer than what we hold, in one statement; the rest is counted and left.

    Newer means a higher revision, or the same one changed later. Safe beside other writers.
    """
    newest = latest(definitions)
    if not newest:
        return Upserted()
    rows = [_row(site, each, read_at) for each in newest.values()]
    written = dict(tx.execute(_upsert(tx), rows).all())
    replaced = {each: written[each] for each in newest if each in written}
    left = newest.keys() - replaced.keys()
    held, dead = _held(tx, site, left)
    _name_events(tx, site, {each: newest[each].event_id for each in dead})
    held |= {each: age_of(newest[each]) for each in replaced}
    return weigh(definitions, replaced=replaced, held=held, dead=dead)


def tombstone(
    tx: Transaction, site: str, ids: Collection[str], *, event_id: str | None = None, at: datetime, why: str
) -> int:
    """Mark definitions as gone for good, also those never seen; return how many were not dead already."""
    if not ids:
        return 0
    statement = insert_into(tx, ticket_definitions)
    new = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=[_T.site, _T.id],
        set_={"deleted_at": new.deleted_at, "deleted_why": new.deleted_why},
        where=_T.deleted_at.is_(None),
    )
    rows = [{"site": site, "id": each, "deleted_at": at, "deleted_why": why} for each in sorted(set(ids))]
    newly = len(tx.execute(statement.returning(_T.id), rows).all())
    if event_id is not None:
        _name_events(tx, site, dict.fromkeys(ids, event_id))
    return newly


def live(tx: Transaction, site: str, event_ids: Collection[str] | None = None) -> Iterator[TicketDefinition]:
    """Read the live definitions of these events (None: of all), in the order of event and id."""
    for condition in among(_T.event_id, event_ids):
        query = select(_T.body).where(_is_live(site), condition).order_by(_T.event_id, _T.id)
        for (body,) in stream(tx, query):
            yield parse_ticket_definition(body)


def live_ids(tx: Transaction, site: str, event_ids: Collection[str]) -> dict[str, set[str]]:
    """Tell which definitions of each of these events are live; an event without any has an empty set."""
    found: dict[str, set[str]] = {event_id: set() for event_id in event_ids}
    for condition in among(_T.event_id, event_ids):
        for event_id, definition_id in tx.execute(select(_T.event_id, _T.id).where(_is_live(site), condition)):
            found[event_id].add(definition_id)
    return found


def get(tx: Transaction, site: str, definition_id: str) -> TicketDefinition | None:
    """Read one live definition."""
    body = tx.scalar(select(_T.body).where(_is_live(site), _T.id == definition_id))
    return None if body is None else parse_ticket_definition(body)


def tombstones(tx: Transaction, site: str, event_ids: Collection[str] | None = None) -> dict[str, str | None]:
    """Tell which definitions of these events (None: of all and of unknown ones) are dead, and their event."""
    dead = and_(_T.site == site, _T.deleted_at.is_not(None))
    found: dict[str, str | None] = {}
    for condition in among(_T.event_id, event_ids):
        found.update(tx.execute(select(_T.id, _T.event_id).where(dead, condition)).all())
    return found


def revisions(tx: Transaction, site: str, ids: Collection[str]) -> dict[str, int]:
    """Tell which revision is held of each of these definitions; those never seen are left out, the dead are not."""
    found: dict[str, int] = {}
    for condition in among(_T.id, ids):
        query = select(_T.id, func.coalesce(_T.revision, 0)).where(_T.site == site, condition)
        found.update(tx.execute(query).all())
    return found


def event_ids_of(tx: Transaction, site: str, ids: Collection[str]) -> set[str]:
    """Tell which events these definitions belong to, as far as we know."""
    found: set[str] = set()
    for condition in among(_T.id, ids):
        query = select(_T.event_id).where(_T.site == site, condition, _T.event_id.is_not(None))
        found.update(tx.scalars(query.distinct()))
    return found


def fingerprint(tx: Transaction, site: str) -> tuple[object, ...]:
    """Give what differs whenever anything we hold of the site's definitions does, and costs no reading of it."""
    query = select(func.count(), func.count(_T.deleted_at), func.sum(_T.revision), func.max(_T.read_at))
    return tuple(tx.execute(query.where(_T.site == site)).one())


def counts(tx: Transaction, site: str) -> Counts:
    """Count the site's definitions."""
    per_event: dict[str, int] = defaultdict(int)
    tombstoned = 0
    query = select(_T.event_id, _T.deleted_at.is_not(None), func.count()).where(_T.site == site)
    for event_id, is_dead, count in tx.execute(query.group_by(_T.event_id, _T.deleted_at.is_not(None))):
        if is_dead:
            tombstoned += count
        else:
            per_event[event_id] += count
    return Counts(live=sum(per_event.values()), tombstones=tombstoned, per_event=dict(per_event))


def _row(site: str, definition: TicketDefinition, read_at: datetime) -> dict[str, Any]:
    return {
        "site": site,
        "id": definition.id,
        "event_id": definition.event_id,
        "revision": definition.revision,
        "updated_at": definition.updated_at,
        "body": {name: value for name, value in definition.body.items() if name not in _VOLATILE},
        "read_at": read_at,
    }


def _upsert(tx: Transaction) -> ReturningInsert[str, int | None]:
    """Build the statement that overwrites what is older and alive, and returns what it replaced."""
    statement = insert_into(tx, ticket_definitions)
    new = statement.excluded
    overwritten = {name: new[name] for name in ("event_id", "revision", "updated_at", "body", "read_at")}
    return statement.on_conflict_do_update(
        index_elements=[_T.site, _T.id],
        set_={**overwritten, "previous_revision": _T.revision},
        where=and_(_T.deleted_at.is_(None), _is_newer(new)),
    ).returning(_T.id, _T.previous_revision)


def _is_newer(new: Columns) -> ColumnElement[bool]:
    changed_later = or_(new.updated_at > _T.updated_at, and_(_T.updated_at.is_(None), new.updated_at.is_not(None)))
    return or_(new.revision > _T.revision, and_(new.revision == _T.revision, changed_later))


def _held(tx: Transaction, site: str, ids: Collection[str]) -> tuple[dict[str, Age], set[str]]:
    """Tell the age of those that are live, and which are dead."""
    held: dict[str, Age] = {}
    dead: set[str] = set()
    query = select(_T.id, _T.revision, _T.updated_at, _T.deleted_at).where(_T.site == site)
    for condition in among(_T.id, ids):
        for definition_id, revision, updated_at, deleted_at in tx.execute(query.where(condition)):
            if deleted_at is not None:
                dead.add(definition_id)
            else:
                held[definition_id] = age(revision, updated_at)
    return held, dead


def _name_events(tx: Transaction, site: str, event_of: Mapping[str, str]) -> None:
    """Tell tombstones of definitions never seen which event they belonged to."""
    if not event_of:
        return
    unnamed = and_(_T.site == site, _T.id == bindparam("definition"), _T.event_id.is_(None))
    rows = [{"definition": each, "event": event_id} for each, event_id in sorted(event_of.items())]
    tx.execute(update(ticket_definitions).where(unnamed).values(event_id=bindparam("event")), rows)


def _is_live(site: str) -> ColumnElement[bool]:
    return and_(_T.site == site, _T.deleted_at.is_(None))
