"""Plan: what must change at the destination, as values."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ticket_pipeline.destinations.base import Destination, look
from ticket_pipeline.flows.handfuls import handfuls
from ticket_pipeline.mapping.diff import diff
from ticket_pipeline.model.change import Action, Change, FieldChange, Held
from ticket_pipeline.model.policy import OnDelete, Policy
from ticket_pipeline.model.record import Record
from ticket_pipeline.model.report import Hold, Plan
from ticket_pipeline.store import approvals, definitions, links, records, unsettled
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.links import Link, LinkState
from ticket_pipeline.store.site_state import SiteState


@dataclass(frozen=True, kw_only=True)
class Step:
    """The plan for a handful of events: small enough to hold in memory, whatever the site's size."""

    changes: tuple[Change, ...]
    #: How many records are as they should be.
    unchanged: int
    #: Updates without a difference: the destination is right, only our link is behind.
    settled: tuple[Change, ...]
    #: Records found at the destination that we had no link to, or did not know the content of, by event id.
    found: tuple[tuple[str, Held], ...]
    #: Definitions that died before their create was known to have arrived, and for which nothing is held.
    never_made: tuple[str, ...]


def plan(state: SiteState, destination: Destination, policy: Policy, event_ids: Sequence[str] | None = None) -> Plan:
    """Compute all changes for these events (None: for the whole site); write nothing anywhere.

    Raises:
        TransientError, ConfigError: the destination had to be searched and could not be.
    """
    parts = [step(state, destination, policy, some) for some in in_question(state, destination, event_ids)]
    return Plan(
        changes=tuple(change for part in parts for change in part.changes),
        unchanged=sum(part.unchanged for part in parts),
        hold=hold(state, destination, policy),
    )


def hold(state: SiteState, destination: Destination, policy: Policy) -> Hold | None:
    """Say why the site's plan waits for a person, if it does: too many deletes that nobody approved."""
    judged = judge(state, destination, policy)
    return judged if isinstance(judged, Hold) else None


def judge(state: SiteState, destination: Destination, policy: Policy) -> frozenset[str] | Hold:
    """Tell which definitions' records may be taken away now, or why the site's plan waits for a person."""
    with state.reading() as tx:
        return weigh(tx, state.site, destination.identity, policy)


def weigh(tx: Transaction, site: str, destination: str, policy: Policy) -> frozenset[str] | Hold:
    """Judge as `judge` does, in a transaction; what is left of an approved plan is approved, one more is not."""
    doomed = links.doomed(tx, site, destination)
    linked = links.count_linked(tx, site, destination)
    if not policy.too_many(len(doomed), of=linked) or doomed <= approvals.approved(tx, site, destination):
        return frozenset(doomed)
    digest = hashlib.sha256("\n".join(sorted(doomed)).encode()).hexdigest()[:16]
    return Hold(deletes=len(doomed), of=linked, digest=digest)


def in_question(state: SiteState, destination: Destination, event_ids: Sequence[str] | None) -> Iterator[list[str]]:
    """Yield these events (None: all of the site) in handfuls, so that memory does not grow with the site."""
    if event_ids is None:
        with state.reading() as tx:
            event_ids = sorted(
                records.event_ids(tx, state.site) | links.event_ids(tx, state.site, destination.identity)
            )
    return handfuls(event_ids)


def step(
    state: SiteState,
    destination: Destination,
    policy: Policy,
    event_ids: Sequence[str],
    *,
    may_go: Collection[str] | None = None,
) -> Step:
    """Plan a handful of events; of the linked records only those that `may_go` (None: all) are taken away.

    Raises:
        TransientError, ConfigError: the destination had to be searched and could not be.
    """
    with state.reading() as tx:
        settled = unsettled.settled(tx, state.site, destination.identity, event_ids)
        event_ids = [each for each in event_ids if each not in settled]
        wanted = {record.definition_id: record for record in records.read(tx, state.site, event_ids)}
        linked = links.read(tx, state.site, destination.identity, event_ids)
        dead = definitions.tombstones(tx, state.site, event_ids)
    limbo = [link for each, link in linked.items() if each in dead and link.state == LinkState.INTENDED]
    unsure = [each for each in wanted if each not in dead and not _is_known(linked.get(each))]
    found = _search(destination, [*unsure, *(link.definition_id for link in limbo)], event_ids)
    alive = [record for each, record in wanted.items() if each not in dead]
    changes = [_change(record, linked.get(record.definition_id), found.get(record.definition_id)) for record in alive]
    differing = [change for change in changes if change is not None and change.fields]
    going = dead.keys() if may_go is None else dead.keys() & may_go
    doomed = [link for each, link in linked.items() if each in going and link.state == LinkState.LINKED]
    doomed += [_as_found(link, found[link.definition_id]) for link in limbo if link.definition_id in found]
    event_of = {each: record.event_id for each, record in wanted.items()} | {
        link.definition_id: link.event_id for link in limbo
    }
    return Step(
        changes=(*differing, *(_removal(link, policy) for link in doomed)),
        unchanged=settled.total() + len(alive) - len(differing),
        settled=tuple(change for change in changes if change is not None and not change.fields),
        found=tuple((event_of[held.definition_id], held) for held in found.values()),
        never_made=tuple(link.definition_id for link in limbo if link.definition_id not in found),
    )


def _as_found(link: Link, held: Held) -> Link:
    return replace(link, external_id=held.external_id, state=LinkState.LINKED)


def _is_known(link: Link | None) -> bool:
    """Tell whether we know what is held: there is a record, and no write to it whose fate we never heard of."""
    return link is not None and link.state in {LinkState.LINKED, LinkState.ARCHIVED} and link.content_hash is not None


def _search(destination: Destination, definition_ids: Sequence[str], event_ids: Sequence[str]) -> Mapping[str, Held]:
    """Look for records by their Wix id where we cannot know: a crash or a lost state must not make twins."""
    if not definition_ids:
        return {}
    return {held.definition_id: held for held in look(destination, definition_ids, event_ids)}


def _change(record: Record, link: Link | None, found: Held | None) -> Change | None:
    if found is not None:
        return _update(record, found.external_id, _differing(record, found), archived=found.archived)
    if link is None or not _is_known(link) or link.external_id is None:
        return _create(record)
    archived = link.state == LinkState.ARCHIVED
    if link.content_hash == record.content_hash and not archived:
        return None
    return _update(record, link.external_id, diff(record, link.fields), archived=archived)


def _differing(record: Record, held: Held) -> tuple[FieldChange, ...]:
    return diff(record, held.fields, untold=held.untold)


def _create(record: Record) -> Change:
    return Change(
        action=Action.CREATE,
        definition_id=record.definition_id,
        event_id=record.event_id,
        record=record,
        fields=tuple(FieldChange(field=name, old=None, new=value) for name, value in record.fields.items()),
    )


def _update(record: Record, external_id: str, fields: tuple[FieldChange, ...], *, archived: bool) -> Change:
    if archived:
        fields = (FieldChange(field="archived", old=True, new=False), *fields)
    return Change(
        action=Action.UPDATE,
        definition_id=record.definition_id,
        event_id=record.event_id,
        external_id=external_id,
        record=record,
        fields=fields,
    )


def _removal(link: Link, policy: Policy) -> Change:
    return Change(
        action=Action.DELETE if policy.on_delete is OnDelete.DELETE else Action.ARCHIVE,
        definition_id=link.definition_id,
        event_id=link.event_id,
        external_id=link.external_id,
    )
