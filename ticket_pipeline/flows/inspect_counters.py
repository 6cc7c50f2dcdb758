"""What counters show, by the names people know them by; nothing is read from Wix and nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass

from ticket_pipeline.model.tally import Tally
from ticket_pipeline.store import definitions, events, tallies
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline.store.tallies import TallyChange


@dataclass(frozen=True, kw_only=True)
class NamedTally:
    """What one counter shows, and of which ticket of which event it is."""

    tally: Tally
    #: None where the sync has not heard of it, or it is gone.
    name: str | None
    event_title: str | None


def inspect_counters(state: SiteState) -> list[NamedTally]:
    """Give what all counters of a site show, by event."""
    with state.reading() as tx:
        counted = tallies.listing(tx, state.site)
        event_ids = {each.event_id for each in counted}
        names = {each.id: each.name for each in definitions.live(tx, state.site, event_ids)}
        titles = {each.id: each.title for each in events.known(tx, state.site, event_ids).values() if each}
    return [
        NamedTally(tally=each, name=names.get(each.definition_id), event_title=titles.get(each.event_id))
        for each in counted
    ]


def inspect_history(state: SiteState, definition_id: str, *, limit: int) -> list[TallyChange]:
    """Give the last values that a counter showed, newest first."""
    with state.reading() as tx:
        return tallies.history(tx, state.site, definition_id, limit)


def matching(counters: Sequence[NamedTally], text: str) -> list[NamedTally]:
    """Find counters by id, else by how their id begins, else by a part of their ticket's name."""
    wanted = text.lower()
    ids = [(each, each.tally.definition_id.lower()) for each in counters]
    exact = [each for each, definition_id in ids if definition_id == wanted]
    begun = [each for each, definition_id in ids if definition_id.startswith(wanted)]
    return exact or begun or [each for each in counters if wanted in (each.name or "").lower()]
