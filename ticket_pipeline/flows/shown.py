"""Shown: which ticket definitions have a counter."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ticket_pipeline.errors import NotFoundError
from ticket_pipeline.flows.counter_value import OVER
from ticket_pipeline.flows.load import load_definitions
from ticket_pipeline.flows.reconcile import read_again
from ticket_pipeline.flows.touched import Touched
from ticket_pipeline.model.counting import CounterRules, CountReport
from ticket_pipeline.model.tally import TallyStatus
from ticket_pipeline.store import definitions, events, loads, tallies
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline.wix.answer import AccessError
from ticket_pipeline.wix.client import WixClient
from ticket_pipeline.wix.events import get_event


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The counters of a site at one moment."""

    #: Of each definition with a counter its event; None where that is not known yet.
    event_of: Mapping[str, str | None]
    #: Ids whose number may still move: what a sweep reads.
    moving: frozenset[str]
    #: Whether definitions that turn up later have counters too.
    open_ended: bool

    def is_shown(self, definition_id: str) -> bool:
        """Tell whether the public may see this definition's counter."""
        return definition_id in self.event_of

    def concerned(self, touched: Touched) -> frozenset[str]:
        """Tell which counters a webhook has read again; a definition that nobody shows costs nothing."""
        named = touched.definition_ids if self.open_ended else touched.definition_ids & self.event_of.keys()
        if not touched.event_id:
            return named
        return named | {each for each, event_id in self.event_of.items() if event_id == touched.event_id}

    def after(self, report: CountReport) -> "Shown":
        """Give the same with what a count found; what is gone is of no event that would have it read again."""
        found = {each.definition_id: None if each.gone else each.event_id for each in report.kept}
        if found.items() <= self.event_of.items():
            return self
        return replace(self, event_of={**self.event_of, **found})


def shown(state: SiteState, rules: CounterRules) -> Shown:
    """Tell which counters there are: those declared, or those of all that we know to be sold or have counted."""
    with state.reading() as tx:
        held = tallies.listing(tx, state.site)
        counted = {each.definition_id: each for each in held if not each.gone}
        if rules.definitions is None:
            gone = {each.definition_id for each in held if each.gone}
            sold = _sold(tx, state.site)
            there = {each: event_id for each, event_id in sold.items() if each not in gone}
            event_of = there | {each: tally.event_id for each, tally in counted.items()}
            alive = {each for each, tally in counted.items() if tally.status is not TallyStatus.HIDDEN}
            return Shown(event_of=event_of, moving=frozenset(sold.keys() | alive), open_ended=True)
    known = {each: counted[each].event_id if each in counted else None for each in sorted(rules.definitions)}
    return Shown(event_of=known, moving=rules.definitions, open_ended=False)


def prepare(state: SiteState, wix: WixClient, rules: CounterRules, *, now: datetime) -> Shown:
    """Tell which counters there are; where all have one and nothing was ever loaded, load the site first.

    Raises:
        TransientError, ConfigError, RejectedError: the load did not complete; the same call may be made again.
    """
    if rules.definitions is None:
        with state.reading() as tx:
            loaded = bool(loads.completed(tx, state.site))
        if not loaded:
            read_again(state, wix, now=now)
    return shown(state, rules)


def learn(state: SiteState, wix: WixClient, event_id: str, *, now: datetime) -> None:
    """Load one event that a webhook told of, and its definitions, so that all of them have counters.

    Raises:
        TransientError, ConfigError, RejectedError: it could not be read; the same call may be made again.
    """
    try:
        event = get_event(wix, event_id)
    except (NotFoundError, AccessError):
        # A draft, perhaps: its tickets are not sold.
        return
    with state.writing() as tx:
        events.put(tx, state.site, [event], read_at=now)
    if event.sells_tickets:
        load_definitions(state, wix, [event_id], now=now)


def _sold(tx: Transaction, site: str) -> dict[str, str | None]:
    """Tell which live definitions there are of events that are still to come, and of which event each is."""
    live = [each.id for each in events.all_events(tx, site) if each.sells_tickets and each.status not in OVER]
    by_event = definitions.live_ids(tx, site, live)
    return {each: event_id for event_id, ids in by_event.items() for each in ids}
