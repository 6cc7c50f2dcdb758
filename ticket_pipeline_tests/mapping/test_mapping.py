"""Mappings: what may be declared, what a record holds, and what is refused."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from ticket_pipeline.destinations import memory, sql
from ticket_pipeline.errors import ConfigError, RejectedError
from ticket_pipeline.mapping.mapping import build_mapping
from ticket_pipeline.mapping.view import OPTION, TICKET
from ticket_pipeline.model.record import Value, content_hash, from_json, to_json
from ticket_pipeline.model.ticket_definition import Pricing, PricingMethod
from ticket_pipeline_tests.mapping.tickets import START, event, fixed, guest, options, ticket


def value(declaration: Any, definition: Any = None, of_event: Any = None) -> Value:
    """Map one field."""
    mapping = build_mapping({"field": declaration})
    return mapping.record(definition or ticket(), of_event).fields["field"]


def problems(overrides: dict[Any, Any], default: dict[str, Any] | None = None) -> list[str]:
    """Give what is wrong with a mapping."""
    with pytest.raises(ConfigError) as caught:
        build_mapping(default or {"title": "name"}, overrides)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("id", "077766f0-ffa4-4fa1-bdf8-dbb0439c1892"),
        ("revision", 3),
        ("policy_text", None),
        ("capacity", 250),
        ("pricing.method", "fixed"),
        ("price.value", Decimal("65.00")),
        ("price.currency", "EUR"),
        ("minimum_price", False),
        ("free", False),
        ("sale_start", START),
        ("sale_end", None),
        ("display_not_on_sale", True),
        ("event.title", "Gala"),
        ("event.time_zone", "Europe/Vilnius"),
        ("wix.salePeriod.startDate", "2026-05-01T22:30:00Z"),
        ("wix.limited", "true"),
        ("wix.tags.0.n", "1.5"),
        ("wix.tags", '[{"n": 1.5}]'),
        ("wix.tags.7.n", None),
        ("wix.no.such.thing", None),
    ],
)
def test_a_path_reads_one_thing(path: str, expected: Value) -> None:
    assert value(path, of_event=event()) == expected


@pytest.mark.parametrize("path", [path for path in TICKET if path.startswith("event.")])
def test_an_unknown_event_is_null_all_over(path: str) -> None:
    assert value(path) is None


@pytest.mark.parametrize("path", sorted(TICKET.keys() - {"options"}))
def test_every_path_gives_the_type_it_tells(path: str) -> None:
    types: dict[str, type] = {
        "text": str,
        "decimal": Decimal,
        "integer": int,
        "boolean": bool,
        "instant": datetime,
    }
    of_event = event(ends_at=START)
    found = value(path, ticket(policy_text="p", sale_period=replace(ticket().sale_period, end=START)), of_event)
    assert type(found) is types[TICKET[path].type]


def test_the_price_is_the_lowest_a_buyer_can_pay() -> None:
    cheap = ticket(pricing=options(("a", "A", "20"), ("b", "B", "9.5")))
    unpriced = ticket(pricing=Pricing(method=PricingMethod.NONE))
    assert value("price.value", cheap) == Decimal("9.5")
    assert value("price.value", ticket(pricing=guest("5"))) == Decimal(5)
    assert (value("price.value", unpriced), value("price.currency", unpriced)) == (None, None)


@pytest.mark.parametrize(
    ("pricing", "free"),
    [
        (fixed("0"), True),
        (fixed("0.01"), False),
        (guest("0"), False),
        (options(("a", "A", "0"), ("b", "B", "0.00")), True),
        (options(("a", "A", "0"), ("b", "B", "1")), False),
        (Pricing(method=PricingMethod.NONE), False),
    ],
)
def test_free_means_that_nobody_can_pay(pricing: Pricing, free: bool) -> None:
    assert value("free", ticket(pricing=pricing)) is free


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("WIX-{revision}", "WIX-3"),
        ("{name} ({price.value} {price.currency})", "General Admission (65.00 EUR)"),
        ("{{{revision}}}", "{3}"),
        ("{{plain}}", "{plain}"),
        ("{name}{policy_text}", "General Admission"),
        ("https://example.org/{event.slug}", None),
        ("{sale_start}", "2026-05-01T22:30:00+00:00"),
        ("{hidden}", "false"),
    ],
)
def test_a_template_fills_in_paths_and_is_null_when_all_of_them_are(template: str, expected: str | None) -> None:
    assert value(template) == expected


@pytest.mark.parametrize(
    ("constant", "expected"),
    [
        ("concert", "concert"),
        (5, 5),
        (1.5, Decimal("1.5")),
        (True, True),
        (None, None),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)),
    ],
)
def test_a_constant_is_taken_as_it_is(constant: object, expected: Value) -> None:
    found = value({"value": constant})
    assert (found, type(found)) == (expected, type(expected))


def test_a_constant_may_go_through_a_transform() -> None:
    assert value({"value": "65", "as": "decimal", "places": 2}) == Decimal("65.00")


def test_each_makes_a_part_of_every_price_option() -> None:
    fields = {
        "wix_option_id": "id",
        "label": "{name}!",
        "cents": {"from": "price.value", "as": "minor_units"},
        "at": "position",
    }
    found = value({"each": "options", "fields": fields}, ticket(pricing=options(("a", "A", "20"), ("b", "B", "9.5"))))
    assert found == (
        {"wix_option_id": "a", "label": "A!", "cents": 2000, "at": 0},
        {"wix_option_id": "b", "label": "B!", "cents": 950, "at": 1},
    )
    assert value({"each": "options", "fields": fields}) == ()


def test_a_default_stands_in_for_null() -> None:
    assert value({"from": "policy_text", "default": "none"}) == "none"
    assert value({"from": "price.value", "default": 0}, ticket(pricing=Pricing(method=PricingMethod.NONE))) == Decimal(
        0
    )
    assert value({"from": "name", "default": "none"}) == "General Admission"


def test_what_is_declared_goes_over_the_default_field_by_field() -> None:
    mapping = build_mapping({"title": "name", "policy": "policy_text"}, {"policy": None, "title": "id", "more": "name"})
    assert [(column.name, column.source) for column in mapping.columns] == [("title", "id"), ("more", "name")]


def test_a_record_carries_ids_and_revision_beside_the_fields() -> None:
    record = build_mapping({"title": "name"}).record(ticket(), None)
    assert (record.definition_id, record.event_id, record.revision) == (ticket().id, ticket().event_id, 3)
    assert record.fields == {"title": "General Admission"}


@pytest.mark.parametrize("kind", [sql, memory])
def test_a_kind_s_default_mapping_is_sound_and_its_records_survive_json(kind: Any) -> None:
    mapping = build_mapping(kind.DEFAULT_MAPPING)
    record = mapping.record(ticket(pricing=options(("a", "A", "20"))), event())
    assert content_hash(from_json(to_json(record.fields))) == record.content_hash


@pytest.mark.parametrize(
    ("declaration", "expected"),
    [
        ("nam", "unknown path 'nam'; did you mean 'name'? allowed: id, event_id"),
        ("price", "unknown path 'price'"),
        ("wix.", "unknown path 'wix.'"),
        ("options", "'options' is a list; write {each: options, fields: {…}}"),
        ("{prize.value}", "unknown path 'prize.value'; did you mean 'price.value'?"),
        ("{name!r}", "a template holds paths only"),
        ("{name", "not a template"),
        (5, "write a path, a template or a constant ({value: 5}), not 5"),
        (["name"], "write a path"),
        ({}, "needs one of: from, value, each"),
        ({"form": "name"}, "unknown key 'form'; did you mean 'from'?"),
        ({"from": 5}, "from takes a path or a template"),
        ({"from": "name", "places": 2}, "unknown key 'places'"),
        (
            {"from": "price.value", "as": "decimals"},
            "unknown transform 'decimals'; did you mean 'decimal'? allowed: boolean",
        ),
        ({"from": "price.value", "as": "decimal", "place": 2}, "unknown option 'place'; did you mean 'places'?"),
        ({"from": "price.value", "as": "decimal", "places": "2"}, "option 'places' cannot be '2'"),
        ({"from": "price.value", "as": "decimal", "places": True}, "option 'places' cannot be True"),
        ({"from": "price.value", "as": "decimal", "places": 99}, "places must lie between 0 and 10"),
        ({"from": "price.value", "as": "decimal", "rounding": "half_up"}, "rounding needs places"),
        ({"from": "price.value", "as": "decimal", "places": 2, "rounding": "halfup"}, "did you mean 'half_up'?"),
        ({"from": "hidden", "as": "decimal"}, "decimal takes decimal, integer, text; 'hidden' is boolean"),
        ({"from": "price.value", "as": "minor_units", "currency": "EUR"}, "unknown path 'EUR'"),
        ({"from": "sale_start", "as": "date", "zone": "Europe/Vilnus"}, "did you mean 'Europe/Vilnius'?"),
        ({"from": "name", "as": "text", "limit": 1}, "limit must be more than the ellipsis is long"),
        ({"from": "fee_type", "as": "lookup"}, "lookup needs the option 'table'"),
        ({"from": "fee_type", "as": "lookup", "table": {}}, "table must hold values of one type, not none"),
        ({"from": "fee_type", "as": "lookup", "table": {"a": 1, "b": "x"}}, "not integer, text"),
        ({"from": "fee_type", "as": "lookup", "table": {"a": [1]}}, "is no single value"),
        ({"from": "hidden", "default": "x"}, "default 'x' is text, the field is boolean"),
        ({"value": [1]}, "value [1] is no single value"),
        ({"value": 1, "default": 2}, "unknown key 'default'"),
        ({"value": datetime(2026, 1, 1)}, "is an instant without a time zone"),  # noqa: DTZ001 - naive on purpose
        ({"each": "option", "fields": {"n": "name"}}, "unknown list 'option'; did you mean 'options'?"),
        ({"each": "options"}, "each needs fields"),
        ({"each": "options", "fields": {"n": "name"}, "as": "text"}, "unknown key 'as'"),
        ({"each": "options", "fields": {"n": "wix.name"}}, f"allowed: {', '.join(OPTION)}"),
        ({"each": "options", "fields": {"n": {"each": "options", "fields": {"n": "name"}}}}, "unknown list 'options'"),
    ],
)
def test_a_declaration_that_cannot_work_is_named_with_what_is_allowed(declaration: object, expected: str) -> None:
    (problem,) = problems({"field": declaration})
    assert problem.startswith("mapping.field")
    assert expected in problem


def test_all_problems_are_told_at_once_each_with_its_field() -> None:
    found = problems(
        {
            "a": "nam",
            "b": {"each": "options", "fields": {"x": "nme", "y": "prize"}},
            "titel": None,
            "wix_ticket_definition_id": "id",
            True: "name",
        }
    )
    assert [problem.partition(":")[0] for problem in found] == [
        "mapping.titel",
        "mapping.a",
        "mapping.b.x",
        "mapping.b.y",
        "mapping.wix_ticket_definition_id",
        "mapping.True",
    ]
    assert "did you mean 'title'?" in found[0]


def test_the_wix_id_cannot_be_mapped_away_nor_into_a_part() -> None:
    assert "never again" in problems({"wix_ticket_definition_id": {"value": "x"}})[0]
    assert "never again" in problems({"p": {"each": "options", "fields": {"wix_ticket_definition_id": "id"}}})[0]


def test_a_mapping_without_fields_is_refused() -> None:
    assert problems({"title": None}) == ["mapping: no field is left"]


def test_a_value_that_cannot_be_taken_refuses_its_definition_alone() -> None:
    mapping = build_mapping({"price": {"from": "price.value", "as": "decimal", "places": 1}})
    good, bad = ticket(id="good"), ticket(id="bad", name="VIP", pricing=fixed("19.99"))
    mapped = mapping.records([(good, None), (bad, event()), (good, None)])
    assert [record.definition_id for record in mapped.records] == ["good", "good"]
    ((definition, error),) = mapped.refused
    assert (definition, error.code) == (bad, "mapping")
    for word in ("'price'", "19.99", "bad", "VIP", "more than 1 decimals"):
        assert word in str(error)


def test_a_refused_part_is_named_by_its_place() -> None:
    mapping = build_mapping({"prices": {"each": "options", "fields": {"n": {"from": "name", "as": "integer"}}}})
    with pytest.raises(RejectedError, match=r"'prices\[1\]\.n' .*'B' is no number"):
        mapping.record(ticket(pricing=options(("a", "1", "20"), ("b", "B", "9.5"))), None)


def test_the_fingerprint_changes_with_the_declaration_and_with_nothing_else() -> None:
    base = {"title": "name", "fee": {"from": "fee_type", "as": "lookup", "table": {"A": 1, False: 2, 3: 4}}}
    same = build_mapping(dict(reversed(base.items()))).fingerprint
    assert build_mapping(base).fingerprint == same
    others: list[dict[str, Any]] = [
        {"title": "id"},
        {"title": {"value": "name"}},
        {"more": {"value": 1}},
        {"more": {"value": "1"}},
        {"fee": None},
    ]
    assert len({build_mapping(base, other).fingerprint for other in others} | {same}) == len(others) + 1


def test_columns_tell_name_type_and_source() -> None:
    mapping = build_mapping(
        {
            "price": {"from": "price.value", "as": "decimal", "places": 2},
            "kind": {"value": "concert"},
            "day": {"from": "sale_start", "as": "instant", "zone": "event"},
            "parts": {"each": "options", "fields": {"n": "name"}},
        }
    )
    assert [(column.name, column.type, column.source) for column in mapping.columns] == [
        ("price", "decimal", "price.value as decimal (places: 2)"),
        ("kind", "text", "constant 'concert'"),
        ("day", "text", "sale_start as instant (zone: event)"),
        ("parts", "parts", "each of options"),
    ]
    assert [(part.name, part.type) for part in mapping.columns[3].parts] == [("n", "text")]
