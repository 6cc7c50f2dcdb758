"""Create, update and delete ticket definitions as Wix allows it."""

from typing import Any

import pytest

from ticket_pipeline_tests.sandbox.api import DEFINITIONS, Api

PRICE = {"fixedPrice": {"value": "20.00", "currency": "EUR"}}
NEW = {"name": "New", "pricingMethod": PRICE, "feeType": "NO_FEE"}


def create(api: Api, slug: str = "friday-improv-2", **fields: Any) -> Any:
    """Create a definition of an event."""
    body = {"ticketDefinition": {**NEW, "eventId": api.event_id(slug), **fields}}
    return api.ask("POST", DEFINITIONS, body)["ticketDefinition"]


def refuse(api: Api, **fields: Any) -> tuple[int, str]:
    """Create a definition that must be refused."""
    body = {"ticketDefinition": {**NEW, "eventId": api.event_id("friday-improv-2"), **fields}}
    return api.refused("POST", DEFINITIONS, body)


def update(api: Api, definition: Any, **fields: Any) -> Any:
    """Update a definition at its own revision."""
    body = {"ticketDefinition": {"revision": definition["revision"], **fields}}
    return api.ask("PATCH", f"{DEFINITIONS}/{definition['id']}", body)["ticketDefinition"]


def test_what_was_created_can_be_read(api: Api) -> None:
    made = create(api, description="Standing", initialLimit=30, hidden=True)
    assert made == api.get(made["id"])
    assert made["revision"] == "1"
    assert made["createdDate"] == made["updatedDate"] == "2026-06-01T12:00:00Z"
    assert (made["limited"], made["actualLimit"], made["limitPerCheckout"]) == (True, 30, 20)
    assert made["pricingMethod"] == {**PRICE, "pricingType": "STANDARD", "free": False}
    assert made["saleStatus"] == "SALE_STARTED"


def test_without_a_limit_the_unsold_count_is_null(api: Api) -> None:
    made = api.get(create(api)["id"], "SALES_DETAILS")
    assert (made["limited"], made["initialLimit"], made["actualLimit"]) == (False, None, None)
    assert made["salesDetails"] == {"unsoldCount": None, "soldCount": 0, "reservedCount": 0, "soldOut": False}


def test_read_only_fields_are_passed_over(api: Api) -> None:
    lies: dict[str, Any] = {
        "limitPerCheckout": 3,
        "limited": True,
        "saleStatus": "SALE_ENDED",
        "salesDetails": {"soldCount": 9},
    }
    made = create(api, **lies, id="0" * 8, revision="44", actualLimit=7, nonsense=1)
    assert (made["revision"], made["limited"], made["limitPerCheckout"]) == ("1", False, 20)
    assert made["saleStatus"] == "SALE_STARTED"
    assert "nonsense" not in made


def test_a_price_of_zero_is_free_and_a_guest_price_a_donation(api: Api) -> None:
    free = create(api, pricingMethod={"fixedPrice": {"value": "0", "currency": "EUR"}})["pricingMethod"]
    guest = create(api, pricingMethod={"guestPrice": {"value": "5.00", "currency": "EUR"}})["pricingMethod"]
    assert (free["free"], free["pricingType"]) == (True, "STANDARD")
    assert (guest["free"], guest["pricingType"]) == (False, "DONATION")


def test_pricing_options_get_ids_of_their_own(api: Api) -> None:
    details = [{"name": name, "price": {"value": "5.00", "currency": "EUR"}} for name in ("Adult", "Child")]
    made = create(api, pricingMethod={"pricingOptions": {"optionDetails": details}})
    ids = [option["optionId"] for option in made["pricingMethod"]["pricingOptions"]["optionDetails"]]
    assert len(set(ids)) == 2


def test_a_sale_period_is_cut_to_the_minute(api: Api) -> None:
    period = {"startDate": "2026-06-01T14:59:59.999+02:00", "endDate": None}
    made = create(api, salePeriod=period)
    assert made["salePeriod"] == {
        "startDate": "2026-06-01T12:59:00Z",
        "endDate": None,
        "displayNotOnSale": False,
    }
    assert made["saleStatus"] == "SALE_SCHEDULED"


