"""What an organiser does to whole events: create, edit, make a draft again."""

from typing import Any

import pytest

from ticket_pipeline_tests.sandbox.api import Api
from ticket_pipeline_tests.sandbox.happenings import FUTURE, edit_event, made_definition, made_event

EVENTS = "/events/v3/events"


def shown(api: Api, event_id: str) -> Any:
    """Get an event."""
    return api.ask("GET", f"{EVENTS}/{event_id}", params={"fields": ["REGISTRATION", "DETAILS"]})["event"]


def test_a_new_event_sells_tickets(api: Api) -> None:
    event_id = made_event(api)
    made_definition(api, eventId=event_id)
    event = shown(api, event_id)
    assert (event["title"], event["status"], event["slug"]) == ("Made up", "UPCOMING", f"made-up-{event_id[:8]}")
    assert event["dateAndTimeSettings"]["startDate"] == FUTURE
    assert event["dateAndTimeSettings"]["endDate"] == "2030-01-01T13:00:00Z"
    assert event["registration"]["tickets"]["lowestPrice"]["value"] == "12.50"


def test_a_new_event_may_be_a_draft_without_tickets(api: Api) -> None:
    dates = {"startDate": FUTURE, "endDate": "2030-01-05T10:00:00Z"}
    written = {"title": "Party", "dateAndTimeSettings": dates, "registration": {"initialType": "RSVP"}}
    event = api.sandbox("/events/create", {"event": written, "draft": True})["event"]
    assert (event["status"], event["registration"]["type"]) == ("DRAFT", "RSVP")
    assert event["dateAndTimeSettings"]["endDate"] == "2030-01-05T10:00:00Z"


def test_an_edit_leaves_what_it_does_not_name(api: Api) -> None:
    event_id = api.event_id("swan-lake")
    before = shown(api, event_id)
    edit_event(api, event_id, title="Swan Lake II", shortDescription="Again.")
    after = shown(api, event_id)
    assert (after["title"], after["shortDescription"]) == ("Swan Lake II", "Again.")
    assert after["dateAndTimeSettings"] == before["dateAndTimeSettings"]


def test_a_start_that_is_moved_alone_takes_the_end_along(api: Api) -> None:
    event_id = made_event(api)
    edit_event(api, event_id, dateAndTimeSettings={"startDate": "2031-01-01T10:00:00Z"})
    assert shown(api, event_id)["dateAndTimeSettings"]["endDate"] == "2031-01-01T13:00:00Z"


def test_a_published_event_becomes_a_draft_again_once(api: Api) -> None:
    event_id = made_event(api)
    api.sandbox("/events/unpublish", {"eventId": event_id})
    assert shown(api, event_id)["status"] == "DRAFT"
    assert api.refused("POST", "/sandbox/events/unpublish", {"eventId": event_id})[0] == 428
    api.sandbox("/events/publish", {"eventId": event_id})
    assert shown(api, event_id)["status"] == "UPCOMING"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (None, "event value is required"),
        ({}, "event.title value is required, event.dateAndTimeSettings.startDate value is required"),
        ({"title": 7, "dateAndTimeSettings": {"startDate": FUTURE}}, "event.title must be a string"),
        ({"title": "x" * 121, "dateAndTimeSettings": {"startDate": FUTURE}}, "event.title has size 121"),
        ({"title": "x", "dateAndTimeSettings": {"startDate": "soon"}}, "startDate must be a valid RFC 3339 date"),
        ({"title": "x", "dateAndTimeSettings": {"startDate": FUTURE, "timeZoneId": "../x"}}, "timeZoneId must be"),
        (
            {"title": "x", "dateAndTimeSettings": {"startDate": FUTURE}, "registration": {"initialType": []}},
            "event.registration.initialType value is required",
        ),
        (
            {"title": "x", "dateAndTimeSettings": {"startDate": FUTURE}, "registration": {"tickets": {"currency": 1}}},
            "currency must be a valid ISO 4217 currency code",
        ),
        ({"title": "x", "dateAndTimeSettings": {"startDate": FUTURE, "endDate": FUTURE}}, "must end after it starts"),
    ],
    ids=str,
)
def test_an_event_that_makes_no_sense_is_refused_by_name(api: Api, written: Any, said: str) -> None:
    answer = api.call("POST", "/sandbox/events/create", {"event": written})
    assert answer.status_code in (400, 428)
    assert said in answer.json()["message"]


def test_a_deleted_reservation_gives_its_tickets_back_once(api: Api) -> None:
    vip = api.named("VIP & Dinner")["id"]
    held = api.sandbox("/hold", {"definitionId": vip, "quantity": 2})["reservation"]["reservationId"]
    api.sandbox("/reservations/delete", {"reservationId": held})
    assert api.named("VIP & Dinner")["salesDetails"]["reservedCount"] == 0
    assert api.refused("POST", "/sandbox/reservations/delete", {"reservationId": held})[0] == 404
