"""Follow: from landed webhooks to the destination, and whatever was left over from before."""

from datetime import datetime

from ticket_pipeline.destinations.base import Destination
from ticket_pipeline.flows.ingest import ingest_all
from ticket_pipeline.flows.map_records import map_records
from ticket_pipeline.flows.publish import publish
from ticket_pipeline.mapping.mapping import FieldMapping
from ticket_pipeline.model.policy import Policy
from ticket_pipeline.model.report import FollowReport
from ticket_pipeline.store import unsettled
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline.wix.client import WixClient


def follow(
    state: SiteState,
    wix: WixClient,
    mapping: FieldMapping,
    destination: Destination,
    policy: Policy,
    *,
    now: datetime,
) -> FollowReport:
    """Bring all waiting webhooks, and no more than they touch, to the destination.

    What is left to do is derived from what we remember, so whatever a crash or an outage interrupted is finished too.

    Raises:
        TransientError, ConfigError: a side could not be reached; the same call may be made again.
    """
    ingested = ingest_all(state, wix, now=now)
    with state.reading() as tx:
        to_map = unsettled.unmapped(tx, state.site, mapping.fingerprint) | set(ingested.event_ids)
    mapped = map_records(state, mapping, sorted(to_map), now=now)
    with state.reading() as tx:
        to_publish = unsettled.unpublished(tx, state.site, destination.identity) | to_map
    published = publish(state, destination, policy, sorted(to_publish), now=now)
    return FollowReport(ingested=ingested, mapped=mapped, published=published, event_ids=tuple(sorted(to_publish)))
