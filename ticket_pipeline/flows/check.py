"""Check: can Wix and the destination be worked with, and what is to be done where they cannot."""

from collections.abc import Iterator
from datetime import datetime
from typing import cast

from ticket_pipeline.destinations.base import Checkable, Destination
from ticket_pipeline.errors import TicketPipelineError, TransientError
from ticket_pipeline.model.event import Event
from ticket_pipeline.model.finding import Finding, Level
from ticket_pipeline.wix.client import WixClient
from ticket_pipeline.wix.events import query_events
from ticket_pipeline.wix.ticket_definitions import query_ticket_definitions

_SKEW_NOTED, _SKEW_WRONG = 5.0, 60.0
_LATER = "nothing is wrong here; check again later"
_OWN_ADDRESS = "is wix.base_url right? then nothing is wrong here; check again later"


def check_wix(wix: WixClient, *, now: datetime, own_address: bool = False) -> Iterator[Finding]:
    """Look at Wix and the clock; stop asking when refused. An own address, a declared base_url, may be mistyped."""
    later = _OWN_ADDRESS if own_address else _LATER
    yield from _readable(wix, later)
    yield from _clock(wix, now=now)


def check_destination(destination: Destination) -> Iterator[Finding]:
    """Look at the destination, without writing anything."""
    if not hasattr(destination, "check"):
        return
    try:
        yield from cast("Checkable", destination).check()
    except TicketPipelineError as error:
        yield _failed("destination", error, remedy="mend this, then check again")


def _readable(wix: WixClient, later: str) -> Iterator[Finding]:
    try:
        found = next(iter(query_events(wix)), None)
    except TicketPipelineError as error:
        yield _failed("Wix: events", error, remedy="mend this first, then check again", later=later)
        return
    events: tuple[Event, ...] = found.items if found else ()
    yield Finding(level=Level.OK, what="Wix: events", seen=f"reached; {len(events)} on the first page")
    yield _definitions(wix, [event.id for event in events if event.sells_tickets][:1], later)


def _definitions(wix: WixClient, event_ids: list[str], later: str) -> Finding:
    what = "Wix: ticket definitions"
    if not event_ids:
        return Finding(
            level=Level.WARNING,
            what=what,
            seen="the site has no event that sells tickets",
            remedy="publish an event with tickets on the Wix site, or check that this is the right site",
        )
    try:
        page = next(iter(query_ticket_definitions(wix, event_ids)), None)
    except TicketPipelineError as error:
        return _failed(what, error, remedy="give the credentials this right", later=later)
    return Finding(level=Level.OK, what=what, seen=f"readable; {len(page.items) if page else 0} of the first event")


def _clock(wix: WixClient, *, now: datetime) -> Iterator[Finding]:
    theirs = wix.server_time()
    if theirs is None:
        return
    skew = abs((theirs - now).total_seconds())
    level = Level.ERROR if skew > _SKEW_WRONG else Level.WARNING if skew > _SKEW_NOTED else Level.OK
    remedy = None if level is Level.OK else "set this machine's clock (NTP): sale starts are announced by it"
    yield Finding(level=level, what="clock", seen=f"{skew:.0f} s apart from Wix", remedy=remedy)


def _failed(what: str, error: TicketPipelineError, *, remedy: str, later: str = _LATER) -> Finding:
    transient = isinstance(error, TransientError)
    remedy = later if transient else remedy
    return Finding(level=Level.ERROR, what=what, seen=str(error), remedy=remedy, transient=transient)
