"""How a made-up ticket definition is described, before it becomes one."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ticket_pipeline.sandbox.entities import Document

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Tier:
    """A ticket definition to be: times are relative to the world's reference instant."""

    name: str
    #: fixed price; guest: the minimum; options: name and price of each; none of them: no pricing method
    fixed: str | None = None
    guest: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    #: None: unlimited
    limit: int | None = 100
    sold: int = 0
    opens: timedelta | None = None
    closes: timedelta | None = None
    hidden: bool = False
    description: str | None = None
    policy: str | None = None
    fee_type: str = "FEE_ADDED_AT_CHECKOUT"
    shown_off_sale: bool = False
    extended: Document | None = None
    #: rows and seats per row of a seating plan; the limit is then theirs
    seats: tuple[int, int] | None = None
    section: str = "Stalls"


@dataclass(frozen=True, kw_only=True)
class Show:
    """An event to be: times are relative to the world's reference instant."""

    slug: str
    title: str
    starts: timedelta
    lasts: timedelta = 3 * HOUR
    currency: str = "USD"
    city: str = "Oslo"
    country: str = "NO"
    venue: str = "Main Hall"
    online: bool = False
    time_zone: str = "Europe/Oslo"
    stage: str = "published"
    registration: str = "TICKETING"
    summary: str = ""
    category: str | None = None
    tiers: tuple[Tier, ...] = field(default=())


def pricing(tier: Tier, currency: str, option_ids: list[str]) -> dict[str, Any]:
    """Write the pricing method of a tier."""
    if tier.fixed is not None:
        return {"fixedPrice": {"value": tier.fixed, "currency": currency}}
    if tier.guest is not None:
        return {"guestPrice": {"value": tier.guest, "currency": currency}}
    if not tier.options:
        return {}
    details = [
        {"optionId": option_id, "name": name, "price": {"value": value, "currency": currency}}
        for option_id, (name, value) in zip(option_ids, tier.options, strict=True)
    ]
    return {"pricingOptions": {"optionDetails": details}}


def places(tier: Tier) -> tuple[Document, ...]:
    """Write the seats of a tier, row by row."""
    if tier.seats is None:
        return ()
    rows, seats = tier.seats
    return tuple(
        {
            "placeId": f"{tier.section[:3].upper()}-{row}-{chr(64 + row)}{seat}",
            "label": f"{chr(64 + row)}{seat}",
            "sectionLabel": tier.section,
            "elementLabel": f"Row {chr(64 + row)}",
            "availableCapacity": 1,
        }
        for row in range(1, rows + 1)
        for seat in range(1, seats + 1)
    )
