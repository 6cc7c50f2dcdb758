"""Reconcile: compare Wix, state and destination, say what differs, and repair it as declared."""

from contextlib import suppress
from datetime import datetime

from ticket_pipeline.errors import TicketPipelineError
from ticket_pipeline.flows.drift import accept, find_drift
from ticket_pipeline.flows.load import load_definitions
from ticket_pipeline.flows.load_events import load_events
from ticket_pipeline.flows.map_records import map_records
from ticket_pipeline.flows.plan import plan
from ticket_pipeline.flows.progress import Progress, unwatched
from ticket_pipeline.flows.publish import publish
from ticket_pipeline.flows.recorded import recorded
from ticket_pipeline.flows.sync_parts import SyncParts
from ticket_pipeline.mapping.mapping import FieldMapping
from ticket_pipeline.model.policy import OnDrift
from ticket_pipeline.model.report import Drift, EventsReport, LoadReport, MapReport, ReconcileReport
from ticket_pipeline.store import figures
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline.wix.client import WixClient

#: Name of the figure that says how many records were not as we left them when this was last looked at.
DRIFT = "drift"


@recorded("reconcile")
def reconcile(
    state: SiteState, wix: WixClient, sync: SyncParts | None, *, now: datetime, progress: Progress = unwatched
) -> ReconcileReport:
    """Read the whole site again; look for drift at the destination, if there is one, and publish what is left to do.

    Raises:
        TransientError, ConfigError: a side could not be read or written; the same call may be made again.
    """
    if sync is None:
        events, loaded = read_again(state, wix, now=now, progress=progress)
        return ReconcileReport(events=events, loaded=loaded)
    events, loaded, mapped = refresh(state, wix, sync.mapping, now=now, progress=progress)
    drift = find_drift(state, sync.destination)
    _note(state, drift, now=now)
    if sync.policy.on_drift is OnDrift.OVERWRITE:
        accept(state, sync.destination, drift, now=now)
    planned = plan(state, sync.destination, sync.policy)
    published = publish(state, sync.destination, sync.policy, now=now, progress=progress)
    return ReconcileReport(
        events=events, loaded=loaded, mapped=mapped, drift=drift, planned=planned, published=published
    )


def _note(state: SiteState, drift: Drift, *, now: datetime) -> None:
    with suppress(TicketPipelineError), state.noting() as tx:
        figures.put(tx, state.site, DRIFT, {"records": drift.differences}, at=now)


def refresh(
    state: SiteState, wix: WixClient, mapping: FieldMapping, *, now: datetime, progress: Progress = unwatched
) -> tuple[EventsReport, LoadReport, MapReport]:
    """Bring our state up to Wix, and the mapped records with it; the destination is not touched."""
    events, loaded = read_again(state, wix, now=now, progress=progress)
    mapped = map_records(state, mapping, [*events.event_ids, *events.gone], now=now)
    return events, loaded, mapped


def read_again(
    state: SiteState, wix: WixClient, *, now: datetime, progress: Progress = unwatched
) -> tuple[EventsReport, LoadReport]:
    """Bring our state up to Wix."""
    events = load_events(state, wix, now=now)
    return events, load_definitions(state, wix, events.event_ids, now=now, progress=progress)
