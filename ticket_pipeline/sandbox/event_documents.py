"""Events as Wix shows them.

Wix's documentation: REST, business solutions, events, events V3.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from ticket_pipeline.sandbox.entities import Definition, Document, Event, Order
from ticket_pipeline.sandbox.instants import to_wire
from ticket_pipeline.sandbox.money import money, prices_of

SITE_URL = "https://box-office.example.com"


def event_document(
    event: Event,
    now: datetime,
    fields: Collection[str] = (),
    definitions: Sequence[Definition] = (),
    orders: Iterable[Order] = (),
) -> Document:
    """Write an event; parts only where the mask asks for them."""
    document = _always(event, now)
    parts: dict[str, Callable[[], Document]] = {
        "DETAILS": lambda: _details(event),
        "TEXTS": lambda: {"description": _rich_text(event.description)},
        "REGISTRATION": lambda: {"registration": _registration(event, now, definitions)},
        "URLS": lambda: {"eventPageUrl": page_url(event)},
        "DASHBOARD": lambda: {"summaries": _summaries(event, orders)},
    }
    for name in parts.keys() & fields:
        document |= parts[name]()
    return document


def _always(event: Event, now: datetime) -> Document:
    document: Document = {
        "id": event.id,
        "location": event.location,
        "dateAndTimeSettings": date_and_time(event),
        "title": event.title,
        "slug": event.slug,
        "createdDate": to_wire(event.created),
        "updatedDate": to_wire(event.updated),
        "status": event.status(now),
        "instanceId": event.instance_id,
        "guestListSettings": {"displayedPublicly": False},
        "userId": event.user_id,
    }
    if event.published is not None:
        document["publishedDate"] = to_wire(event.published)
    return document


def date_and_time(event: Event) -> Document:
    """Write when an event takes place."""
    settings: Document = {
        "dateAndTimeTbd": False,
        "startDate": to_wire(event.starts),
        "endDate": to_wire(event.ends),
        "timeZoneId": event.time_zone,
        "hideEndDate": False,
        "showTimeZone": False,
        "recurrenceStatus": "RECURRING" if event.category_id else "ONE_TIME",
        "formatted": _formatted(event.starts, event.ends, event.time_zone).copy(),
    }
    if event.category_id:
        settings["recurringEvents"] = {"individualEventDates": [], "categoryId": event.category_id}
    return settings


def page_url(event: Event) -> Document:
    """Write the address of an event's page, in the two parts that REST gives."""
    return {"base": SITE_URL, "path": f"/event-details/{event.slug}"}


@lru_cache(maxsize=4096)
def _formatted(starts: datetime, ends: datetime, time_zone: str) -> Document:
    zone = ZoneInfo(time_zone)
    starts, ends = starts.astimezone(zone), ends.astimezone(zone)
    days = [f"{day:%B} {day.day}, {day.year}" for day in (starts, ends)]
    hours = [f"{hour:%I:%M %p}".lstrip("0") for hour in (starts, ends)]
    whole = f"{days[0]}, {hours[0]} – {hours[1]}"  # noqa: RUF001 - Wix writes a range with an en dash
    return {
        "dateAndTime": whole,
        "startDate": days[0],
        "startTime": hours[0],
        "endDate": days[1],
        "endTime": hours[1],
    }


def _details(event: Event) -> Document:
    image = {"id": f"{event.id[:8]}~mv2.jpg", "url": f"{SITE_URL}/media/{event.id[:8]}.jpg"}
    calendar = f"{SITE_URL}/calendar/{event.id}"
    return {
        "shortDescription": event.summary,
        "mainImage": {**image, "height": 1080, "width": 1920},
        "calendarUrls": {"google": f"{calendar}/google", "ics": f"{calendar}.ics"},
    }


def _rich_text(words: str) -> Document:
    text = {"type": "TEXT", "id": "", "nodes": [], "textData": {"text": words, "decorations": []}}
    return {"nodes": [{"type": "PARAGRAPH", "id": "p1", "nodes": [text], "paragraphData": {}}]}


def _registration(event: Event, now: datetime, definitions: Sequence[Definition]) -> Document:
    common: Document = {
        "type": event.registration,
        "initialType": event.registration,
        "allowedGuestTypes": "VISITOR_OR_MEMBER",
        "registrationPaused": False,
        "registrationDisabled": False,
    }
    over = event.status(now) in ("ENDED", "CANCELED")
    if event.registration == "RSVP":
        rsvp = {"responseType": "YES_ONLY", "limit": 50, "waitlistEnabled": False}
        return {**common, "status": "CLOSED_MANUALLY" if over else "OPEN_RSVP", "rsvp": rsvp}
    shown = [definition for definition in definitions if not definition.document["hidden"]]
    sold_out = bool(shown) and all(definition.unsold == 0 for definition in shown)
    open_status = "CLOSED_AUTOMATICALLY" if sold_out else "OPEN_TICKETS"
    tickets: Document = {
        "guestsAssignedSeparately": False,
        "ticketLimitPerOrder": event.ticket_limit_per_order,
        "currency": event.currency,
        "soldOut": sold_out,
        "reservationDurationInMinutes": 20,
    }
    prices = sorted(price for definition in shown for price in prices_of(definition))
    if prices:
        tickets["lowestPrice"] = money(prices[0], event.currency)
        tickets["highestPrice"] = money(prices[-1], event.currency)
    return {**common, "status": "CLOSED_MANUALLY" if over else open_status, "tickets": tickets}


def _summaries(event: Event, orders: Iterable[Order]) -> Document:
    counted = [order for order in orders if order.confirmed and not order.archived]
    sold = [ticket for order in counted for ticket in order.tickets if not ticket.canceled]
    total = format(sum((Decimal(ticket.price) for ticket in sold), Decimal(0)), "f")
    takings = {"amount": total, "currency": event.currency, "value": total}
    return {
        "tickets": {
            "ticketsSold": len(sold),
            "revenue": takings,
            "currencyLocked": bool(sold),
            "totalOrders": len(counted),
            "totalSales": takings,
        }
    }
