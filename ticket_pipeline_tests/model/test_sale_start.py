"""A sale start, made from the definitions that open together."""

from decimal import Decimal
from typing import Any

import pytest

from ticket_pipeline.model.money import Money
from ticket_pipeline.model.sale_start import Tier, TierPrice, sale_start
from ticket_pipeline.model.ticket_definition import Pricing, PricingMethod
from ticket_pipeline_tests.mapping.tickets import START, event, fixed, options, ticket


def euro(value: str, name: str | None = None) -> TierPrice:
    return TierPrice(name=name, price=Money(value=Decimal(value), currency="EUR"))


def tier(**fields: Any) -> Tier:
    (made,) = sale_start("box", event(), (ticket(**fields),), at=START).tiers
    return made


def test_it_holds_what_people_are_told_of_the_event() -> None:
    show = event()
    made = sale_start("box", show, (ticket(name="Stalls"), ticket(name="Balcony")), at=START)
    assert (made.site, made.event_id, made.title, made.slug) == ("box", show.id, show.title, show.slug)
    assert (made.page_url, made.starts_at, made.time_zone) == (show.page_url, show.starts_at, show.time_zone)
    assert made.at == START
    assert [each.name for each in made.tiers] == ["Stalls", "Balcony"]


def test_a_fixed_price_has_no_name() -> None:
    made = tier(pricing=fixed("65.00"))
    assert (made.prices, made.minimum, made.free) == ((euro("65.00"),), False, False)


def test_price_options_keep_their_names() -> None:
    made = tier(pricing=options(("1", "Regular", "42.00"), ("2", "Reduced", "28.00")))
    assert made.prices == (euro("42.00", "Regular"), euro("28.00", "Reduced"))


@pytest.mark.parametrize(
    ("pricing", "minimum", "free"),
    [
        (Pricing(method=PricingMethod.FIXED, price=euro("0").price), False, True),
        (Pricing(method=PricingMethod.GUEST, price=euro("0").price), True, False),
        (Pricing(method=PricingMethod.GUEST, price=euro("5").price), True, False),
        (Pricing(method=PricingMethod.NONE, free=True), False, True),
        (Pricing(method=PricingMethod.NONE), False, False),
    ],
)
def test_free_and_pay_what_you_like_are_told_apart(pricing: Pricing, minimum: bool, free: bool) -> None:
    made = tier(pricing=pricing)
    assert (made.minimum, made.free) == (minimum, free)
