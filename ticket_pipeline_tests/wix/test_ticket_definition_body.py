"""Ticket definitions: read as Wix sends them, refused when they make no sense, never a crash."""

import contextlib
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.errors import RejectedError
from ticket_pipeline.model.money import Money
from ticket_pipeline.model.ticket_definition import PricingMethod, SalePeriod, Sales, TicketDefinition
from ticket_pipeline.wix.ticket_definition_body import parse_ticket_definition
from ticket_pipeline_tests.wix.bodies import DEFINITION_ID, EVENT_ID, definition

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
#: Any JSON in the place of a field, or of something inside it.
ODD_FIELDS = st.dictionaries(st.sampled_from(sorted(definition())), JSON, max_size=5)
ODD_INSIDE = st.dictionaries(
    st.sampled_from(
        ["fixedPrice", "guestPrice", "pricingOptions", "optionDetails", "value", "currency", "unsoldCount"]
    ),
    JSON,
    max_size=4,
)


def priced(method: dict[str, Any]) -> TicketDefinition:
    return parse_ticket_definition(definition(pricingMethod=method))


def test_every_field_of_the_documented_example_is_read() -> None:
    body = definition()
    read = parse_ticket_definition(body)
    assert (read.id, read.event_id, read.revision) == (DEFINITION_ID, EVENT_ID, 3)
    assert (read.name, read.description, read.policy_text) == ("General Admission", "Standing room.", "No refunds.")
    assert (read.hidden, read.limited, read.initial_limit, read.actual_limit) == (False, True, 200, 180)
    assert (read.limit_per_checkout, read.fee_type, read.sale_status) == (20, "FEE_ADDED_AT_CHECKOUT", "SALE_STARTED")
    assert read.pricing.price == Money(value=Decimal("65.00"), currency="USD")
    assert read.sale_period == SalePeriod(
        start=datetime(2026, 6, 1, 10, tzinfo=UTC),
        end=datetime(2026, 9, 1, 10, tzinfo=UTC),
        display_not_on_sale=True,
    )
    assert read.created_at == datetime(2026, 5, 25, 12, 41, 24, 422_000, tzinfo=UTC)
    assert read.sales == Sales(unsold_count=197, sold_count=3, reserved_count=1, sold_out=False)
    assert read.body is body


def test_what_wix_need_not_send_may_be_missing() -> None:
    read = parse_ticket_definition({"id": "d", "eventId": "e", "revision": "1", "name": "Seat"})
    assert read.pricing.method is PricingMethod.NONE
    assert read.sale_period == SalePeriod()
    assert read.sales is None
    assert (read.hidden, read.limited, read.fee_type) == (False, False, None)


def test_unknown_fields_and_enum_values_are_tolerated() -> None:
    read = parse_ticket_definition(definition(saleStatus="SALE_PAUSED", feeType="NEW", sortIndex=7))
    assert (read.sale_status, read.fee_type) == ("SALE_PAUSED", "NEW")


@pytest.mark.parametrize("details", [{}, {"unsoldCount": None}])
def test_a_missing_and_a_null_unsold_count_both_mean_unlimited(details: dict[str, Any]) -> None:
    sales = parse_ticket_definition(definition(salesDetails=details)).sales
    assert sales is not None
    assert sales.unsold_count is None


@pytest.mark.parametrize(("initial", "actual", "limited"), [(5, ..., True), (..., 5, True), (None, None, False)])
def test_limited_follows_from_the_limits_where_wix_does_not_say(initial: Any, actual: Any, limited: bool) -> None:
    body = definition(limited=..., initialLimit=initial, actualLimit=actual, salesDetails=...)
    assert parse_ticket_definition(body).limited is limited


def test_limited_follows_from_what_is_left_where_wix_says_nothing_else() -> None:
    unlimited = {"limited": ..., "initialLimit": ..., "actualLimit": ...}
    assert parse_ticket_definition(definition(**unlimited, salesDetails={"unsoldCount": 0})).limited
    assert not parse_ticket_definition(definition(**unlimited, salesDetails={"unsoldCount": None})).limited


@pytest.mark.parametrize(("revision", "expected"), [("3", 3), (3, 3), ("9007199254740993", 9007199254740993)])
def test_a_revision_is_read_from_a_string_and_from_a_number(revision: Any, expected: int) -> None:
    assert parse_ticket_definition(definition(revision=revision)).revision == expected


