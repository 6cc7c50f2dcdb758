"""Inspect: which events there are, and for which of them something is left to do."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from ticket_pipeline.destinations.base import Destination
from ticket_pipeline.flows.sync_parts import SyncParts
from ticket_pipeline.store import definitions, events, links, loads, records
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.links import Link, LinkState
from ticket_pipeline.store.site_state import SiteState


@dataclass(frozen=True, kw_only=True)
class Work:
    """The site's events, by what is left to do for them."""

    #: Live events that can have tickets.
    live: tuple[str, ...]
    #: Those of them whose definitions were never read completely.
    unloaded: tuple[str, ...]
    #: Events that are gone (or sell no tickets any more) while records of theirs still stand at the destination.
    unsettled: tuple[str, ...]


def look_for_work(state: SiteState, sync: SyncParts | None) -> Work:
    """Tell, from what we remember alone, which events are there and which need a load or a last publish."""
    with state.reading() as tx:
        live = [event.id for event in events.all_events(tx, state.site) if event.sells_tickets]
        loaded = loads.completed(tx, state.site)
        unsettled = _standing(tx, state.site, sync.destination.identity, live) if sync else set()
    return Work(
        live=tuple(live),
        unloaded=tuple(each for each in live if each not in loaded),
        unsettled=tuple(sorted(unsettled)),
    )


def loaded_since(state: SiteState, event_ids: Collection[str], since: datetime) -> list[str]:
    """Tell which of these events were read completely at that time or later."""
    with state.reading() as tx:
        loaded = loads.completed(tx, state.site)
    return [each for each in event_ids if each in loaded and loaded[each] >= since]


def in_step(state: SiteState, destination: Destination, event_ids: Collection[str]) -> list[str]:
    """Tell for which of these events all that is mapped was written, and all that is dead taken away."""
    with state.reading() as tx:
        wanted = list(records.read(tx, state.site, event_ids))
        linked = links.read(tx, state.site, destination.identity, event_ids)
        dead = definitions.tombstones(tx, state.site, event_ids)
    late = {each.event_id for each in wanted if not _written(linked.get(each.definition_id), each.content_hash)}
    late |= {link.event_id for each, link in linked.items() if each in dead and link.state is LinkState.LINKED}
    return [each for each in event_ids if each not in late]


def _standing(tx: Transaction, site: str, destination: str, live: Collection[str]) -> set[str]:
    """Tell which events beside the live ones have records that stand at the destination."""
    others = links.event_ids(tx, site, destination).difference(live)
    found = links.read(tx, site, destination, sorted(others)).values()
    return {link.event_id for link in found if link.state is LinkState.LINKED}


def _written(link: Link | None, content_hash: str) -> bool:
    return link is not None and link.state is LinkState.LINKED and link.content_hash == content_hash
