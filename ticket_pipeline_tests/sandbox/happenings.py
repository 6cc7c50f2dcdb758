"""How every kind of webhook is brought about over HTTP."""

from collections.abc import Callable
from typing import Any

from ticket_pipeline_tests.sandbox.api import DEFINITIONS, Api

PAST, FUTURE, LATER = "2020-01-01T10:00:00Z", "2030-01-01T10:00:00Z", "2030-01-02T10:00:00Z"
PRICE = {"fixedPrice": {"value": "12.50", "currency": "USD"}}


def made_definition(api: Api, **fields: Any) -> str:
    """Create a ticket definition of an event of its own."""
    event_id = fields.pop("eventId", None) or made_event(api)
    written = {"eventId": event_id, "name": "Made", "pricingMethod": PRICE, "feeType": "NO_FEE", **fields}
    return str(api.ask("POST", DEFINITIONS, {"ticketDefinition": written})["ticketDefinition"]["id"])


def made_event(api: Api, *, draft: bool = False) -> str:
    """Create an event."""
    written = {"title": "Made up", "dateAndTimeSettings": {"startDate": FUTURE, "timeZoneId": "Europe/Oslo"}}
    return str(api.sandbox("/events/create", {"event": written, "draft": draft})["event"]["id"])


def edit_definition(api: Api, definition_id: str, **fields: Any) -> None:
    """Change a ticket definition as the organiser does."""
    api.sandbox("/edit", {"definitionId": definition_id, "ticketDefinition": fields})


def edit_event(api: Api, event_id: str, **fields: Any) -> None:
    """Change an event."""
    api.sandbox("/events/edit", {"eventId": event_id, "event": fields})


def bought(api: Api, **more: Any) -> Any:
    """Buy three tickets of two definitions."""
    lines = [{"definitionId": api.named(name)["id"], "quantity": n} for name, n in (("Livestream", 2), ("Family", 1))]
    return api.sandbox("/buy", {"lines": lines, **more})["order"]


def held(api: Api) -> str:
    """Hold two tickets."""
    body = {"definitionId": api.named("Livestream")["id"], "quantity": 2}
    return str(api.sandbox("/hold", body)["reservation"]["reservationId"])


def sale_period(api: Api, start: str, end: str | None) -> str:
    """Create a definition that is scheduled, then move its sale."""
    scheduled = {"startDate": FUTURE, "endDate": LATER, "displayNotOnSale": True}
    definition_id = made_definition(api, salePeriod=scheduled)
    edit_definition(api, definition_id, salePeriod={"startDate": start, "endDate": end, "displayNotOnSale": True})
    return definition_id


def sale_ended(api: Api) -> str:
    """Create a definition that is on sale, then end it."""
    definition_id = made_definition(api)
    edit_definition(api, definition_id, salePeriod={"startDate": PAST, "endDate": "2020-01-02T10:00:00Z"})
    return definition_id


def dates(api: Api, start: str, end: str) -> str:
    """Create an event, then move it."""
    event_id = made_event(api)
    edit_event(api, event_id, dateAndTimeSettings={"startDate": start, "endDate": end})
    return event_id


def afterwards(api: Api, made: Callable[[Api], str], path: str, name: str) -> str:
    """Make something, then do something to it."""
    key = made(api)
    api.sandbox(path, {name: key})
    return key


def updated_definition(api: Api) -> str:
    """Create a definition and rename it."""
    definition_id = made_definition(api)
    edit_definition(api, definition_id, name="Renamed", description="Standing room.")
    return definition_id


def deleted_definition(api: Api) -> str:
    """Create a definition and delete it."""
    definition_id = made_definition(api)
    api.ask("DELETE", f"{DEFINITIONS}/{definition_id}")
    return definition_id


def renamed_event(api: Api) -> str:
    """Create an event and rename it."""
    event_id = made_event(api)
    edit_event(api, event_id, title="Renamed")
    return event_id


def order_number(order: Any) -> str:
    """Name an order."""
    return str(order["orderNumber"])


DEFINITION, EVENT = "wix.events.v3.ticket_definition_", "wix.events.v3.event_"
RESERVATION, ORDER = "wix.events.v1.ticket_reservation_", "wix.events.ticketing.events.Order"

#: For each eventType what brings it about, giving the id that the webhook is about.
HAPPENINGS: dict[str, Callable[[Api], str]] = {
    f"{DEFINITION}created": made_definition,
    f"{DEFINITION}updated": updated_definition,
    f"{DEFINITION}deleted": deleted_definition,
    f"{DEFINITION}sale_started": lambda api: sale_period(api, PAST, LATER),
    f"{DEFINITION}sale_ended": sale_ended,
    f"{DEFINITION}sale_period_updated": lambda api: sale_period(api, "2029-01-01T10:00:00Z", None),
    f"{EVENT}created": made_event,
    f"{EVENT}updated": renamed_event,
    f"{EVENT}deleted": lambda api: afterwards(api, made_event, "/events/delete", "eventId"),
    f"{EVENT}canceled": lambda api: afterwards(api, made_event, "/events/cancel", "eventId"),
    f"{EVENT}started": lambda api: dates(api, PAST, FUTURE),
    f"{EVENT}ended": lambda api: dates(api, PAST, "2020-01-01T12:00:00Z"),
    f"{EVENT}published": lambda api: afterwards(
        api, lambda api: made_event(api, draft=True), "/events/publish", "eventId"
    ),
    f"{RESERVATION}created": held,
    f"{RESERVATION}updated": lambda api: afterwards(api, held, "/release", "reservationId"),
    f"{RESERVATION}deleted": lambda api: afterwards(api, held, "/reservations/delete", "reservationId"),
    f"{ORDER}Initiated": lambda api: order_number(bought(api, status="INITIATED")),
    f"{ORDER}Confirmed": lambda api: order_number(bought(api)),
    f"{ORDER}Updated": lambda api: afterwards(api, lambda a: order_number(bought(a)), "/cancel", "orderNumber"),
    f"{ORDER}Deleted": lambda api: afterwards(api, lambda a: order_number(bought(a)), "/anonymise", "orderNumber"),
}