def test_a_guest_price_is_a_minimum() -> None:
    pricing = priced({"guestPrice": {"value": "0", "currency": "EUR"}, "pricingType": "DONATION"}).pricing
    assert pricing.method is PricingMethod.GUEST
    assert pricing.price == Money(value=Decimal(0), currency="EUR")


def test_price_options_keep_their_order() -> None:
    details = [
        {"optionId": "b", "name": "Adult", "price": {"value": "20.50", "currency": "EUR"}},
        {"optionId": "a", "name": "Child", "price": {"value": "7", "currency": "EUR"}},
    ]
    pricing = priced({"pricingOptions": {"optionDetails": details}}).pricing
    assert [(option.id, option.name) for option in pricing.options] == [("b", "Adult"), ("a", "Child")]
    assert pricing.lowest == Money(value=Decimal(7), currency="EUR")


def test_no_price_at_all_is_a_method_too() -> None:
    assert priced({"pricingType": "STANDARD"}).pricing.method is PricingMethod.NONE


@pytest.mark.parametrize(
    ("method", "free"), [({"free": True}, True), ({"free": False}, False), ({}, False), (None, False)]
)
def test_where_no_price_says_so_wix_may_still_say_that_it_is_free(method: Any, free: bool) -> None:
    assert priced(method).pricing.free is free


def test_how_the_event_stands_is_read_where_it_was_asked_for() -> None:
    assert parse_ticket_definition(definition()).event_status is None
    assert parse_ticket_definition(definition(eventDetails={"status": "CANCELED"})).event_status == "CANCELED"
    assert parse_ticket_definition(definition(eventDetails={})).event_status is None


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12))
def test_money_comes_back_exactly(amount: Decimal) -> None:
    read = priced({"fixedPrice": {"value": format(amount, "f"), "currency": "USD"}})
    assert read.pricing.price == Money(value=amount, currency="USD")


@pytest.mark.parametrize(("number", "expected"), [(65, "65"), (0.1, "0.1"), (19.99, "19.99")])
def test_money_sent_as_a_number_is_tolerated_without_float_noise(number: float, expected: str) -> None:
    read = priced({"fixedPrice": {"value": number, "currency": "USD"}})
    assert read.pricing.price == Money(value=Decimal(expected), currency="USD")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"id": ...}, "id is missing"),
        ({"eventId": None}, "eventId is missing"),
        ({"revision": ...}, "revision is missing"),
        ({"name": ""}, "name is missing"),
        ({"revision": "three"}, "revision is 'three', not a whole number"),
        ({"revision": True}, "revision is True, not a whole number"),
        ({"revision": str(2**63)}, "not a whole number"),
        ({"hidden": "no"}, "hidden is 'no', not true or false"),
        ({"initialLimit": 1.5}, "initialLimit is 1.5, not a whole number"),
        ({"salePeriod": {"startDate": "soon"}}, "salePeriod.startDate is 'soon', not an instant"),
        ({"pricingMethod": {"fixedPrice": {"value": "1,50", "currency": "EUR"}}}, "not a decimal amount"),
        ({"pricingMethod": {"fixedPrice": {"value": "NaN", "currency": "EUR"}}}, "not a decimal amount"),
        ({"pricingMethod": {"fixedPrice": {"value": "1"}}}, "pricingMethod.fixedPrice.currency is missing"),
        ({"pricingMethod": {"pricingOptions": {"optionDetails": {}}}}, "optionDetails is an object, not a list"),
        ({"salesDetails": []}, "salesDetails is a list, not an object"),
    ],
)
def test_what_makes_no_sense_is_refused_and_the_field_is_named(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(RejectedError, match=complaint) as caught:
        parse_ticket_definition(definition(**changes))
    assert caught.value.code == "unreadable"


@given(JSON)
def test_any_json_is_a_definition_or_refused(body: Any) -> None:
    with pytest.raises(RejectedError):
        parse_ticket_definition(body)


@given(ODD_FIELDS, ODD_INSIDE)
def test_any_json_inside_a_definition_is_read_or_refused(odd: dict[str, Any], inside: dict[str, Any]) -> None:
    method = {"fixedPrice": inside, **inside}
    for body in (definition(**odd), definition(pricingMethod=method), definition(salesDetails=inside)):
        with contextlib.suppress(RejectedError):
            parse_ticket_definition(body)
