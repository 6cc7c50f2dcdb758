"""Details come when they are asked for, and only then."""

from typing import Any

import pytest

from ticket_pipeline_tests.sandbox.api import DEFINITIONS, Api

DETAILS = {"SALES_DETAILS": "salesDetails", "EVENT_DETAILS": "eventDetails", "SEATING_DETAILS": "seatingDetails"}


@pytest.mark.parametrize("mask", DETAILS)
def test_query_shows_one_kind_of_details(api: Api, mask: str) -> None:
    (definition,) = api.all((mask,), filter={"name": "Stalls"})
    assert set(DETAILS.values()) & set(definition) == {DETAILS[mask]}


def test_without_a_mask_there_are_no_details_but_the_policy(api: Api) -> None:
    definition = api.named("General Admission", fields=())
    assert not set(DETAILS.values()) & set(definition)
    assert definition["policyText"] == "No refunds."
    assert definition["extendedFields"]["namespaces"]["@sandbox/box-office"] == {"externalId": "EXT-42"}


def test_a_mask_inside_the_query_is_passed_over(api: Api) -> None:
    body = {"query": {"fields": ["SALES_DETAILS"]}}
    assert "salesDetails" not in api.ask("POST", f"{DEFINITIONS}/query", body)["ticketDefinitions"][0]


def test_get_takes_the_mask_as_repeated_keys(api: Api) -> None:
    definition_id = api.named("Stalls")["id"]
    assert set(DETAILS.values()) <= set(api.get(definition_id, *DETAILS))
    assert not set(DETAILS.values()) & set(api.get(definition_id))


@pytest.mark.parametrize("fields", [["POLICY_TEXT"], ["sales_details"], ["SALES_DETAILS"] * 6, "SALES_DETAILS"])
def test_an_unknown_or_endless_mask_is_refused(api: Api, fields: Any) -> None:
    status, _ = api.refused("POST", f"{DEFINITIONS}/query", {"query": {}, "fields": fields})
    assert status == 400


def test_a_comma_list_is_no_mask(api: Api) -> None:
    path = f"{DEFINITIONS}/{api.named('Crew')['id']}?fields=SALES_DETAILS,EVENT_DETAILS"
    assert api.refused("GET", path) == (400, "fields[0] value is required")


def test_event_details_tell_of_the_event(api: Api) -> None:
    details = api.named("Stalls", ("EVENT_DETAILS",))["eventDetails"]
    assert details["title"] == "Swan Lake"
    assert details["status"] == "UPCOMING"
    assert details["eventPageUrl"] == {
        "base": "https://box-office.example.com",
        "path": "/event-details/swan-lake",
    }


def test_the_seats_left_are_as_many_as_are_neither_sold_nor_reserved(api: Api) -> None:
    stalls = api.named("Stalls")
    api.sandbox("/hold", {"definitionId": stalls["id"], "quantity": 4})
    shown = api.get(stalls["id"], "SEATING_DETAILS", "SALES_DETAILS")
    places = shown["seatingDetails"]["places"]
    assert len(places) == shown["actualLimit"] == 50
    assert sum(place["availableCapacity"] for place in places) == shown["salesDetails"]["unsoldCount"] - 4
    assert places[0] | {"availableCapacity": 0} == {
        "placeId": "STA-1-A1",
        "label": "A1",
        "sectionLabel": "Stalls",
        "elementLabel": "Row A",
        "availableCapacity": 0,
    }
