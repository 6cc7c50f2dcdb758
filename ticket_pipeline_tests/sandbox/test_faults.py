"""Faults on demand."""

from collections import Counter
from typing import Any

import pytest
import requests

from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline_tests.sandbox.api import DEFINITIONS, Api, Clock
from ticket_pipeline_tests.sandbox.test_auth import token

COUNT = f"{DEFINITIONS}/count"


def inject(api: Api, **faults: Any) -> None:
    """Put faults in force."""
    api.sandbox("/faults", faults, "PUT")


def statuses(api: Api, times: int) -> list[int]:
    """Call so many times."""
    return [api.call("POST", COUNT, {}).status_code for _ in range(times)]


@pytest.mark.parametrize(("fault", "status"), [("throttled", 429), ("broken", 500), ("unavailable", 503)])
def test_a_fault_strikes_as_often_as_its_probability_says(api: Api, fault: str, status: int) -> None:
    inject(api, **{fault: 0.3}, seed=5)
    first = statuses(api, 100)
    assert set(first) == {200, status}
    assert 15 < Counter(first)[status] < 45
    inject(api, **{fault: 0.3}, seed=5)
    assert statuses(api, 100) == first


@pytest.mark.parametrize("fault", ["broken", "unavailable"])
def test_server_errors_say_nothing(api: Api, fault: str) -> None:
    inject(api, **{fault: 1})
    answer = api.call("POST", COUNT, {})
    assert answer.json() == {"message": "", "details": {}}
    assert answer.headers["x-wix-request-id"]


def test_too_many_requests_may_say_when_to_come_back(api: Api) -> None:
    inject(api, throttled=1, retry_after=7)
    assert api.call("POST", COUNT, {}).headers["Retry-After"] == "7"
    inject(api, throttled=1)
    assert "Retry-After" not in api.call("POST", COUNT, {}).headers


def test_a_truncated_body_breaks_off(api: Api) -> None:
    inject(api, truncated=1)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        api.call("POST", COUNT, {})
    inject(api)
    assert statuses(api, 1) == [200]


def test_latency_delays_an_answer(api: Api) -> None:
    inject(api, latency_ms=30)
    assert api.call("POST", COUNT, {}).elapsed.total_seconds() >= 0.03


def test_faults_can_be_kept_to_some_routes(api: Api) -> None:
    inject(api, broken=1, only="ticket-definitions/query")
    assert statuses(api, 1) == [200]
    assert api.call("POST", f"{DEFINITIONS}/query", {}).status_code == 500


def test_all_tokens_die_at_once(api: Api) -> None:
    app = Api(api.base_url, {"Authorization": token(api)}, api.session)
    assert statuses(app, 1) == [200]
    api.sandbox("/tokens/expire")
    assert statuses(app, 1) == [401]
    assert statuses(api, 1) == [200]


def test_a_cursor_can_lead_in_a_circle(api: Api) -> None:
    inject(api, cursor_loop=True)
    first = api.query(cursorPaging={"limit": 10})["metadata"]["cursors"]["next"]
    second = api.query(cursorPaging={"limit": 10, "cursor": first})["metadata"]["cursors"]["next"]
    assert first == second


def test_one_page_can_fail(api: Api) -> None:
    inject(api, failing_page=2)
    first = api.query(cursorPaging={"limit": 10})
    following = {"cursorPaging": {"limit": 10, "cursor": first["metadata"]["cursors"]["next"]}}
    offset = {"paging": {"limit": 10, "offset": 10}}
    for query in (following, offset):
        assert api.call("POST", f"{DEFINITIONS}/query", {"query": query}).status_code == 500
    events = {"query": {"paging": {"limit": 5, "offset": 5}}}
    assert api.call("POST", "/events/v3/events/query", events).status_code == 500
    assert len(api.query(paging={"limit": 10, "offset": 20})["ticketDefinitions"]) == 10


def test_query_can_lag_behind_by_seconds_while_get_is_fresh(api: Api, clock: Clock) -> None:
    inject(api, stale_seconds=5)
    clock.forward(minutes=1)
    crew = api.named("Livestream")
    floor = api.named("Floor")["id"]
    api.sandbox("/buy", {"definitionId": crew["id"], "quantity": 1})
    api.sandbox("/edit", {"definitionId": crew["id"], "ticketDefinition": {"name": "Stream"}})
    api.ask("DELETE", f"{DEFINITIONS}/{floor}")
    fresh = api.get(crew["id"], "SALES_DETAILS")
    assert api.named("Livestream") == crew
    assert api.named("Floor")["id"] == floor
    assert fresh["name"] == "Stream"
    assert fresh["salesDetails"]["soldCount"] == crew["salesDetails"]["soldCount"] + 1
    clock.forward(seconds=5)
    assert api.named("Stream") == fresh
    assert api.all(filter={"name": "Floor"}) == []


def test_query_can_lag_behind_by_changes(api: Api) -> None:
    inject(api, stale_changes=2)
    crew = api.named("Crew")["id"]
    seen = []
    for name in ("One", "Two", "Three"):
        api.sandbox("/edit", {"definitionId": crew, "ticketDefinition": {"name": name}})
        (found,) = api.all(filter={"id": crew})
        seen.append((found["name"], found["revision"]))
    assert seen == [("Crew", "1"), ("Crew", "1"), ("One", "2")]


def test_long_lists_can_be_refused(api: Api) -> None:
    inject(api, most_in=2)
    names = {"query": {"filter": {"name": {"$in": ["a", "b", "c"]}}}}
    assert api.refused("POST", f"{DEFINITIONS}/query", names) == (400, "FILTER_PARSER_ERROR")
    assert api.all(filter={"name": {"$in": ["Crew", "Floor"]}})


def test_the_events_app_can_be_missing(api: Api) -> None:
    inject(api, app_not_installed=True)
    for path in ("/events/v3/events/query", COUNT):
        assert api.refused("POST", path, {}) == (428, "WIX_EVENTS_APP_NOT_INSTALLED")


def test_faults_are_shown_and_what_is_not_named_is_off(api: Api) -> None:
    inject(api, broken=0.5)
    inject(api, latency_ms=1)
    shown = api.ask("GET", "/sandbox/faults")
    assert (shown["broken"], shown["latency_ms"]) == (0, 1)


@pytest.mark.parametrize(
    "faults",
    [{"brokn": 1}, {"broken": 2}, {"broken": "yes"}, {"latency_ms": -1}, {"cursor_loop": 1}, {"most_in": 1.5}],
    ids=str,
)
def test_a_fault_that_makes_no_sense_is_refused_by_name(api: Api, faults: dict[str, Any]) -> None:
    status, said = api.refused("PUT", "/sandbox/faults", faults)
    assert status == 400
    assert said.startswith(next(iter(faults)))


def test_a_reset_makes_all_new(sandbox: RunningSandbox, api: Api) -> None:
    before = api.all(("SALES_DETAILS",))
    api.sandbox("/buy", {"definitionId": api.named("Livestream")["id"]})
    inject(api, stale_changes=3)
    api.sandbox("/reset")
    assert sandbox.stats.total == 0
    assert api.all(("SALES_DETAILS",)) == before
