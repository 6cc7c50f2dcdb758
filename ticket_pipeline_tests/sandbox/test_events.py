"""Events V3."""

from typing import Any

import pytest

from ticket_pipeline_tests.sandbox.api import Api

QUERY = "/events/v3/events/query"


def query(api: Api, fields: tuple[str, ...] = (), *, drafts: bool = False, **written: Any) -> Any:
    """Query events, all on one page."""
    body = {"query": {"paging": {"limit": 1000}, **written}, "fields": fields, "includeDrafts": drafts}
    return api.ask("POST", QUERY, body)


def slugs(api: Api, **written: Any) -> list[str]:
    """Query events and name them."""
    return [event["slug"] for event in query(api, **written)["events"]]


def test_without_a_limit_nothing_is_returned(api: Api) -> None:
    answer = api.ask("POST", QUERY, {})
    assert answer["events"] == []
    assert answer["pagingMetadata"] == {"count": 0, "offset": 0, "total": 14, "tooManyToCount": False}


def test_offsets_lead_to_the_end(api: Api) -> None:
    pages = [query(api, paging={"limit": 5, "offset": offset})["events"] for offset in range(0, 20, 5)]
    assert [len(page) for page in pages] == [5, 5, 4, 0]
    assert [event for page in pages for event in page] == query(api)["events"]


def test_more_than_a_thousand_at_once_are_refused(api: Api) -> None:
    body = {"query": {"paging": {"limit": 1001}}}
    assert api.refused("POST", QUERY, body) == (400, "query.paging.limit must be at most 1000")


def test_drafts_are_left_out_unless_asked_for(api: Api) -> None:
    assert "secret-show" not in slugs(api)
    assert "secret-show" in [event["slug"] for event in query(api, drafts=True)["events"]]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"status": "CANCELED"}, {"open-air-cinema-metropolis"}),
        ({"status": {"$in": ["STARTED", "ENDED"]}},
         {"ada-and-friends-unplugged", "winter-gala", "friday-improv-0"}),
        ({"registration.initialType": {"$eq": "RSVP"}}, {"neighbourhood-meet-up"}),
        ({"slug": "swan-lake"}, {"swan-lake"}),
        ({"title": {"$in": ["Swan Lake", "Winter Gala"]}}, {"swan-lake", "winter-gala"}),
        ({"dateAndTimeSettings.startDate": {"$gt": "2026-08-01T00:00:00Z"}},
         {"century-festival", "autumn-half-marathon"}),
    ],
    ids=lambda value: str(value if isinstance(value, dict) else sorted(value)),
)  # fmt: skip
def test_a_filter_selects(api: Api, written: Any, expected: set[str]) -> None:
    assert set(slugs(api, filter=written)) == expected


@pytest.mark.parametrize(
    "written",
    [
        {"registration.type": "RSVP"},
        {"registration.initialType": {"$in": ["RSVP"]}},
        {"status": {"$nin": ["ENDED"]}},
        {"id": {"$exists": True}},
        {"location.name": "Main Hall"},
    ],
    ids=str,
)
def test_a_filter_that_is_not_declared_is_refused(api: Api, written: Any) -> None:
    body = {"query": {"filter": written}}
    assert api.refused("POST", QUERY, body) == (400, "FILTER_PARSER_ERROR")


def test_events_are_sorted(api: Api) -> None:
    starts = [
        event["dateAndTimeSettings"]["startDate"]
        for event in query(api, sort=[{"fieldName": "dateAndTimeSettings.startDate"}])["events"]
    ]
    assert starts == sorted(starts)
    created = [event["createdDate"] for event in query(api)["events"]]
    assert created == sorted(created, reverse=True)
    assert api.refused("POST", QUERY, {"query": {"sort": [{"fieldName": "status"}]}})[0] == 400


@pytest.mark.parametrize(
    ("mask", "key"),
    [
        ("REGISTRATION", "registration"),
        ("URLS", "eventPageUrl"),
        ("DETAILS", "calendarUrls"),
        ("TEXTS", "description"),
        ("DASHBOARD", "summaries"),
    ],
)
def test_parts_come_only_when_asked_for(api: Api, mask: str, key: str) -> None:
    path = f"/events/v3/events/{api.event_id('swan-lake')}"
    assert key not in api.ask("GET", path)["event"]
    assert key in api.ask("GET", path, params={"fields": mask})["event"]


def test_an_event_is_found_by_its_id_and_by_its_slug(api: Api) -> None:
    by_slug = api.ask("GET", "/events/v3/events/slug/hanami-concert")["event"]
    assert by_slug == api.ask("GET", f"/events/v3/events/{by_slug['id']}")["event"]
    assert by_slug["title"] == "桜まつりコンサート 🌸"
    assert api.refused("GET", "/events/v3/events/slug/none") == (404, "EVENT_NOT_FOUND")


def test_registration_tells_prices_and_whether_all_is_sold(api: Api) -> None:
    events = {event["slug"]: event["registration"] for event in query(api, ("REGISTRATION",))["events"]}
    assert events["tiny-room-night"]["status"] == "CLOSED_AUTOMATICALLY"
    assert events["neighbourhood-meet-up"]["status"] == "OPEN_RSVP"
    tickets = events["kuwait-music-festival"]["tickets"]
    assert tickets["lowestPrice"] == {"value": "12.500", "currency": "KWD", "formattedValue": "12.500 KWD"}
    assert tickets["highestPrice"]["value"] == "60.750"


def test_the_dashboard_agrees_with_the_sales_details(api: Api) -> None:
    for event in query(api, ("DASHBOARD",))["events"]:
        definitions = api.all(("SALES_DETAILS",), filter={"eventId": event["id"]})
        sold = sum(definition["salesDetails"]["soldCount"] for definition in definitions)
        assert event["summaries"]["tickets"]["ticketsSold"] == sold


def test_occurrences_of_a_recurring_event_share_a_category(api: Api) -> None:
    improv = query(api, filter={"title": "Friday Improv"})["events"]
    settings = [event["dateAndTimeSettings"] for event in improv]
    assert len(improv) == 3
    assert len({setting["recurringEvents"]["categoryId"] for setting in settings}) == 1
    assert {setting["recurrenceStatus"] for setting in settings} == {"RECURRING"}
