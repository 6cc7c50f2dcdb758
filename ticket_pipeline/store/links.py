"""Links: which external record belongs to which ticket definition, 1-to-1, and what we last wrote there."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, select, update

from ticket_pipeline.model.change import Action, Change, Held, Outcome
from ticket_pipeline.model.record import Value, content_hash, from_json, to_json
from ticket_pipeline.store.chunks import among
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.schema import links, ticket_definitions
from ticket_pipeline.store.upsert import upsert

_T = links.c
_WRITTEN = ("event_id", "external_id", "state", "fields", "content_hash", "revision", "written_at")


class LinkState(StrEnum):
    """How far a link has come."""

    #: A create was about to be sent; whether it arrived, only the destination knows.
    INTENDED = "intended"
    LINKED = "linked"
    ARCHIVED = "archived"
    DELETED = "deleted"


@dataclass(frozen=True, kw_only=True)
class Link:
    """One definition's record at one destination."""

    definition_id: str
    event_id: str
    #: None while intended and once deleted.
    external_id: str | None
    state: LinkState
    #: What we last wrote, or found there.
    fields: Mapping[str, Value]
    #: None once a write was about to be sent: what is held then, only the destination knows.
    content_hash: str | None
    #: The definition's revision that was written; None when it was found there.
    revision: int | None
    written_at: datetime


@dataclass(frozen=True, kw_only=True)
class Clash:
    """A link that was not made, because its external record is linked to another definition."""

    definition_id: str
    external_id: str
    holder: str


def intend(tx: Transaction, site: str, destination: str, changes: Sequence[Change], *, at: datetime) -> None:
    """Note which creates and updates are about to be sent, so that a crash leaves a trace; removals can be repeated."""
    intents = [_intent(change, at) for change in changes if change.action is Action.CREATE]
    _write(tx, site, destination, intents)
    updated = [change.definition_id for change in changes if change.action is Action.UPDATE]
    for condition in among(_T.definition_id, updated):
        tx.execute(update(links).where(_at(site, destination), condition).values(content_hash=None))


def made(
    tx: Transaction, site: str, destination: str, outcomes: Sequence[Outcome], *, at: datetime
) -> tuple[Clash, ...]:
    """Note what a destination did; refused outcomes are passed over.

    Created and updated is linked, with what was written; archived and deleted is just that. Returns what could not
    be linked because the external record belongs to another definition.
    """
    done = [outcome for outcome in outcomes if not outcome.refused]
    written = [_written(each, at) for each in done if each.change.action in {Action.CREATE, Action.UPDATE}]
    clashes = _write(tx, site, destination, written)
    for action, values in _REMOVALS.items():
        removed = [each.change.definition_id for each in done if each.change.action is action]
        for condition in among(_T.definition_id, removed):
            here = update(links).where(_at(site, destination), condition)
            tx.execute(here.values(**values, written_at=at))
    return clashes


def adopt(
    tx: Transaction,
    site: str,
    destination: str,
    held: Sequence[Held],
    *,
    event_ids: Mapping[str, str],
    at: datetime,
) -> tuple[Clash, ...]:
    """Link what exists at the destination already, with its fields as found; `event_ids` names the event of each.

    Returns what could not be linked because the external record belongs to another definition.
    """
    return _write(tx, site, destination, [_found(each, event_ids[each.definition_id], at) for each in held])


def read(tx: Transaction, site: str, destination: str, event_ids: Collection[str] | None = None) -> dict[str, Link]:
    """Read the links of these events (None: of all), by definition."""
    conditions = among(_T.event_id, event_ids)
    return {link.definition_id: link for each in conditions for link in _select(tx, site, destination, each)}


def read_some(tx: Transaction, site: str, destination: str, definition_ids: Collection[str]) -> dict[str, Link]:
    """Read the links of these definitions."""
    conditions = among(_T.definition_id, definition_ids)
    return {link.definition_id: link for each in conditions for link in _select(tx, site, destination, each)}


def standing(
    tx: Transaction, site: str, destination: str, event_ids: Collection[str] | None = None
) -> dict[str, LinkState]:
    """Tell how far the links of these events (None: of all) have come, by definition; reads nothing else of them."""
    found: dict[str, LinkState] = {}
    for condition in among(_T.event_id, event_ids):
        query = select(_T.definition_id, _T.state).where(_at(site, destination), condition)
        found.update({each: LinkState(state) for each, state in tx.execute(query)})
    return found


def external_ids(tx: Transaction, site: str, destination: str) -> dict[str, str]:
    """Tell the external id of every definition that has one, archived ones too."""
    query = select(_T.definition_id, _T.external_id).where(_at(site, destination), _T.external_id.is_not(None))
    return dict(tx.execute(query).all())


