"""What a counter shows: every status, every pricing method, and nothing of what is hidden."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.errors import RejectedError
from ticket_pipeline.flows.counter_value import counter_value
from ticket_pipeline.model.event import Event
from ticket_pipeline.model.tally import Tally, TallyPrice, TallyStatus
from ticket_pipeline.model.ticket_definition import Pricing, PricingMethod, SalePeriod, Sales
from ticket_pipeline_tests.mapping.tickets import START, event, fixed, guest, options, ticket

MINUTE = timedelta(minutes=1)
ON_SALE = SalePeriod(start=START - MINUTE, end=START + MINUTE)


def value(
    *, of: Event | None = None, gone: bool = False, low_stock: int = 10, at: Any = START, **changes: Any
) -> Tally:
    """Say what the counter of a ticket that is on sale now shows."""
    definition = ticket(**{"sales": sales(100), "sale_period": ON_SALE, **changes})
    return counter_value("box_office", definition, of, gone=gone, low_stock=low_stock, read_at=at)


def sales(unsold: int | None, *, sold_out: bool | None = None) -> Sales:
    return Sales(unsold_count=unsold, sold_count=3, reserved_count=2, sold_out=sold_out)


def price(amount: str, name: str | None = None, currency: str = "EUR") -> TallyPrice:
    return TallyPrice(name=name, value=Decimal(amount), currency=currency)


@pytest.mark.parametrize(
    ("unsold", "status"),
    [(11, TallyStatus.ON_SALE), (10, TallyStatus.LOW), (1, TallyStatus.LOW), (0, TallyStatus.SOLD_OUT)],
)
def test_so_many_or_fewer_is_low_and_none_is_sold_out(unsold: int, status: TallyStatus) -> None:
    shown = value(sales=sales(unsold))
    assert (shown.status, shown.remaining) == (status, unsold)


def test_an_oversold_ticket_is_sold_out_and_has_none_left() -> None:
    shown = value(sales=sales(-4))
    assert (shown.status, shown.remaining) == (TallyStatus.SOLD_OUT, 0)


@pytest.mark.parametrize("unsold", [5, None])
def test_wix_saying_sold_out_beats_a_number_that_says_otherwise(unsold: int | None) -> None:
    shown = value(sales=sales(unsold, sold_out=True))
    assert (shown.status, shown.remaining) == (TallyStatus.SOLD_OUT, 0)


def test_a_ticket_without_a_number_is_unlimited_and_not_sold_out() -> None:
    shown = value(sales=sales(None, sold_out=False))
    assert (shown.status, shown.remaining) == (TallyStatus.UNLIMITED, None)


def test_a_ticket_without_limit_is_unlimited_whatever_number_comes() -> None:
    assert value(limited=False, sales=sales(0)).status is TallyStatus.UNLIMITED


def test_sales_that_were_not_told_are_refused_and_no_zero() -> None:
    with pytest.raises(RejectedError, match="without salesDetails") as refused:
        value(sales=None)
    assert refused.value.code == "no_sales_details"


def test_what_is_hidden_is_hidden_even_if_nothing_is_told_of_its_sales() -> None:
    assert value(hidden=True, sales=None).status is TallyStatus.HIDDEN


@pytest.mark.parametrize(
    ("moved", "status"),
    [
        (-MINUTE - timedelta(microseconds=1), TallyStatus.SCHEDULED),
        (-MINUTE, TallyStatus.ON_SALE),
        (MINUTE - timedelta(microseconds=1), TallyStatus.ON_SALE),
        (MINUTE, TallyStatus.ENDED),
    ],
)
def test_a_sale_starts_and_ends_at_the_very_instant(moved: timedelta, status: TallyStatus) -> None:
    assert value(at=START + moved).status is status


@pytest.mark.parametrize("word", ["SALE_SCHEDULED", "SALE_STARTED", "SALE_ENDED", "SALE_DREAMT_OF", None])
def test_dates_rule_over_what_wix_calls_the_sale(word: str | None) -> None:
    assert value(sale_status=word).status is TallyStatus.ON_SALE


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("SALE_SCHEDULED", TallyStatus.SCHEDULED),
        ("SALE_ENDED", TallyStatus.ENDED),
        ("SALE_STARTED", TallyStatus.ON_SALE),
        ("SALE_DREAMT_OF", TallyStatus.ON_SALE),
        (None, TallyStatus.ON_SALE),
    ],
)
def test_without_dates_what_wix_calls_the_sale_is_believed(word: str | None, status: TallyStatus) -> None:
    assert value(sale_status=word, sale_period=SalePeriod()).status is status


def test_the_dates_of_the_sale_and_the_number_are_told_before_it_starts() -> None:
    shown = value(at=START - 5 * MINUTE)
    assert (shown.status, shown.remaining) == (TallyStatus.SCHEDULED, 100)
    assert (shown.sale_start, shown.sale_end) == (ON_SALE.start, ON_SALE.end)


def test_of_what_is_hidden_nothing_else_is_told() -> None:
    shown = value(hidden=True)
    assert shown == Tally(
        site="box_office",
        definition_id=shown.definition_id,
        event_id=shown.event_id,
        status=TallyStatus.HIDDEN,
        remaining=None,
        prices=(),
        minimum_price=False,
        sale_start=None,
        sale_end=None,
        revision=3,
        read_at=START,
    )


@pytest.mark.parametrize("status", ["CANCELED", "ENDED", "DRAFT"])
def test_tickets_of_an_event_that_is_over_called_off_or_a_draft_are_hidden(status: str) -> None:
    assert value(of=event(status=status)).status is TallyStatus.HIDDEN
    assert value(event_status=status).status is TallyStatus.HIDDEN


@pytest.mark.parametrize("status", ["UPCOMING", "STARTED", "POSTPONED"])
def test_tickets_of_other_events_are_shown(status: str) -> None:
    assert value(of=event(status=status)).status is TallyStatus.ON_SALE


def test_what_came_with_the_read_is_believed_before_what_we_hold_of_the_event() -> None:
    assert value(of=event(status="DRAFT"), event_status="UPCOMING").status is TallyStatus.ON_SALE


def test_tickets_of_an_event_that_is_gone_are_hidden() -> None:
    assert value(gone=True, event_status="UPCOMING").status is TallyStatus.HIDDEN


def test_a_fixed_price_is_the_only_one() -> None:
    shown = value(pricing=fixed("65.00"))
    assert (shown.prices, shown.minimum_price) == ((price("65.00"),), False)


def test_a_price_of_nothing_is_free() -> None:
    assert value(pricing=fixed("0")).prices == (price("0"),)


def test_a_guest_price_is_the_least_a_buyer_pays() -> None:
    shown = value(pricing=guest("10.00"))
    assert (shown.prices, shown.minimum_price) == ((price("10.00"),), True)


def test_each_option_has_its_name_and_price() -> None:
    shown = value(pricing=options(("1", "Adult", "45.00"), ("2", "Child", "15.00")))
    assert (shown.prices, shown.minimum_price) == ((price("45.00", "Adult"), price("15.00", "Child")), False)


def test_a_free_ticket_without_a_price_is_free_in_the_currency_of_its_event() -> None:
    free = Pricing(method=PricingMethod.NONE, free=True)
    assert value(pricing=free, of=event(currency="NOK")).prices == (price("0", currency="NOK"),)
    assert value(pricing=free, of=event(currency=None)).prices == ()
    assert value(pricing=free).prices == ()


def test_a_ticket_whose_price_is_to_come_shows_none() -> None:
    assert value(pricing=Pricing(method=PricingMethod.NONE), of=event()).prices == ()


@given(
    unsold=st.none() | st.integers(-(2**31), 2**31),
    sold_out=st.none() | st.booleans(),
    limited=st.booleans(),
    low_stock=st.integers(1, 100),
)
def test_number_and_status_never_contradict_each_other(
    unsold: int | None, sold_out: bool | None, limited: bool, low_stock: int
) -> None:
    shown = value(sales=sales(unsold, sold_out=sold_out), limited=limited, low_stock=low_stock)
    assert (shown.remaining is None) == (shown.status is TallyStatus.UNLIMITED)
    assert (shown.remaining == 0) == (shown.status is TallyStatus.SOLD_OUT)
    if shown.status is TallyStatus.LOW:
        assert shown.remaining in range(1, low_stock + 1)
