"""The calendar: which sales start when, and what became of the announcements of those that did."""

from datetime import datetime, timedelta

from ticket_pipeline.flows.sale_starts import sale_starts
from ticket_pipeline.model.announcement import CalendarEntry, PlannedStart, Standing, StartKey
from ticket_pipeline.store import announcements, events, receipts
from ticket_pipeline.store.announcements import Announcement, State
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.site_state import SiteState

LOOK_BACK = timedelta(days=7)
_STANDINGS = {
    State.DONE: Standing.ANNOUNCED,
    State.SKIPPED_LATE: Standing.SKIPPED_LATE,
    State.WITHDRAWN: Standing.WITHDRAWN,
}


def calendar(state: SiteState, *, now: datetime, look_back: timedelta = LOOK_BACK) -> list[CalendarEntry]:
    """List coming sale starts and those of the last days, in their order; reads only what we know."""
    since = now - look_back
    with state.reading() as tx:
        planned = {each.key: each for each in sale_starts(tx, state.site, now=now) if each.start.at >= since}
        rows = {each.key: each for each in announcements.listed(tx, state.site, since=since)}
        keys = sorted({*planned, *rows}, key=lambda key: (key.at, key.event_id))
        return [_entry(tx, state.site, key, planned.get(key), rows.get(key), now=now) for key in keys]


def _entry(
    tx: Transaction, site: str, key: StartKey, planned: PlannedStart | None, row: Announcement | None, *, now: datetime
) -> CalendarEntry:
    event = events.get(tx, site, key.event_id)
    return CalendarEntry(
        event_id=key.event_id,
        title=event.title if event else "",
        sale_start=key.at,
        tiers=tuple(tier.name for tier in planned.start.tiers) if planned else (),
        standing=_standing(row, key.at, now=now),
        why=row.why if row else "",
        told=receipts.sent(tx, site, key) if row else 0,
    )


def _standing(row: Announcement | None, at: datetime, *, now: datetime) -> Standing:
    if row is None:
        return Standing.COMING if at > now else Standing.NOT_ANNOUNCED
    if row.state is not State.OPEN:
        return _STANDINGS[row.state]
    return Standing.UNDER_WAY if row.claimed_until and row.claimed_until > now else Standing.INTERRUPTED
