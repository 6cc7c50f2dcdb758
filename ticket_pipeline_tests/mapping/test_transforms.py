"""Transforms: what each makes of a value, and what it refuses."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.errors import RejectedError
from ticket_pipeline.mapping.currency import exponent
from ticket_pipeline.mapping.mapping import build_mapping
from ticket_pipeline.mapping.transforms import TRANSFORMS
from ticket_pipeline.model.record import Value
from ticket_pipeline.model.ticket_definition import Pricing, PricingMethod
from ticket_pipeline_tests.mapping.tickets import START, event, fixed, ticket


def made(found: object, transform: str, *, of_event: Any = None, **options: Any) -> Value:
    """Put one value, as Wix's JSON may hold it, through a transform."""
    mapping = build_mapping({"field": {"from": "wix.value", "as": transform, **options}})
    return mapping.record(ticket(body={"value": found}), of_event).fields["field"]


@pytest.mark.parametrize("transform", sorted(TRANSFORMS.keys() - {"lookup"}))
def test_null_stays_null(transform: str) -> None:
    assert made(None, transform) is None


@pytest.mark.parametrize(
    ("found", "options", "expected"),
    [
        ("65.00", {}, "65.00"),
        (" -1.5e2 ", {}, "-1.5E+2"),
        (65, {"places": 2}, "65.00"),
        (19.99, {}, "19.99"),
        ("19.990", {"places": 2}, "19.99"),
        ("19.995", {"places": 2, "rounding": "half_up"}, "20.00"),
        ("19.995", {"places": 2, "rounding": "half_even"}, "20.00"),
        ("19.985", {"places": 2, "rounding": "half_even"}, "19.98"),
        ("19.999", {"places": 0, "rounding": "down"}, "19"),
        ("123456789012345678901234567890.12", {"places": 2}, "123456789012345678901234567890.12"),
    ],
)
def test_decimal_is_exact_and_rounds_only_when_told(found: object, options: dict[str, Any], expected: str) -> None:
    assert str(made(found, "decimal", **options)) == expected


@pytest.mark.parametrize("found", ["12,50", "", "NaN", "Infinity", "1_000", "١٢", "1e999", True, [1], {"v": 1}])
def test_what_is_no_number_is_refused(found: object) -> None:
    for transform in ("decimal", "minor_units"):
        with pytest.raises(RejectedError, match="is no number"):
            made(found, transform)


def test_a_digit_is_not_lost_without_a_word() -> None:
    with pytest.raises(RejectedError, match="more than 2 decimals"):
        made("19.995", "decimal", places=2)


@pytest.mark.parametrize(
    ("value", "currency", "units"),
    [("65.00", "EUR", 6500), ("65", "JPY", 65), ("1.5", "KWD", 1500), ("0", "USD", 0), ("10.5", "RSD", 1050)],
)
def test_minor_units_follow_iso_4217(value: str, currency: str, units: int) -> None:
    mapping = build_mapping({"cents": {"from": "price.value", "as": "minor_units"}})
    assert mapping.record(ticket(pricing=fixed(value, currency)), None).fields["cents"] == units


@pytest.mark.parametrize(
    ("value", "currency", "reason"),
    [("65.001", "EUR", "more than the 2 decimals"), ("65.5", "JPY", "0 decimals of JPY"), ("1", "XYZ", "no currency")],
)
def test_no_minor_units_without_a_currency_or_with_a_fraction(value: str, currency: str, reason: str) -> None:
    mapping = build_mapping({"cents": {"from": "price.value", "as": "minor_units"}})
    with pytest.raises(RejectedError, match=reason):
        mapping.record(ticket(pricing=fixed(value, currency)), None)


def test_the_currency_may_be_read_from_elsewhere() -> None:
    mapping = build_mapping({"cents": {"from": "wix.v", "as": "minor_units", "currency": "event.currency"}})
    unpriced = ticket(body={"v": "5"}, pricing=Pricing(method=PricingMethod.NONE))
    assert mapping.record(unpriced, event(currency="JPY")).fields["cents"] == 5
    with pytest.raises(RejectedError, match="None is no currency"):
        mapping.record(unpriced, None)


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("JPY", 0), ("KWD", 3), ("EUR", 2), ("HUF", 2), ("IQD", 3), ("CLF", 4), ("UGX", 0), ("eur", None)],
)
def test_exponents_are_those_of_iso_4217_not_those_of_custom(currency: str, digits: int | None) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize(("found", "expected"), [("7", 7), (7, 7), ("7.00", 7), (True, 1), (2.0, 2)])
def test_integer_takes_whole_numbers(found: object, expected: int) -> None:
    assert made(found, "integer") == expected


@pytest.mark.parametrize("found", ["7.5", 7.5, "seven"])
def test_integer_refuses_the_rest(found: object) -> None:
    with pytest.raises(RejectedError, match="is no"):
        made(found, "integer")


@pytest.mark.parametrize(("found", "expected"), [(True, True), ("No", False), (0, False), ("1", True)])
def test_boolean_reads_yes_and_no_and_may_turn_it_round(found: object, expected: bool) -> None:
    assert made(found, "boolean") is expected
    assert made(found, "boolean", invert=True) is not expected