def event_ids(tx: Transaction, site: str, destination: str) -> set[str]:
    """Tell which events have links."""
    return set(tx.scalars(select(_T.event_id).where(_at(site, destination)).distinct()))


def count_linked(tx: Transaction, site: str, destination: str) -> int:
    """Count the links in the state `linked`."""
    query = select(func.count()).select_from(links).where(_at(site, destination), _T.state == LinkState.LINKED)
    return tx.scalar(query) or 0


def doomed(
    tx: Transaction, site: str, destination: str, *, states: Collection[LinkState] = (LinkState.LINKED,)
) -> set[str]:
    """Tell which definitions with such a link are dead, and so to be archived or deleted at the destination."""
    of = ticket_definitions.c
    dead = and_(of.site == _T.site, of.id == _T.definition_id, of.deleted_at.is_not(None))
    query = select(_T.definition_id).join_from(links, ticket_definitions, dead)
    return set(tx.scalars(query.where(_at(site, destination), _T.state.in_(states))))


def forget(tx: Transaction, site: str, destination: str, definition_ids: Collection[str]) -> int:
    """Drop links altogether; return how many there were."""
    forgotten = 0
    for condition in among(_T.definition_id, definition_ids):
        forgotten += tx.execute(delete(links).where(_at(site, destination), condition)).rowcount
    return forgotten


_Row = dict[str, Any]

#: A deleted record gives its id back: some systems use it again.
_REMOVALS: Mapping[Action, _Row] = {
    Action.ARCHIVE: {"state": LinkState.ARCHIVED},
    Action.DELETE: {"state": LinkState.DELETED, "external_id": None},
}


def _at(site: str, destination: str) -> ColumnElement[bool]:
    return and_(_T.site == site, _T.destination == destination)


def _intent(change: Change, at: datetime) -> _Row:
    return {
        "definition_id": change.definition_id,
        "event_id": change.event_id,
        "external_id": None,
        "state": LinkState.INTENDED,
        "fields": {},
        "content_hash": None,
        "revision": None,
        "written_at": at,
    }


def _written(outcome: Outcome, at: datetime) -> _Row:
    change = outcome.change
    if change.record is None:
        raise ValueError(f"{change.action} of {change.definition_id} has no record")
    return {
        "definition_id": change.definition_id,
        "event_id": change.event_id,
        "external_id": outcome.external_id or change.external_id,
        "state": LinkState.LINKED,
        "fields": to_json(change.record.fields),
        "content_hash": change.record.content_hash,
        "revision": change.record.revision,
        "written_at": at,
    }


def _found(held: Held, event_id: str, at: datetime) -> _Row:
    return {
        "definition_id": held.definition_id,
        "event_id": event_id,
        "external_id": held.external_id,
        "state": LinkState.ARCHIVED if held.archived else LinkState.LINKED,
        "fields": to_json(held.fields),
        "content_hash": content_hash(held.fields),
        "revision": None,
        "written_at": at,
    }


def _write(tx: Transaction, site: str, destination: str, rows: Sequence[_Row]) -> tuple[Clash, ...]:
    """Write the rows, save those whose external record is somebody else's."""
    newest = {row["definition_id"]: row for row in rows}
    clashes = _clashes(tx, site, destination, newest)
    refused = {clash.definition_id for clash in clashes}
    kept = [newest[each] for each in sorted(newest.keys() - refused)]
    if kept:
        place = {"site": site, "destination": destination}
        tx.execute(upsert(tx, links, _WRITTEN), [place | row for row in kept])
    return clashes


def _clashes(tx: Transaction, site: str, destination: str, rows: Mapping[str, _Row]) -> tuple[Clash, ...]:
    wanted = [(row["external_id"], each) for each, row in sorted(rows.items()) if row["external_id"] is not None]
    holders = _holders(tx, site, destination, [external_id for external_id, _ in wanted])
    for external_id, definition_id in wanted:
        holders.setdefault(external_id, definition_id)
    return tuple(
        Clash(definition_id=each, external_id=external_id, holder=holders[external_id])
        for external_id, each in wanted
        if holders[external_id] != each
    )


def _holders(tx: Transaction, site: str, destination: str, external_ids: Collection[str]) -> dict[str, str]:
    query = select(_T.external_id, _T.definition_id).where(_at(site, destination))
    holders: dict[str, str] = {}
    for condition in among(_T.external_id, external_ids):
        holders.update(tx.execute(query.where(condition)).all())
    return holders


def _select(tx: Transaction, site: str, destination: str, condition: ColumnElement[bool]) -> Iterator[Link]:
    columns = (_T.definition_id, *(_T[name] for name in _WRITTEN))
    query = select(*columns).where(_at(site, destination), condition).order_by(_T.event_id, _T.definition_id)
    for row in tx.execute(query).mappings():
        yield Link(**{**row, "state": LinkState(row["state"]), "fields": from_json(row["fields"])})
