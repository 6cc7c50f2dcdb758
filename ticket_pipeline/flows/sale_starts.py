"""Sale starts: what begins to be sold when, as far as we know, and what of it is to be announced now."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from ticket_pipeline.model.announcement import PlannedStart, StartKey
from ticket_pipeline.model.event import Event
from ticket_pipeline.model.sale_start import sale_start
from ticket_pipeline.model.ticket_definition import TicketDefinition
from ticket_pipeline.store import announcements, checkpoints, definitions, events
from ticket_pipeline.store.announcements import SETTLED, Announcement, State
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.site_state import SiteState

#: How long before a sale start its announcement is prepared: one minute of the schedule, and some.
LOOK_AHEAD = timedelta(seconds=90)
_SINCE = "announcing_since"
_CANCELLED = frozenset({"CANCELED", "CANCELLED"})


def sale_starts(
    tx: Transaction, site: str, event_ids: Sequence[str] | None = None, *, now: datetime
) -> list[PlannedStart]:
    """Plan all sale starts of these events (None: of the site), past ones too, in their order.

    Tiers of one event that open at the same instant are one sale start, in the order in which they were made.
    """
    known = {each.id: each for each in events.all_events(tx, site)}
    opening: dict[StartKey, list[TicketDefinition]] = defaultdict(list)
    for each in definitions.live(tx, site, event_ids):
        if why_not_announced(known.get(each.event_id), each, now=now) is None and each.sale_period.start:
            opening[StartKey(each.event_id, each.sale_period.start)].append(each)
    planned = [_planned(site, known[key.event_id], tiers, key.at) for key, tiers in opening.items()]
    return sorted(planned, key=lambda each: (each.start.at, each.start.event_id))


def why_not_announced(event: Event | None, definition: TicketDefinition, *, now: datetime) -> str | None:
    """Say why nobody is told when this definition goes on sale; None where people are."""
    period = definition.sale_period
    if period.start is None:
        return "it has no sale start"
    if definition.hidden:
        return "it is hidden"
    if period.end is not None and period.end <= max(period.start, now):
        return "its sale has ended" if period.end > period.start else "its sale ends before it begins"
    return _why_not_shown(event, now=now)


def due(state: SiteState, *, now: datetime, ahead: timedelta = LOOK_AHEAD) -> list[PlannedStart]:
    """Select what needs announcing: what starts within `ahead`, what was missed, and what was left unfinished.

    By state, never by the caller's own time: whoever calls, and however often, gets the same. What somebody alive is
    at work on is left out. Two things nobody was meant to be told of are left out too: sales that had begun before
    announcements were first looked for, and tiers moved into the past after they were announced. Whether it is too
    late is for `announce` to say, and to write down.
    """
    since = _since(state, now)
    with state.reading() as tx:
        known = {each.key: each for each in announcements.listed(tx, state.site)}
        planned = sale_starts(tx, state.site, now=now)
    return [each for each in planned if _is_due(each, known, since=since, now=now, ahead=ahead)]


class Outlook:
    """Tells what is due as `due` does, for who asks every few seconds: plans anew only when something has changed."""

    def __init__(self) -> None:
        """Begin without a plan."""
        self._made_from: tuple[object, ...] | None = None
        self._planned: list[PlannedStart] = []

    def due(self, state: SiteState, *, now: datetime, ahead: timedelta = LOOK_AHEAD) -> list[PlannedStart]:
        """Select what needs announcing; see `due`."""
        since = _since(state, now)
        with state.reading() as tx:
            known = {each.key: each for each in announcements.listed(tx, state.site)}
            made_from = (definitions.fingerprint(tx, state.site), events.fingerprint(tx, state.site))
            if made_from != self._made_from:
                self._planned, self._made_from = sale_starts(tx, state.site, now=now), made_from
        # Time alone only takes sale starts away, so an old plan lacks none; what it finds is looked at once more.
        found = any(_is_due(each, known, since=since, now=now, ahead=ahead) for each in self._planned)
        return due(state, now=now, ahead=ahead) if found else []


def next_start(state: SiteState, event_id: str | None = None, *, now: datetime) -> PlannedStart | None:
    """Find the next sale start of the site, or of one event; of an event without one to come, its last."""
    with state.reading() as tx:
        planned = sale_starts(tx, state.site, None if event_id is None else [event_id], now=now)
    coming = next((each for each in planned if each.start.at > now), None)
    return coming or (planned[-1] if planned and event_id is not None else None)


def _is_due(
    planned: PlannedStart,
    known: Mapping[StartKey, Announcement],
    *,
    since: datetime,
    now: datetime,
    ahead: timedelta,
) -> bool:
    at, row = planned.start.at, known.get(planned.key)
    if at > now + ahead:
        return False
    if row is not None and (row.state in SETTLED or (row.claimed_until is not None and row.claimed_until > now)):
        return False
    if row is not None and row.state is State.OPEN:
        return True
    return at > now or (at >= since and not _announced_later(planned, known.values()))


def _announced_later(planned: PlannedStart, known: Iterable[Announcement]) -> bool:
    """Tell whether people heard of all these tiers, when they went on sale later than they are said to now."""
    later = [each for each in known if each.key.event_id == planned.start.event_id and each.key.at > planned.start.at]
    told = {each for row in later if row.state in {State.OPEN, State.DONE} for each in row.definition_ids}
    return told.issuperset(planned.definition_ids)


def _since(state: SiteState, now: datetime) -> datetime:
    """Tell when announcements were first looked for, less a moment: who begins in the minute of a start means it."""
    with state.reading() as tx:
        written = checkpoints.get(tx, state.site, _SINCE)
    if written is None:
        with state.writing() as tx:
            written = checkpoints.get(tx, state.site, _SINCE) or (now - LOOK_AHEAD).isoformat()
            checkpoints.put(tx, state.site, _SINCE, written, at=now)
    return datetime.fromisoformat(written)


def _why_not_shown(event: Event | None, *, now: datetime) -> str | None:
    if event is None:
        return "its event is gone"
    if event.status in _CANCELLED:
        return "its event is cancelled"
    if event.status == "ENDED" or (event.ends_at is not None and event.ends_at <= now):
        return "its event has ended"
    return None if event.sells_tickets else "its event is a draft or sells no tickets"


def _planned(site: str, event: Event, tiers: list[TicketDefinition], at: datetime) -> PlannedStart:
    ordered = tuple(sorted(tiers, key=lambda each: (each.created_at or at, each.id)))
    start = sale_start(site, event, ordered, at=at)
    return PlannedStart(start=start, definition_ids=tuple(each.id for each in ordered))
