"""Load: which events the site has."""

import logging
from dataclasses import replace
from datetime import datetime

from ticket_pipeline.errors import NotFoundError
from ticket_pipeline.flows.recorded import recorded
from ticket_pipeline.model.report import EventsReport, Refusal
from ticket_pipeline.store import definitions, events
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline.wix.answer import AccessError
from ticket_pipeline.wix.client import WixClient
from ticket_pipeline.wix.events import get_event, query_events

log = logging.getLogger(__name__)


@recorded("events")
def load_events(state: SiteState, wix: WixClient, *, now: datetime) -> EventsReport:
    """Read all events of the site, and learn which are gone.

    An event missing from the complete query is gone only when Get Event says so too: Query lags behind.

    Raises:
        TransientError, ConfigError, RejectedError: the read did not complete; nothing is taken for gone.
    """
    before = wix.requests_spent
    seen: set[str] = set()
    changed, refused = 0, list[Refusal]()
    for page in query_events(wix):
        seen.update(event.id for event in page.items)
        refused += [Refusal(subject=each.id, code=each.code, reason=each.reason) for each in page.refused]
        with state.writing() as tx:
            changed += events.put(tx, state.site, page.items, read_at=now)
    gone = _confirm_gone(state, wix, seen | {each.subject for each in refused if each.subject}, now=now)
    with state.reading() as tx:
        known = events.all_events(tx, state.site)
    return EventsReport(
        event_ids=tuple(event.id for event in known if event.sells_tickets),
        changed=changed,
        gone=gone,
        refused=tuple(refused),
        requests=wix.requests_spent - before,
    )


def _confirm_gone(state: SiteState, wix: WixClient, seen: set[str], *, now: datetime) -> tuple[str, ...]:
    with state.reading() as tx:
        # Definitions of events that are gone or were never seen may have come late, and a crash kept us from asking.
        known = events.ids(tx, state.site) | definitions.counts(tx, state.site).per_event.keys()
        missing = sorted(known - seen)
    gone = tuple(event_id for event_id in missing if _is_gone(state, wix, event_id, now=now))
    with state.writing() as tx:
        events.mark_gone(tx, state.site, gone, at=now)
        for event_id, ids in definitions.live_ids(tx, state.site, gone).items():
            definitions.tombstone(tx, state.site, sorted(ids), event_id=event_id, at=now, why="its event is gone")
    return gone


def _is_gone(state: SiteState, wix: WixClient, event_id: str, *, now: datetime) -> bool:
    try:
        found = get_event(wix, event_id)
    except NotFoundError:
        return True
    except AccessError as error:
        # The query has just been allowed, so this is one event that we may not see: a draft again, not gone.
        log.warning("event_not_readable", extra={"site": state.site, "event_id": event_id, "reason": str(error)})
        with state.reading() as tx:
            known = events.get(tx, state.site, event_id)
        if known is None:
            return False
        found = replace(known, status="DRAFT", body={**known.body, "status": "DRAFT"})
    with state.writing() as tx:
        events.put(tx, state.site, [found], read_at=now)
    return False
