"""Drift: how the destination differs from what we last wrote there."""

from collections.abc import Sequence
from datetime import datetime

from ticket_pipeline.destinations.base import Destination, look
from ticket_pipeline.flows.approve import lapse
from ticket_pipeline.flows.handfuls import handfuls
from ticket_pipeline.mapping.diff import diff
from ticket_pipeline.model.change import Action, Change, FieldChange, Held
from ticket_pipeline.model.record import Record
from ticket_pipeline.model.report import Drift
from ticket_pipeline.store import links
from ticket_pipeline.store.links import Link, LinkState
from ticket_pipeline.store.site_state import SiteState

_RECORDS_AT_ONCE = 500


def find_drift(state: SiteState, destination: Destination, event_ids: Sequence[str] | None = None) -> Drift:
    """Compare every link of these events (None: of the site) with what the destination holds.

    Strangers, records with a Wix id that we have no link to, are only looked for over the whole site.

    Raises:
        TransientError, ConfigError: the destination cannot be read.
    """
    with state.reading() as tx:
        standing = links.standing(tx, state.site, destination.identity, event_ids)
    ours = {each for each, how in standing.items() if how in {LinkState.LINKED, LinkState.ARCHIVED}}
    seen: set[str] = set()
    edited: list[Change] = []
    found = destination.find() if event_ids is None else look(destination, list(standing), event_ids)
    for some in handfuls(found, _RECORDS_AT_ONCE):
        seen.update(held.definition_id for held in some)
        edited += _edits(state, destination, [held for held in some if held.definition_id in ours])
    return Drift(
        compared=len(ours),
        missing=tuple(sorted(ours - seen)),
        edited=tuple(edited),
        strangers=tuple(sorted(seen - standing.keys())),
    )


def _edits(state: SiteState, destination: Destination, some: list[Held]) -> list[Change]:
    held = {each.definition_id: each for each in some}
    with state.reading() as tx:
        linked = links.read_some(tx, state.site, destination.identity, held)
    found = (_edit(link, held[each]) for each, link in linked.items())
    return [change for change in found if change is not None]


def accept(state: SiteState, destination: Destination, drift: Drift, *, now: datetime) -> None:
    """Take what the destination holds for what it is, so that the next publish overwrites it."""
    event_of = {change.definition_id: change.event_id for change in drift.edited}
    held = list(look(destination, list(event_of), set(event_of.values()))) if event_of else []
    with state.writing() as tx:
        # First: what somebody brought back after it was taken away is not taken away again unasked.
        lapse(tx, state.site, destination.identity)
        links.forget(tx, state.site, destination.identity, drift.missing)
        links.adopt(tx, state.site, destination.identity, held, event_ids=event_of, at=now)


def _edit(link: Link, held: Held) -> Change | None:
    wanted = Record(
        definition_id=link.definition_id, event_id=link.event_id, revision=link.revision or 0, fields=link.fields
    )
    # What was sent before a crash is no drift, nor is what an archived record says: nobody brings it up to date.
    comparable = link.state is LinkState.LINKED and link.content_hash is not None
    fields = diff(wanted, held.fields, untold=held.untold) if comparable else ()
    if held.archived != (link.state == LinkState.ARCHIVED):
        fields = (FieldChange(field="archived", old=held.archived, new=not held.archived), *fields)
    if not fields:
        return None
    return Change(
        action=Action.UPDATE,
        definition_id=link.definition_id,
        event_id=link.event_id,
        external_id=held.external_id,
        record=wanted,
        fields=fields,
    )
