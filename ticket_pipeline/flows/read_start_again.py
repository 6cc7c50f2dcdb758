"""Read a sale start again at Wix, at the very moment it is to be announced: webhooks may be late or lost."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from ticket_pipeline.errors import NotFoundError, RejectedError
from ticket_pipeline.flows.sale_starts import sale_starts, why_not_announced
from ticket_pipeline.model.announcement import PlannedStart, StartKey
from ticket_pipeline.model.event import Event
from ticket_pipeline.model.ticket_definition import TicketDefinition
from ticket_pipeline.store import definitions, events
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline.wix.client import WixClient
from ticket_pipeline.wix.events import get_event, query_events
from ticket_pipeline.wix.ticket_definitions import get_ticket_definition, query_by_id

log = logging.getLogger(__name__)

_AT_ONCE = 4
_ONE_BY_ONE = 10


@dataclass(frozen=True, kw_only=True)
class Withdrawn:
    """What was planned is no sale start any more."""

    #: A sentence.
    why: str


@dataclass(kw_only=True)
class _Read:
    """What reading some definitions brought."""

    found: list[TicketDefinition] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    unreadable: set[str] = field(default_factory=set)


def read_start_again(
    state: SiteState, wix: WixClient, planned: PlannedStart, *, now: datetime
) -> PlannedStart | Withdrawn:
    """Read event and definitions, keep what is newer, and give the sale start as it is now.

    Raises:
        TransientError, ConfigError: Wix could not be read; nothing is known then.
    """
    _read_event(state, wix, planned.key.event_id, now=now)
    with state.reading() as tx:
        current = _of(sale_starts(tx, state.site, [planned.key.event_id], now=now), planned.key)
    ids = sorted({*planned.definition_ids, *(current.definition_ids if current else ())})
    read = _read_definitions(wix, ids)
    with state.writing() as tx:
        definitions.upsert_newer(tx, state.site, read.found, read_at=now)
        definitions.tombstone(tx, state.site, read.dead, event_id=planned.key.event_id, at=now, why="404 by id")
    if read.unreadable:
        log.warning("tiers_not_read_again", extra={"site": state.site, "definition_ids": sorted(read.unreadable)})
    return _as_it_is(state, planned, ids, now=now)


def _as_it_is(
    state: SiteState, planned: PlannedStart, ids: Sequence[str], *, now: datetime
) -> PlannedStart | Withdrawn:
    with state.reading() as tx:
        found = _of(sale_starts(tx, state.site, [planned.key.event_id], now=now), planned.key)
        if found is not None:
            return found
        event = events.get(tx, state.site, planned.key.event_id)
        held = [definitions.get(tx, state.site, each) for each in ids]
    return Withdrawn(why=_why(planned, event, [each for each in held if each], now=now))


def _of(planned: Sequence[PlannedStart], key: StartKey) -> PlannedStart | None:
    return next((each for each in planned if each.key == key), None)


def _why(planned: PlannedStart, event: Event | None, held: Sequence[TicketDefinition], *, now: datetime) -> str:
    """Say in a sentence what became of it."""
    for each in held:
        why = why_not_announced(event, each, now=now)
        if why is not None:
            return f"{each.name}: {why}"
        if each.sale_period.start != planned.key.at:
            return f"{each.name}: its sale start is {each.sale_period.start:%Y-%m-%d %H:%M} UTC now"
    return "its ticket definitions were deleted" if event else "its event is gone"


def _read_event(state: SiteState, wix: WixClient, event_id: str, *, now: datetime) -> None:
    """Keep the event as it is now; one that is neither found by id nor listed is gone."""
    try:
        found: Event | None = get_event(wix, event_id, urgent=True)
    except NotFoundError:
        found = next((each for page in query_events(wix) for each in page.items if each.id == event_id), None)
    except RejectedError as error:
        log.warning("event_not_read_again", extra={"site": state.site, "event_id": event_id, "reason": str(error)})
        return
    with state.writing() as tx:
        if found is None:
            events.mark_gone(tx, state.site, [event_id], at=now)
        else:
            events.put(tx, state.site, [found], read_at=now)


def _read_definitions(wix: WixClient, ids: Sequence[str]) -> _Read:
    """Get each by its id, several at once; of very many get only those a query does not bring, which may lag a little.

    The start waits neither for the last of twenty tiers nor for the minute's requests to flow in.
    """
    read = _Read()
    if len(ids) > _ONE_BY_ONE:
        read.found += [each for page in query_by_id(wix, ids) for each in page.items]
    left = sorted(set(ids) - {each.id for each in read.found})
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="sale-start") as threads:
        for definition_id, answer in zip(left, threads.map(lambda each: _get(wix, each), left), strict=True):
            if isinstance(answer, TicketDefinition):
                read.found.append(answer)
            elif isinstance(answer, NotFoundError):
                read.dead.append(definition_id)
            else:
                read.unreadable.add(definition_id)
    return read


def _get(wix: WixClient, definition_id: str) -> TicketDefinition | RejectedError:
    try:
        return get_ticket_definition(wix, definition_id, urgent=True)
    except RejectedError as error:
        return error
