"""Filters and sorts of Query Ticket Definitions."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from ticket_pipeline_tests.sandbox.api import DEFINITIONS, Api

AMOUNT, CURRENCY = "pricingMethod.fixedPrice.value", "pricingMethod.fixedPrice.currency"
MIDDLE = "2025-11-13T12:10:00Z"


def amount(definition: Any) -> Decimal | None:
    """Read the fixed price, if there is one."""
    price = definition["pricingMethod"].get("fixedPrice")
    return Decimal(price["value"]) if price else None


instant = datetime.fromisoformat


def currency(definition: Any) -> str | None:
    """Read the currency of the fixed price, if there is one."""
    price = definition["pricingMethod"].get("fixedPrice")
    return str(price["currency"]) if price else None


CASES: list[tuple[Any, Callable[[Any], bool]]] = [
    ({"name": "Crew"}, lambda d: d["name"] == "Crew"),
    ({"name": {"$eq": "一般 🌸"}}, lambda d: d["name"] == "一般 🌸"),
    ({"name": {"$ne": "Crew"}}, lambda d: d["name"] != "Crew"),
    ({"name": {"$gt": "Stage 050"}}, lambda d: d["name"] > "Stage 050"),
    ({"name": {"$gte": "Stage 050"}}, lambda d: d["name"] >= "Stage 050"),
    ({"name": {"$lt": "Stage 050"}}, lambda d: d["name"] < "Stage 050"),
    ({"name": {"$lte": "Stage 050"}}, lambda d: d["name"] <= "Stage 050"),
    ({"name": {"$in": ["Crew", "Floor"]}}, lambda d: d["name"] in ("Crew", "Floor")),
    ({"name": {"$nin": ["Crew", "Floor"]}}, lambda d: d["name"] not in ("Crew", "Floor")),
    ({"description": {"$exists": True}}, lambda d: d.get("description") is not None),
    ({"description": {"$exists": False}}, lambda d: d.get("description") is None),
    ({"initialLimit": {"$exists": False}}, lambda d: d["initialLimit"] is None),
    ({"initialLimit": None}, lambda d: d["initialLimit"] is None),
    ({"initialLimit": {"$gt": 99, "$lt": 130}}, lambda d: 99 < (d["initialLimit"] or 0) < 130),
    ({"revision": {"$eq": "1"}}, lambda d: d["revision"] == "1"),
    ({"revision": {"$gt": 1}}, lambda d: int(d["revision"]) > 1),
    ({"createdDate": {"$gte": MIDDLE}}, lambda d: instant(d["createdDate"]) >= instant(MIDDLE)),
    ({"updatedDate": {"$lt": MIDDLE}}, lambda d: instant(d["updatedDate"]) < instant(MIDDLE)),
    ({AMOUNT: {"$gte": "65"}}, lambda d: (amount(d) or 0) >= 65),
    ({AMOUNT: {"$eq": "49"}}, lambda d: amount(d) == 49),
    ({CURRENCY: {"$in": ["JPY", "KWD"]}}, lambda d: currency(d) in ("JPY", "KWD")),
    ({"hidden": True}, lambda d: d["hidden"]),
    ({"hidden": {"$in": [True, False]}}, lambda _: True),
    ({"feeType": {"$ne": "FEE_ADDED_AT_CHECKOUT"}}, lambda d: d["feeType"] != "FEE_ADDED_AT_CHECKOUT"),
    ({"saleStatus": "SALE_SCHEDULED"}, lambda d: d["saleStatus"] == "SALE_SCHEDULED"),
    ({"saleStatus": {"$nin": ["SALE_ENDED"]}}, lambda d: d["saleStatus"] != "SALE_ENDED"),
    ({"pricingMethod.free": True}, lambda d: d["pricingMethod"]["free"]),
    ({"pricingMethod.pricingType": "DONATION"}, lambda d: "guestPrice" in d["pricingMethod"]),
    ({"$and": [{"hidden": False}, {"name": {"$lt": "F"}}]}, lambda d: not d["hidden"] and d["name"] < "F"),
    ({"$or": [{"hidden": True}, {"name": "Floor"}]}, lambda d: d["hidden"] or d["name"] == "Floor"),
    ({"$not": {"feeType": "NO_FEE"}}, lambda d: d["feeType"] != "NO_FEE"),
    ({"hidden": False, "feeType": "NO_FEE"}, lambda d: not d["hidden"] and d["feeType"] == "NO_FEE"),
    ({}, lambda _: True),
    (None, lambda _: True),
]  # fmt: skip


@pytest.mark.parametrize(("written", "meant"), CASES, ids=lambda value: "meant" if callable(value) else str(value)[:60])
def test_a_filter_selects_what_it_says_and_nothing_else(api: Api, written: Any, meant: Callable[[Any], bool]) -> None:
    expected = [definition["id"] for definition in api.all() if meant(definition)]
    assert [definition["id"] for definition in api.all(filter=written)] == expected


def test_events_are_selected_one_or_many_at_once(api: Api) -> None:
    jazz, gala = api.event_id("midsummer-night-jazz"), api.event_id("winter-gala")
    assert {d["eventId"] for d in api.all(filter={"eventId": jazz})} == {jazz}
    many = api.all(filter={"eventId": {"$in": [jazz, gala.upper(), jazz]}})
    assert len(many) == 10
    assert {d["eventId"] for d in many} == {jazz, gala}
    assert len(api.all(filter={"eventId": {"$ne": jazz}})) == len(api.all()) - 8
    assert api.all(filter={"eventId": {"$in": []}}) == []


@pytest.mark.parametrize(
    "written",
    [
        {"salesDetails.unsoldCount": {"$lt": 3}},
        {"salePeriod.startDate": {"$gt": MIDDLE}},
        {"extendedFields.namespaces": {"$exists": True}},
        {"name": {"$startsWith": "Stage"}},
        {"hidden": {"$gt": False}},
        {"saleStatus": {"$gte": "SALE_ENDED"}},
        {"saleStatus": "ON_SALE"},
        {"hidden": "true"},
        {"name": {"$in": "Crew"}},
        {"name": {"$exists": "yes"}},
        {"name": {}},
        {"name": 7},
        {"createdDate": {"$gte": "yesterday"}},
        {"createdDate": {"$gte": "2026-06-01T00:00:00"}},
        {"revision": {"$eq": "one"}},
        {AMOUNT: {"$gt": "cheap"}},
        {"$and": {"hidden": True}},
        {"$or": []},
        {"$nor": [{"hidden": True}]},
        "hidden",
        ["hidden"],
    ],
    ids=str,
)
def test_a_filter_that_is_not_declared_is_refused(api: Api, written: Any) -> None:
    for path, body in (("query", {"query": {"filter": written}}), ("count", {"filter": written})):
        assert api.refused("POST", f"{DEFINITIONS}/{path}", body) == (400, "FILTER_PARSER_ERROR")


def test_a_filter_nested_without_end_is_refused(api: Api) -> None:
    written: dict[str, Any] = {"hidden": True}
    for _ in range(20):
        written = {"$not": written}
    body = {"query": {"filter": written}}
    assert api.refused("POST", f"{DEFINITIONS}/query", body) == (400, "FILTER_PARSER_ERROR")


@pytest.mark.parametrize("name", ["id", "eventId", "name", "createdDate", "saleStatus"])
def test_a_sort_is_applied_both_ways(api: Api, name: str) -> None:
    up = [definition[name] for definition in api.all(sort=[{"fieldName": name}])]
    down = [definition[name] for definition in api.all(sort=[{"fieldName": name, "order": "DESC"}])]
    assert up == sorted(up)
    assert down == sorted(up, reverse=True)


def test_what_has_no_value_is_sorted_to_one_end(api: Api) -> None:
    limits = [d["initialLimit"] for d in api.all(sort=[{"fieldName": "initialLimit", "order": "DESC"}])]
    filled = [limit for limit in limits if limit is not None]
    assert filled == sorted(filled, reverse=True)
    assert limits == filled + [None] * (len(limits) - len(filled))


def test_a_second_sort_decides_between_equals(api: Api) -> None:
    found = api.all(sort=[{"fieldName": "feeType"}, {"fieldName": "name", "order": "DESC"}])
    by_name = sorted(found, key=lambda d: d["name"], reverse=True)
    assert found == sorted(by_name, key=lambda d: d["feeType"])


@pytest.mark.parametrize(
    "sort",
    [
        [{"fieldName": "salesDetails.soldCount"}],
        [{"fieldName": "name", "order": "UP"}],
        [{"order": "ASC"}],
        ["name"],
        {"fieldName": "name"},
        [{"fieldName": "name"}] * 11,
    ],
    ids=str,
)
def test_a_sort_that_is_not_declared_is_refused(api: Api, sort: Any) -> None:
    body = {"query": {"sort": sort}}
    assert api.refused("POST", f"{DEFINITIONS}/query", body) == (400, "FILTER_PARSER_ERROR")
