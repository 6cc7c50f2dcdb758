"""Load: the ticket definitions of some events, completely, by query."""

import gc
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from uuid import uuid4

from ticket_pipeline.errors import NotFoundError, RejectedError
from ticket_pipeline.flows.progress import Progress, unwatched
from ticket_pipeline.flows.read_ahead import read_ahead
from ticket_pipeline.flows.recorded import recorded
from ticket_pipeline.model.report import LoadReport, Refusal
from ticket_pipeline.model.ticket_definition import TicketDefinition
from ticket_pipeline.store import dead_letters, definitions, loads, statistics
from ticket_pipeline.store.dead_letters import DeadLetter
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline.wix.client import WixClient
from ticket_pipeline.wix.page import Page, Refused
from ticket_pipeline.wix.ticket_definitions import (
    count_ticket_definitions,
    get_ticket_definition,
    query_ticket_definitions,
)

#: Wix declares no limit for `$in`; its own order list takes a hundred ids, so a refusal of more falls back to that.
SAFE_IN = 100
MOST_IN = 1000
_PAGE = 100
_MOST_CURSORS = 16
#: How many definitions one transaction keeps; a load that is cut off reads its events again anyway.
_AT_ONCE = 1000
FLOW = "load"


@dataclass(kw_only=True)
class _Cursor:
    """What one cursor, for some of the events, has brought so far."""

    event_ids: Sequence[str]
    seen: dict[str, str] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)

    def take(self, page: Page[TicketDefinition]) -> Sequence[TicketDefinition]:
        """Note what a page brought."""
        self.seen |= {definition.id: definition.event_id for definition in page.items}
        self.refused += page.refused
        return page.items


@dataclass(kw_only=True)
class _Tally:
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    gaps: int = 0
    refused: list[Refusal] = field(default_factory=list)
    per_event: dict[str, int] = field(default_factory=dict)


