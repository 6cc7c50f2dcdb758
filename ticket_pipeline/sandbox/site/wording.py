"""How the box office writes days, prices and what is left."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from ticket_pipeline.sandbox.entities import Definition, Document, Event
from ticket_pipeline.sandbox.instants import to_wire

#: At so many or fewer it is said that few are left.
FEW = 10
MOST_OPTIONS = 4
NO_LONGER_SOLD = {"ENDED": "No longer sold: the event is over", "CANCELED": "No longer sold: the event is cancelled"}
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


def day_and_hour(instant: datetime, time_zone: str) -> str:
    """Write an instant where the show is: Friday 3 July, 19:00."""
    there = instant.astimezone(ZoneInfo(time_zone))
    return f"{there:%A} {there.day} {there:%B %Y, %H:%M}"


def short(instant: datetime, time_zone: str) -> str:
    """Write an instant where the show is, in few letters, with its time zone."""
    there = instant.astimezone(ZoneInfo(time_zone))
    return f"{there.day} {there:%b, %H:%M %Z}"


def amount(money: Document) -> str:
    """Write an amount of money: €1,049.00, 12.500 KWD."""
    symbol = SYMBOLS.get(money["currency"])
    written = f"{Decimal(money['value']):,}"
    return f"{symbol}{written}" if symbol else f"{written} {money['currency']}"


def prices(definition: Definition) -> list[str]:
    """Write what a ticket costs, a line for each option."""
    method = definition.document["pricingMethod"]
    if "guestPrice" in method:
        return [f"from {amount(method['guestPrice'])}"]
    if "pricingOptions" in method:
        options = method["pricingOptions"]["optionDetails"]
        lines = [f"{option['name']} {amount(option['price'])}" for option in options[:MOST_OPTIONS]]
        return [*lines, "…"] if len(options) > MOST_OPTIONS else lines
    if "fixedPrice" not in method:
        return ["No price yet"]
    return ["Free" if method["free"] else amount(method["fixedPrice"])]


def sale(definition: Definition, event: Event, now: datetime) -> tuple[str, datetime | None]:
    """Write when a ticket is on sale, and the instant to count down to, if any."""
    start, end, zone = definition.sale_start, definition.sale_end, event.time_zone
    if (status := event.status(now)) in NO_LONGER_SOLD:
        return NO_LONGER_SOLD[status], None
    if start is not None and now < start:
        return f"On sale from {short(start, zone)}", start
    if end is not None:
        return f"{'Sale ended' if now >= end else 'On sale until'} {short(end, zone)}", None
    return "On sale", None


def left(definition: Definition, now: datetime) -> str:
    """Write how many tickets are left, as the counter will, which takes this text's place."""
    status, unsold = definition.sale_status(now), definition.unsold
    if status != "SALE_STARTED":
        return "Not yet on sale" if status == "SALE_SCHEDULED" else "Sale ended"
    if unsold is None:
        return "Tickets available"
    if unsold > FEW:
        return f"{unsold} left"
    if not unsold:
        return "Sold out"
    method = definition.document["pricingMethod"]
    single = " at this price" if "fixedPrice" in method and not method["free"] else ""
    return f"Only {unsold} ticket{'s' if unsold > 1 else ''} left{single}"


def wire(instant: datetime | None) -> str:
    """Write an instant for the page's scripts; nothing if there is none."""
    return "" if instant is None else to_wire(instant)
