"""Follow: from landed webhooks to the destination, and whatever was left over from before."""

from contextlib import suppress
from datetime import datetime, timedelta
from time import monotonic

from ticket_pipeline.errors import TicketPipelineError
from ticket_pipeline.flows.ingest import ingest_all
from ticket_pipeline.flows.map_records import map_records
from ticket_pipeline.flows.publish import publish
from ticket_pipeline.flows.recorded import recorded
from ticket_pipeline.flows.sync_parts import SyncParts
from ticket_pipeline.model.report import FollowReport, IngestReport, PublishReport
from ticket_pipeline.store import unsettled
from ticket_pipeline.store.brought import brought
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline.wix.client import WixClient


@recorded("follow")
def follow(state: SiteState, wix: WixClient, sync: SyncParts | None, *, now: datetime) -> FollowReport:
    """Bring all waiting webhooks, and no more than they touch, into our state and to the destination, if there is one.

    What is left to do is derived from what we remember, so whatever a crash or an outage interrupted is finished too.

    Raises:
        TransientError, ConfigError: a side could not be reached; the same call may be made again.
    """
    began = monotonic()
    ingested = ingest_all(state, wix, now=now)
    if sync is None:
        return FollowReport(ingested=ingested, event_ids=ingested.event_ids)
    report = _bring(state, sync, ingested, now=now)
    if report.published.hold is None:
        _note(state, sync, report.published, now=now, at=now + timedelta(seconds=monotonic() - began))
    return report


def _note(state: SiteState, sync: SyncParts, published: PublishReport, *, now: datetime, at: datetime) -> None:
    """Note how long what has just come through had been under way."""
    refused = {each.subject for each in published.refused if each.subject}
    with suppress(TicketPipelineError), state.noting() as tx:
        brought(tx, state.site, sync.destination.identity, settled_at=now, refused=refused, at=at)


def _bring(state: SiteState, sync: SyncParts, ingested: IngestReport, *, now: datetime) -> FollowReport:
    with state.reading() as tx:
        to_map = unsettled.unmapped(tx, state.site, sync.mapping.fingerprint) | set(ingested.event_ids)
    mapped = map_records(state, sync.mapping, sorted(to_map), now=now)
    with state.reading() as tx:
        to_publish = unsettled.unpublished(tx, state.site, sync.destination.identity) | to_map
    published = publish(state, sync.destination, sync.policy, sorted(to_publish), now=now)
    return FollowReport(ingested=ingested, mapped=mapped, published=published, event_ids=tuple(sorted(to_publish)))