@contextmanager
def _fewer_collections() -> Iterator[None]:
    """Look for garbage less often: pages are many small objects, and none of them in circles."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@recorded(FLOW)
@_fewer_collections()
def load_definitions(
    state: SiteState,
    wix: WixClient,
    event_ids: Sequence[str],
    *,
    now: datetime,
    progress: Progress = unwatched,
) -> LoadReport:
    """Read every ticket definition of these events and keep what is newer than what we hold.

    Several cursors run at once where that costs no more requests. An event counts as loaded once its cursor came to
    its end; what is then missing is read by id, and becomes a tombstone only when Wix says 404.

    Raises:
        TransientError, ConfigError, RejectedError: a page failed. Events whose cursor had ended stay loaded; the
            others are as they were, and the same call may simply be made again.
    """
    before = wix.requests_spent
    tally, load_id = _Tally(), uuid4().hex
    cursors = [_Cursor(event_ids=ids) for ids in _shares(wix, event_ids)]
    sources = [partial(_pages, wix, cursor.event_ids) for cursor in cursors]
    waiting: list[TicketDefinition] = []
    for index, page in read_ahead(sources):
        cursor = cursors[index]
        if page is not None:
            waiting += cursor.take(page)
        if page is None or len(waiting) >= _AT_ONCE:
            _keep(state, waiting, tally, now=now)
            waiting.clear()
        if page is None:
            _complete(state, wix, cursor, tally, load_id=load_id, now=now)
        progress("definitions", tally.created + tally.changed + tally.unchanged, None)
        progress("events", len(tally.per_event), len(event_ids))
    return _report(tally, requests=wix.requests_spent - before)


def _shares(wix: WixClient, event_ids: Sequence[str]) -> list[Sequence[str]]:
    """Part the events among cursors: one more cursor for every ten pages, so that part-full pages stay few."""
    if not event_ids:
        return []
    if len(event_ids) <= SAFE_IN:
        return [event_ids]
    pages = math.ceil((count_ticket_definitions(wix) or 0) / _PAGE)
    width = max(1, min(_MOST_CURSORS, pages // 10), math.ceil(len(event_ids) / MOST_IN))
    return [event_ids[start::width] for start in range(width)]


def _pages(wix: WixClient, event_ids: Sequence[str]) -> Iterator[Page[TicketDefinition]]:
    try:
        yield from query_ticket_definitions(wix, event_ids)
    except RejectedError:
        if len(event_ids) <= SAFE_IN:
            raise
        for start in range(0, len(event_ids), SAFE_IN):
            yield from query_ticket_definitions(wix, event_ids[start : start + SAFE_IN])


def _keep(state: SiteState, some: Sequence[TicketDefinition], tally: _Tally, *, now: datetime) -> None:
    if not some:
        return
    with state.writing() as tx:
        kept = definitions.upsert_newer(tx, state.site, some, read_at=now)
        statistics.keep_up(tx)
    tally.created += len(kept.created)
    tally.changed += len(kept.changed)
    tally.unchanged += kept.unchanged + kept.stale
    tally.gaps += len(kept.gaps)


def _complete(state: SiteState, wix: WixClient, cursor: _Cursor, tally: _Tally, *, load_id: str, now: datetime) -> None:
    """Confirm what is missing, then mark the cursor's events as loaded, in one transaction with its tombstones."""
    dead = _confirm_missing(state, wix, cursor, now=now)
    counts = dict.fromkeys(cursor.event_ids, 0)
    for event_id in cursor.seen.values():
        counts[event_id] = counts.get(event_id, 0) + 1
    with state.writing() as tx:
        for event_id, ids in dead.items():
            tally.deleted += definitions.tombstone(
                tx, state.site, ids, event_id=event_id, at=now, why="missing from a complete load, 404 by id"
            )
        dead_letters.bury(tx, state.site, flow=FLOW, letters=[_letter(each) for each in cursor.refused], at=now)
        dead_letters.resolve(tx, state.site, flow=FLOW, subjects=list(cursor.seen), at=now)
        loads.complete(tx, state.site, counts, load_id=load_id, started_at=now, at=now)
    tally.refused += [Refusal(subject=each.id, code=each.code, reason=each.reason) for each in cursor.refused]
    tally.per_event |= counts


def _confirm_missing(state: SiteState, wix: WixClient, cursor: _Cursor, *, now: datetime) -> dict[str, list[str]]:
    with state.reading() as tx:
        known = definitions.live_ids(tx, state.site, cursor.event_ids)
    unreadable = {each.id for each in cursor.refused}
    dead: dict[str, list[str]] = {}
    for event_id, ids in known.items():
        missing = sorted(each for each in ids if each not in cursor.seen and each not in unreadable)
        dead[event_id] = [each for each in missing if not _still_there(state, wix, each, now=now)]
    return {event_id: ids for event_id, ids in dead.items() if ids}


def _still_there(state: SiteState, wix: WixClient, definition_id: str, *, now: datetime) -> bool:
    try:
        found = get_ticket_definition(wix, definition_id)
    except NotFoundError:
        return False
    with state.writing() as tx:
        definitions.upsert_newer(tx, state.site, [found], read_at=now)
    return True


def _letter(refused: Refused) -> DeadLetter:
    return DeadLetter(
        subject=refused.id or "unknown",
        event_id=refused.event_id,
        code=refused.code,
        reason=refused.reason,
        payload=dict(refused.body) if isinstance(refused.body, dict) else {},
    )


def _report(tally: _Tally, *, requests: int) -> LoadReport:
    return LoadReport(
        events=len(tally.per_event),
        definitions=sum(tally.per_event.values()),
        created=tally.created,
        changed=tally.changed,
        unchanged=tally.unchanged,
        deleted=tally.deleted,
        gaps=tally.gaps,
        refused=tuple(tally.refused),
        requests=requests,
        per_event=tally.per_event,
    )
