"""What we hold for some events, event by event, for the metadata of their partitions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from ticket_pipeline.mapping.rules import ID_FIELD
from ticket_pipeline.model.event import Event
from ticket_pipeline.orchestration.metadata import (
    DETAILED,
    ROWS,
    Metadata,
    Row,
    definition_row,
    of_event,
    record_row,
    table,
)
from ticket_pipeline.store import definitions as stored_definitions
from ticket_pipeline.store import events as stored_events
from ticket_pipeline.store import links as stored_links
from ticket_pipeline.store import records as stored_records
from ticket_pipeline.store.links import LinkState
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline.wiring import Site


@dataclass(frozen=True, kw_only=True)
class Rows:
    """How many rows an event has, and the first few."""

    count: int = 0
    first: tuple[Row, ...] = ()


def events(site: Site) -> list[Event]:
    """Read the site's live events."""
    with site.state.reading() as tx:
        return stored_events.all_events(tx, site.name)


def definitions(site: Site, event_ids: Sequence[str]) -> dict[str, Metadata]:
    """Show the live definitions of these events."""
    with site.state.reading() as tx:
        found = stored_definitions.live(tx, site.name, event_ids)
        kept = _kept(((each.event_id, definition_row(each)) for each in found), event_ids)
    return _shown(site.state, event_ids, kept)


def records(site: Site, event_ids: Sequence[str]) -> dict[str, Metadata]:
    """Show the mapped records of these events."""
    with site.state.reading() as tx:
        found = stored_records.read(tx, site.name, event_ids)
        kept = _kept(((each.event_id, record_row(each)) for each in found), event_ids)
    return _shown(site.state, event_ids, kept)


def links(site: Site, event_ids: Sequence[str], written: Mapping[str, int]) -> dict[str, Metadata]:
    """Show what of these events stands at the destination, and how many writes were just made for each."""
    with site.state.reading() as tx:
        linked = stored_links.read(tx, site.name, site.destination.identity, event_ids)
    standing = sorted(
        (each for each in linked.values() if each.state is LinkState.LINKED), key=lambda link: link.event_id
    )
    lines = (
        (each.event_id, {ID_FIELD: each.definition_id, "external id": each.external_id, "revision": each.revision})
        for each in standing
    )
    shown = _shown(site.state, event_ids, _kept(lines, event_ids))
    return {event_id: {**entry, "writes": written.get(event_id, 0)} for event_id, entry in shown.items()}


def _kept(lines: Iterable[tuple[str, Row]], event_ids: Sequence[str]) -> dict[str, Rows]:
    """Keep the first rows of each event; the lines come in the order of their events."""
    most = ROWS if len(event_ids) <= DETAILED else 0
    kept: dict[str, Rows] = {}
    for event_id, group in groupby(lines, key=lambda line: line[0]):
        all_rows = [row for _, row in group]
        kept[event_id] = Rows(count=len(all_rows), first=tuple(all_rows[:most]))
    return kept


def _shown(state: SiteState, event_ids: Sequence[str], kept: Mapping[str, Rows]) -> dict[str, Metadata]:
    with state.reading() as tx:
        of_id = {event.id: event for event in stored_events.all_events(tx, state.site, gone=True)}
    return {each: _entry(of_id.get(each), kept.get(each, Rows())) for each in event_ids}


def _entry(event: Event | None, found: Rows) -> Metadata:
    entry = of_event(event, found.count)
    return {**entry, "preview": table(found.first)} if found.first else entry
