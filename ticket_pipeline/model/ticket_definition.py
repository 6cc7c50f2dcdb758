"""A ticket definition: one kind of ticket of one event, as Wix describes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from ticket_pipeline.model.money import Money


class PricingMethod(StrEnum):
    """How a ticket is priced; NONE is allowed by Wix's own response schema."""

    FIXED = "fixed"
    GUEST = "guest"
    OPTIONS = "options"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class PriceOption:
    """One of several prices a buyer may pick for the same ticket."""

    id: str
    name: str
    price: Money


@dataclass(frozen=True, kw_only=True)
class Pricing:
    """The price of a ticket, whichever method Wix uses."""

    method: PricingMethod
    #: The fixed price, or the minimum of a guest price; None for options and none.
    price: Money | None = None
    options: tuple[PriceOption, ...] = ()
    #: Of NONE: whether Wix says that there is nothing to pay.
    free: bool = False

    @property
    def lowest(self) -> Money | None:
        """The least a buyer can pay: the price, the minimum, or the cheapest option."""
        if self.options:
            return min((option.price for option in self.options), key=lambda money: money.value)
        return self.price


@dataclass(frozen=True, kw_only=True)
class SalePeriod:
    """When the ticket is sold; Wix cuts both ends down to the minute."""

    start: datetime | None = None
    end: datetime | None = None
    #: Whether Wix shows the ticket outside the period, as not on sale.
    display_not_on_sale: bool = False


@dataclass(frozen=True, kw_only=True)
class Sales:
    """Wix's `salesDetails`; only present when asked for."""

    #: None means unlimited, never zero.
    unsold_count: int | None
    sold_count: int | None
    reserved_count: int | None
    sold_out: bool | None


@dataclass(frozen=True, kw_only=True)
class TicketDefinition:
    """One Wix ticket definition (Ticket Definitions V3)."""

    id: str
    event_id: str
    #: +1 per update; orders everything we hear about this definition, whichever way it came.
    revision: int
    name: str
    description: str | None
    policy_text: str | None
    hidden: bool
    #: False means unlimited.
    limited: bool
    initial_limit: int | None
    #: Capacity after a seating map; equals initial_limit without one.
    actual_limit: int | None
    limit_per_checkout: int | None
    #: Wix's word, kept open: FEE_INCLUDED, FEE_ADDED_AT_CHECKOUT, NO_FEE …
    fee_type: str | None
    pricing: Pricing
    sale_period: SalePeriod
    #: Wix's word, kept open: SALE_SCHEDULED, SALE_STARTED, SALE_ENDED …
    sale_status: str | None
    created_at: datetime | None
    updated_at: datetime | None
    sales: Sales | None = None
    #: Wix's word for how its event stands; only present when asked for.
    event_status: str | None = None
    #: What Wix sent, as it was sent.
    body: Mapping[str, Any] = field(repr=False, compare=False)

    @property
    def capacity(self) -> int | None:
        """Tickets that exist in all; None means unlimited."""
        if not self.limited:
            return None
        return self.actual_limit if self.actual_limit is not None else self.initial_limit
