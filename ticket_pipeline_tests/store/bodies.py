"""Events, ticket definitions and records as the tests need them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from ticket_pipeline.model.event import Event
from ticket_pipeline.model.record import Record, Value
from ticket_pipeline.model.ticket_definition import TicketDefinition
from ticket_pipeline.wix.events import parse_event
from ticket_pipeline.wix.ticket_definitions import parse_ticket_definition

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def minute(number: int) -> datetime:
    """Tell the instant so many minutes after noon."""
    return NOON + timedelta(minutes=number)


def wix_time(at: datetime) -> str:
    """Write an instant as Wix does."""
    return at.isoformat().replace("+00:00", "Z")


def definition(
    definition_id: str, revision: int = 1, *, event_id: str = "gala", updated: datetime | None = NOON, **more: Any
) -> TicketDefinition:
    """Make a ticket definition from a body like Wix's."""
    return parse_ticket_definition(
        {
            "id": definition_id,
            "eventId": event_id,
            "revision": str(revision),
            "updatedDate": wix_time(updated) if updated else None,
            "name": f"Balcony {revision}",
            "hidden": False,
            "limited": True,
            "initialLimit": 200,
            "pricingMethod": {"fixedPrice": {"value": "65.00", "currency": "EUR"}, "pricingType": "STANDARD"},
            **more,
        }
    )


def event(
    event_id: str,
    *,
    title: str = "Gala",
    updated: datetime | None = NOON,
    starts: datetime | None = None,
    status: str = "UPCOMING",
) -> Event:
    """Make an event from a body like Wix's."""
    return parse_event(
        {
            "id": event_id,
            "title": title,
            "slug": event_id,
            "status": status,
            "updatedDate": wix_time(updated) if updated else None,
            "dateAndTimeSettings": {"startDate": wix_time(starts)} if starts else None,
        }
    )


def record(definition_id: str, revision: int = 1, *, event_id: str = "gala", **fields: Value) -> Record:
    """Make a record."""
    return Record(
        definition_id=definition_id,
        event_id=event_id,
        revision=revision,
        fields=fields or {"name": "Balcony", "price": Decimal("65.00")},
    )
