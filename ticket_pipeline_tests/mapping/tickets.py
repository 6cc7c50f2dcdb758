"""Ticket definitions and events for tests; every test changes only what it is about."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ticket_pipeline.model.event import Event
from ticket_pipeline.model.money import Money
from ticket_pipeline.model.ticket_definition import (
    PriceOption,
    Pricing,
    PricingMethod,
    SalePeriod,
    TicketDefinition,
)

START = datetime(2026, 5, 1, 22, 30, tzinfo=UTC)


def ticket(**changes: Any) -> TicketDefinition:
    """Make a ticket definition: a fixed price of 65.00 EUR, 250 in all."""
    made: dict[str, Any] = {
        "id": "077766f0-ffa4-4fa1-bdf8-dbb0439c1892",
        "event_id": "9d720f99-1b5a-4141-9877-d32985391e18",
        "revision": 3,
        "name": "General Admission",
        "description": "Standing",
        "policy_text": None,
        "hidden": False,
        "limited": True,
        "initial_limit": 250,
        "actual_limit": 250,
        "limit_per_checkout": 20,
        "fee_type": "NO_FEE",
        "pricing": fixed("65.00"),
        "sale_period": SalePeriod(start=START, end=None, display_not_on_sale=True),
        "sale_status": "SALE_STARTED",
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
        "updated_at": datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC),
        "body": {"salePeriod": {"startDate": "2026-05-01T22:30:00Z"}, "limited": True, "tags": [{"n": 1.5}]},
    }
    return TicketDefinition(**{**made, **changes})


def event(**changes: Any) -> Event:
    """Make an event in Vilnius."""
    made: dict[str, Any] = {
        "id": "9d720f99-1b5a-4141-9877-d32985391e18",
        "title": "Gala",
        "slug": "gala",
        "status": "UPCOMING",
        "starts_at": datetime(2026, 6, 1, 16, tzinfo=UTC),
        "ends_at": None,
        "time_zone": "Europe/Vilnius",
        "page_url": "https://example.org/gala",
        "registration": "TICKETING",
        "currency": "EUR",
        "updated_at": None,
        "body": {},
    }
    return Event(**{**made, **changes})


def money(value: str, currency: str = "EUR") -> Money:
    """Make an amount."""
    return Money(value=Decimal(value), currency=currency)


def fixed(value: str, currency: str = "EUR") -> Pricing:
    """Make a fixed price."""
    return Pricing(method=PricingMethod.FIXED, price=money(value, currency))


def guest(value: str) -> Pricing:
    """Make a price of which the buyer may pay more."""
    return Pricing(method=PricingMethod.GUEST, price=money(value))


def options(*named: tuple[str, str, str]) -> Pricing:
    """Make price options of (id, name, value)."""
    made = tuple(PriceOption(id=id_, name=name, price=money(value)) for id_, name, value in named)
    return Pricing(method=PricingMethod.OPTIONS, options=made)