def test_an_update_changes_what_it_names_and_raises_the_revision_by_one(api: Api) -> None:
    before = create(api, description="Old", initialLimit=30)
    after = update(api, before, name="Newer", description=None, extendedFields={"namespaces": {"@a/b": {"x": 1}}})
    assert after["revision"] == "2"
    assert (after["name"], after["description"], after["initialLimit"]) == ("Newer", None, 30)
    assert after["extendedFields"] == {"namespaces": {"@a/b": {"x": 1}}}
    assert after == api.get(after["id"])


def test_an_event_can_not_be_changed(api: Api) -> None:
    made = create(api)
    assert update(api, made, eventId=api.event_id("winter-gala"))["eventId"] == made["eventId"]


@pytest.mark.parametrize("revision", ["1", 1, "7"])
def test_another_revision_is_a_conflict(api: Api, revision: Any) -> None:
    made = create(api)
    update(api, made, name="Second")
    body = {"ticketDefinition": {"revision": revision, "name": "Third"}}
    assert api.refused("PATCH", f"{DEFINITIONS}/{made['id']}", body) == (409, "INVALID_REVISION")
    assert api.get(made["id"])["name"] == "Second"


@pytest.mark.parametrize("revision", [None, "", "one"])
def test_an_update_needs_a_revision(api: Api, revision: Any) -> None:
    body = {"ticketDefinition": {"revision": revision, "name": "Third"}}
    assert api.refused("PATCH", f"{DEFINITIONS}/{create(api)['id']}", body)[0] == 400


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": None}, "name value is required"),
        ({"name": "x" * 31}, "name has size 31, expected 30 or less"),
        ({"name": 7}, "name must be a string"),
        ({"description": "x" * 501}, "description has size 501, expected 500 or less"),
        ({"policyText": "x" * 1001}, "policyText has size 1001, expected 1000 or less"),
        ({"feeType": None}, "feeType value is required"),
        ({"feeType": "FREE"}, "feeType value is required"),
        ({"hidden": "no"}, "hidden must be a boolean"),
        ({"initialLimit": "10"}, "initialLimit must be an integer"),
        ({"initialLimit": -1}, "initialLimit must be between 0 and 2147483647"),
        ({"pricingMethod": None}, "pricingMethod value is required"),
        ({"pricingMethod": {}}, "pricingMethod must have exactly one of fixedPrice, guestPrice, pricingOptions"),
        (
            {"pricingMethod": {**PRICE, "guestPrice": PRICE["fixedPrice"]}},
            "pricingMethod must have exactly one of fixedPrice, guestPrice, pricingOptions",
        ),
        (
            {"pricingMethod": {"fixedPrice": {"value": 20, "currency": "EUR"}}},
            "pricingMethod.fixedPrice.value must be a string",
        ),
        (
            {"pricingMethod": {"guestPrice": {"value": "20,00", "currency": "EUR"}}},
            "pricingMethod.guestPrice.value must be a valid decimal number, 0 or more",
        ),
        (
            {"pricingMethod": {"fixedPrice": {"value": "20", "currency": "Euro"}}},
            "pricingMethod.fixedPrice.currency must be a valid ISO 4217 currency code",
        ),
        (
            {"pricingMethod": {"pricingOptions": {"optionDetails": []}}},
            "pricingMethod.pricingOptions.optionDetails value is required",
        ),
        ({"salePeriod": {"startDate": "soon"}}, "salePeriod.startDate must be a valid RFC 3339 date"),
        ({"extendedFields": {"namespaces": {"@a/b": 1}}}, "extendedFields.namespaces must be an object of objects"),
        ({"eventId": "improv"}, "eventId is not a valid GUID"),
        ({"eventId": None}, "eventId value is required"),
    ],
    ids=lambda value: str(value)[:50],
)  # fmt: skip
def test_a_field_that_breaks_a_rule_is_named(api: Api, fields: Any, said: str) -> None:
    assert refuse(api, **fields) == (400, f"ticketDefinition.{said}")


def test_every_violation_is_listed(api: Api) -> None:
    body = {"ticketDefinition": {"eventId": api.event_id("winter-gala"), "name": "x" * 40}}
    answer = api.call("POST", DEFINITIONS, body).json()
    violations = answer["details"]["validationError"]["fieldViolations"]
    assert [(v["field"], v["violatedRule"]) for v in violations] == [
        ("ticketDefinition.pricingMethod", "REQUIRED_FIELD"),
        ("ticketDefinition.feeType", "REQUIRED_FIELD"),
        ("ticketDefinition.name", "MAX_LENGTH"),
    ]
    assert violations[2]["data"] == {"threshold": 30}


