"""A ticket definition as Wix sends it -> our noun.

Wix's documentation: REST, business solutions, Events, Ticket Definitions V3, ticket definition object.
"""

from typing import Any

from ticket_pipeline.model.ticket_definition import (
    PriceOption,
    Pricing,
    PricingMethod,
    SalePeriod,
    Sales,
    TicketDefinition,
)
from ticket_pipeline.wix.json_body import JsonBody
from ticket_pipeline.wix.page import text_in


def parse_ticket_definition(body: Any) -> TicketDefinition:
    """Read a ticket definition, from an answer or a webhook; unknown fields and enum values are tolerated.

    Raises:
        RejectedError: id, event, revision or name is missing, or a field is of the wrong type (`unreadable`).
    """
    read = JsonBody(body, of=_name(body))
    return TicketDefinition(
        id=read.must(read.text, "id"),
        event_id=read.must(read.text, "eventId"),
        revision=read.must(read.whole, "revision"),
        name=read.must(read.text, "name"),
        description=read.text("description"),
        policy_text=read.text("policyText"),
        hidden=bool(read.flag("hidden")),
        limited=_limited(read),
        initial_limit=read.whole("initialLimit"),
        actual_limit=read.whole("actualLimit"),
        limit_per_checkout=read.whole("limitPerCheckout"),
        fee_type=read.text("feeType"),
        pricing=_pricing(read.part("pricingMethod")),
        sale_period=_sale_period(read.part("salePeriod")),
        sale_status=read.text("saleStatus"),
        created_at=read.instant("createdDate"),
        updated_at=read.instant("updatedDate"),
        sales=_sales(read.part("salesDetails")),
        event_status=_event_status(read.part("eventDetails")),
        body=body,
    )


def _name(body: Any) -> str:
    return f"ticket definition {text_in(body, 'id') or 'without id'}"


def _limited(read: JsonBody) -> bool:
    """Tell whether there is a limit; where Wix does not say, a number says it."""
    said = read.flag("limited")
    if said is not None:
        return said
    sales = read.part("salesDetails")
    told = (read.whole("initialLimit"), read.whole("actualLimit"), sales and sales.whole("unsoldCount"))
    return any(each is not None for each in told)


def _pricing(read: JsonBody | None) -> Pricing:
    if read is None:
        return Pricing(method=PricingMethod.NONE)
    fixed, guest, options = read.money("fixedPrice"), read.money("guestPrice"), read.part("pricingOptions")
    if fixed is not None:
        return Pricing(method=PricingMethod.FIXED, price=fixed)
    if guest is not None:
        return Pricing(method=PricingMethod.GUEST, price=guest)
    if options is not None:
        return Pricing(method=PricingMethod.OPTIONS, options=_options(options))
    return Pricing(method=PricingMethod.NONE, free=bool(read.flag("free")))


def _options(read: JsonBody) -> tuple[PriceOption, ...]:
    return tuple(
        PriceOption(
            id=option.must(option.text, "optionId"),
            name=option.text("name") or "",
            price=option.must(option.money, "price"),
        )
        for option in read.parts("optionDetails")
    )


def _sale_period(read: JsonBody | None) -> SalePeriod:
    if read is None:
        return SalePeriod()
    return SalePeriod(
        start=read.instant("startDate"),
        end=read.instant("endDate"),
        display_not_on_sale=bool(read.flag("displayNotOnSale")),
    )


def _sales(read: JsonBody | None) -> Sales | None:
    if read is None:
        return None
    return Sales(
        unsold_count=read.whole("unsoldCount"),
        sold_count=read.whole("soldCount"),
        reserved_count=read.whole("reservedCount"),
        sold_out=read.flag("soldOut"),
    )


def _event_status(read: JsonBody | None) -> str | None:
    return None if read is None else read.text("status")