@pytest.mark.parametrize("found", ["maybe", 2, 1.5, []])
def test_boolean_refuses_the_rest(found: object) -> None:
    with pytest.raises(RejectedError, match="neither true nor false"):
        made(found, "boolean")


def test_a_day_depends_on_the_zone() -> None:
    late = "2026-05-01T22:30:00Z"
    assert made(late, "date") == "2026-05-01"
    assert made(late, "date", zone="Europe/Vilnius") == "2026-05-02"
    assert made(late, "date", zone="event", of_event=event(time_zone="America/New_York")) == "2026-05-01"


def test_an_instant_is_a_point_in_time_or_text_in_a_zone() -> None:
    assert made("2026-05-02T01:30:00+03:00", "instant") == START
    assert made("2026-05-01T22:30:00Z", "instant", zone="Europe/Vilnius") == "2026-05-02T01:30:00+03:00"
    assert made("2026-05-01T22:30:00Z", "instant", zone="event", of_event=event()) == "2026-05-02T01:30:00+03:00"


@pytest.mark.parametrize("of_event", [None, event(time_zone=None), event(time_zone="Mars/Phobos")])
def test_an_event_s_zone_that_is_not_known_refuses(of_event: Any) -> None:
    with pytest.raises(RejectedError, match="the event's time zone"):
        made("2026-05-01T22:30:00Z", "date", zone="event", of_event=of_event)


@pytest.mark.parametrize("found", ["soon", "2026-05-01T22:30:00", "", 5])
def test_what_is_no_instant_is_refused(found: object) -> None:
    for transform in ("date", "instant"):
        with pytest.raises(RejectedError, match="instant"):
            made(found, transform)


@pytest.mark.parametrize(
    ("found", "options", "expected"),
    [
        ("abcdef", {"limit": 6}, "abcdef"),
        ("abcdefg", {"limit": 6}, "abcde…"),
        ("abc defg", {"limit": 5}, "abc…"),
        ("abcdefg", {"limit": 6, "ellipsis": ""}, "abcdef"),
        ("abcdefg", {"limit": 6, "ellipsis": "..."}, "abc..."),
        ("abce\u0301fgh", {"limit": 5}, "abc…"),
        (12, {}, "12"),
        (False, {}, "false"),
    ],
)
def test_text_is_cut_to_its_limit(found: object, options: dict[str, Any], expected: str) -> None:
    assert made(found, "text", **options) == expected


@given(st.text(), st.integers(2, 20))
def test_a_cut_text_never_exceeds_its_limit(found: str, limit: int) -> None:
    cut = made(found, "text", limit=limit)
    assert isinstance(cut, str)
    assert len(cut) <= limit
    assert cut == found or cut.endswith("…")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("plain words, 5 of them.", "plain words, 5 of them."),
        ("*bold* _it_ [a](b) `c` \\", "\\*bold\\* \\_it\\_ \\[a\\]\\(b\\) \\`c\\` \\\\"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("# no heading", "&#35; no heading"),
        ("- no list\n1. nor this\n1.5 is fine", "&#45; no list  \n1&#46; nor this  \n1.5 is fine"),
        ("one\n\n    two", "one\n\ntwo"),
    ],
)
def test_markdown_shows_plain_text_letter_by_letter(found: str, expected: str) -> None:
    assert made(found, "markdown") == expected


@pytest.mark.parametrize(
    ("transform", "expected"), [("lower", "šokis & co"), ("upper", "ŠOKIS & CO"), ("slug", "sokis-co")]
)
def test_letters_can_be_changed(transform: str, expected: str) -> None:
    assert made("Šokis & Co", transform) == expected


def test_a_slug_keeps_other_scripts() -> None:
    assert made("コンサート 2026!", "slug") == "コンサート-2026"


def test_a_lookup_takes_from_its_table_however_yaml_read_the_keys() -> None:
    table = {"NO_FEE": "none", False: "no", 3: "three"}
    assert [made(found, "lookup", table=table) for found in ("NO_FEE", False, "false", 3, "3")] == [
        "none",
        "no",
        "no",
        "three",
        "three",
    ]


def test_a_lookup_s_default_is_for_unknown_values_and_for_null() -> None:
    for found in ("NEW", None):
        assert made(found, "lookup", table={"NO_FEE": "none"}, default="unknown") == "unknown"
    assert made("NEW", "lookup", table={"NO_FEE": "none"}, default=None) is None


def test_a_lookup_without_default_refuses_what_is_not_in_its_table() -> None:
    with pytest.raises(RejectedError, match=r"'NEW' is not in the table \(NO_FEE\)"):
        made("NEW", "lookup", table={"NO_FEE": "none"})
    assert made(None, "lookup", table={"NO_FEE": "none"}) is None


def test_a_lookup_s_type_is_that_of_its_values() -> None:
    mapping = build_mapping({"n": {"from": "fee_type", "as": "lookup", "table": {"NO_FEE": 1.5}}})
    assert mapping.columns[0].type == "decimal"
    assert mapping.record(ticket(), None).fields["n"] == Decimal("1.5")