def test_business_rules_are_refused_with_their_code(api: Api) -> None:
    backwards = {"startDate": "2026-06-01T12:00:10Z", "endDate": "2026-06-01T12:00:50Z"}
    assert refuse(api, salePeriod=backwards) == (428, "INVALID_SALE_PERIOD")
    assert refuse(api, eventId=api.event_id("neighbourhood-meet-up")) == (428, "INVALID_EVENT_TYPE")
    assert refuse(api, eventId=api.event_id("century-festival")) == (428, "TICKET_DEFINITIONS_LIMIT_REACHED")
    assert refuse(api, eventId="00000000-0000-4000-8000-000000000000") == (404, "EVENT_NOT_FOUND")


def test_a_deleted_definition_is_not_found(api: Api) -> None:
    path = f"{DEFINITIONS}/{create(api)['id']}"
    assert api.ask("DELETE", path) == {}
    for method in ("GET", "DELETE"):
        assert api.refused(method, path) == (404, "TICKET_DEFINITION_NOT_FOUND")
    assert api.refused("GET", f"{DEFINITIONS}/not-a-guid")[0] == 400


def test_all_that_match_a_filter_are_deleted_at_once(api: Api) -> None:
    century = api.event_id("century-festival")
    before = len(api.all())
    api.ask("POST", "/events/v3/bulk/ticket-definitions/delete", {"filter": {"eventId": century}})
    assert len(api.all()) == before - 100
    assert api.refused("POST", "/events/v3/bulk/ticket-definitions/delete", {})[0] == 400


def test_a_currency_is_relabelled_until_tickets_are_sold(api: Api) -> None:
    improv = api.event_id("friday-improv-2")
    api.ask("POST", f"{DEFINITIONS}/currency", {"eventId": improv, "currency": "GBP"})
    (seat,) = api.all(filter={"eventId": improv})
    assert seat["pricingMethod"]["fixedPrice"] == {"value": "8.00", "currency": "GBP"}
    assert seat["revision"] == "2"
    sold = {"eventId": api.event_id("winter-gala"), "currency": "EUR"}
    assert api.refused("POST", f"{DEFINITIONS}/currency", sold) == (428, "CURRENCY_LOCKED")


def test_definitions_of_one_event_can_be_reordered(api: Api) -> None:
    tiny = api.event_id("tiny-room-night")
    floor, sill = (api.named(name)["id"] for name in ("Floor", "Window Sill"))
    order = {"eventId": tiny, "ticketDefinitionId": floor, "afterDefinitionId": sill}
    assert api.ask("POST", f"{DEFINITIONS}/reorder", order) == {}
    stranger = {**order, "afterDefinitionId": api.named("Crew")["id"]}
    both = {**order, "beforeDefinitionId": sill}
    for refused in (stranger, both):
        answer = api.refused("POST", f"{DEFINITIONS}/reorder", refused)
        assert answer == (428, "INVALID_REORDER_INSTRUCTION")


def test_a_count_is_split_by_facets(api: Api) -> None:
    answer = api.ask("POST", f"{DEFINITIONS}/count", {"facet": ["saleStatus", "hidden"]})
    definitions = api.all()
    assert answer["metadata"]["total"] == len(definitions)
    for name in ("SALE_SCHEDULED", "SALE_STARTED", "SALE_ENDED"):
        counted = answer["facets"]["saleStatus"]["counts"][name]
        assert counted == sum(definition["saleStatus"] == name for definition in definitions)
    assert answer["facets"]["hidden"]["counts"] == {"false": len(definitions) - 1, "true": 1}


@pytest.mark.parametrize("raw", [b"{", b"[]", b"\xff\xfe", b'{"ticketDefinition": 7}', b"[" * 100_000])
def test_a_body_that_is_no_request_is_refused(api: Api, raw: bytes) -> None:
    answer = api.session.post(api.base_url + DEFINITIONS, data=raw, headers=api.headers, timeout=5)
    assert answer.status_code == 400
