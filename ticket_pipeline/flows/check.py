"""Check: would this site's pipeline work, and what is to be done where it would not."""

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


def check(wix: WixClient, destination: Destination | None, *, now: datetime) -> Iterator[Finding]:
    """Look at Wix, the clock and any destination, without writing anything; stop asking a side that refuses."""
    yield from _wix(wix)
    yield from _clock(wix, now=now)
    if destination is not None:
        yield from _destination(destination)


def _wix(wix: WixClient) -> Iterator[Finding]:
    try:
        found = next(iter(query_events(wix)), None)
    except TicketPipelineError as error:
        yield _failed("Wix: events", error, remedy="mend this first, then check again")
        return
    events: tuple[Event, ...] = found.items if found else ()
    yield Finding(level=Level.OK, what="Wix: events", seen=f"reached; {len(events)} on the first page")
    yield _definitions(wix, [event.id for event in events if event.sells_tickets][:1])


def _definitions(wix: WixClient, event_ids: list[str]) -> Finding:
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
        return _failed(what, error, remedy="give the credentials this right")
    return Finding(level=Level.OK, what=what, seen=f"readable; {len(page.items) if page else 0} of the first event")


def _clock(wix: WixClient, *, now: datetime) -> Iterator[Finding]:
    theirs = wix.server_time()
    if theirs is None:
        return
    skew = abs((theirs - now).total_seconds())
    level = Level.ERROR if skew > _SKEW_WRONG else Level.WARNING if skew > _SKEW_NOTED else Level.OK
    remedy = None if level is Level.OK else "set this machine's clock (NTP): sale starts are announced by it"
    yield Finding(level=level, what="clock", seen=f"{skew:.0f} s apart from Wix", remedy=remedy)


def _destination(destination: Destination) -> Iterator[Finding]:
    if not hasattr(destination, "check"):
        return
    try:
        yield from cast("Checkable", destination).check()
    except TicketPipelineError as error:
        yield _failed("destination", error, remedy="mend this, then check again")


def _failed(what: str, error: TicketPipelineError, *, remedy: str) -> Finding:
    transient = isinstance(error, TransientError)
    remedy = "nothing is wrong here; check again later" if transient else remedy
    return Finding(level=Level.ERROR, what=what, seen=str(error), remedy=remedy, transient=transient)
