"""What a counter shows of a ticket definition as it was read (pure).

Wix's documentation: REST, business solutions, Events, Ticket Definitions V3, ticket definition object: sales details,
sale period, pricing method.
"""

from datetime import datetime
from decimal import Decimal

from ticket_pipeline.errors import RejectedError
from ticket_pipeline.model.event import Event
from ticket_pipeline.model.money import Money
from ticket_pipeline.model.tally import Tally, TallyPrice, TallyStatus
from ticket_pipeline.model.ticket_definition import Pricing, PricingMethod, Sales, TicketDefinition

#: Wix's words for events whose tickets are not shown.
OVER = frozenset({"CANCELED", "ENDED", "DRAFT"})


def counter_value(
    site: str, definition: TicketDefinition, event: Event | None, *, gone: bool, low_stock: int, read_at: datetime
) -> Tally:
    """Say what the counter shows; of what is hidden that is nothing but its being hidden.

    `event` is what we know of its event otherwise, and `gone` whether we know that there is no such event any more.

    Raises:
        RejectedError: Wix told no sales (`no_sales_details`); that is not a zero.
    """
    if definition.hidden or gone or _is_over(definition, event):
        return out_of_sight(
            site, definition.id, definition.event_id, revision=definition.revision, read_at=read_at, gone=False
        )
    if definition.sales is None:
        raise RejectedError(
            f"wix: ticket definition {definition.id} came without salesDetails; check that we may read them",
            code="no_sales_details",
        )
    remaining = _remaining(definition, definition.sales)
    return Tally(
        site=site,
        definition_id=definition.id,
        event_id=definition.event_id,
        status=_status(definition, remaining, low_stock=low_stock, at=read_at),
        remaining=remaining,
        prices=_prices(definition.pricing, event.currency if event else None),
        minimum_price=definition.pricing.method is PricingMethod.GUEST,
        sale_start=definition.sale_period.start,
        sale_end=definition.sale_period.end,
        revision=definition.revision,
        read_at=read_at,
    )


def out_of_sight(
    site: str, definition_id: str, event_id: str, *, revision: int, read_at: datetime, gone: bool
) -> Tally:
    """Say that nothing is shown; `gone` when there is no such definition any more."""
    return Tally(
        site=site,
        definition_id=definition_id,
        event_id=event_id,
        status=TallyStatus.HIDDEN,
        remaining=None,
        prices=(),
        minimum_price=False,
        sale_start=None,
        sale_end=None,
        revision=revision,
        read_at=read_at,
        gone=gone,
    )


def _is_over(definition: TicketDefinition, event: Event | None) -> bool:
    """Tell whether nothing is to be shown of the event; what came with the definition is fresher than what we hold."""
    return (definition.event_status or (event.status if event else None)) in OVER


def _remaining(definition: TicketDefinition, sales: Sales) -> int | None:
    if sales.sold_out:
        return 0
    if not definition.limited or sales.unsold_count is None:
        return None
    return max(0, sales.unsold_count)


def _status(definition: TicketDefinition, remaining: int | None, *, low_stock: int, at: datetime) -> TallyStatus:
    if _has_ended(definition, at):
        return TallyStatus.ENDED
    if _is_to_start(definition, at):
        return TallyStatus.SCHEDULED
    if remaining is None:
        return TallyStatus.UNLIMITED
    if remaining == 0:
        return TallyStatus.SOLD_OUT
    return TallyStatus.LOW if remaining <= low_stock else TallyStatus.ON_SALE


def _has_ended(definition: TicketDefinition, at: datetime) -> bool:
    """Go by the date, to the minute; Wix's word follows later, and is believed only where there is no date."""
    end = definition.sale_period.end
    return definition.sale_status == "SALE_ENDED" if end is None else end <= at


def _is_to_start(definition: TicketDefinition, at: datetime) -> bool:
    start = definition.sale_period.start
    return definition.sale_status == "SALE_SCHEDULED" if start is None else start > at


def _prices(pricing: Pricing, currency: str | None) -> tuple[TallyPrice, ...]:
    if pricing.options:
        return tuple(_price(each.price, each.name) for each in pricing.options)
    if pricing.price is not None:
        return (_price(pricing.price),)
    if pricing.free and currency:
        return (_price(Money(value=Decimal(0), currency=currency)),)
    return ()


def _price(money: Money, name: str | None = None) -> TallyPrice:
    return TallyPrice(name=name, value=money.value, currency=money.currency)
