"""A sale start and its readers, for the messages' tests."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ticket_pipeline.model.money import Money
from ticket_pipeline.model.sale_start import SaleStart, Tier, TierPrice
from ticket_pipeline.model.subscriber import Subscriber, SubscriberStatus

SALE_END = datetime(2026, 12, 19, 17, tzinfo=UTC)


def euro(value: str, name: str | None = None) -> TierPrice:
    """A price."""
    return TierPrice(name=name, price=Money(value=Decimal(value), currency="EUR"))


def sale(**fields: Any) -> SaleStart:
    """The night of the long songs."""
    told: dict[str, Any] = {
        "site": "box",
        "event_id": "night",
        "title": "Night of the Long Songs",
        "slug": "night",
        "page_url": "https://www.example.org/event-details/night?a=1&b=2",
        "starts_at": datetime(2026, 12, 19, 18, 30, tzinfo=UTC),
        "time_zone": "Europe/Berlin",
        "at": datetime(2026, 11, 23, 9, tzinfo=UTC),
        "tiers": (
            Tier(name="Stalls", prices=(euro("65"),), sale_end=SALE_END, description="Rows 1 to 12."),
            Tier(name="Balcony", prices=(euro("42", "Regular"), euro("28", "Reduced"))),
        ),
    }
    return SaleStart(**told | fields)


def reader(name: str | None = "Ann", locale: str | None = "en") -> Subscriber:
    """Somebody who is told."""
    return Subscriber(id="1", email="ann@example.org", name=name, status=SubscriberStatus.SUBSCRIBED, locale=locale)
