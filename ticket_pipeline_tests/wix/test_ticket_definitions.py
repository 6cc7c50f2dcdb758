"""Ticket definitions: one cursor for many events, read to its end, or an error."""

import logging
from collections.abc import Sequence
from typing import Any

import pytest

from ticket_pipeline.errors import ConfigError, NotFoundError, RejectedError, TransientError
from ticket_pipeline.wix.ticket_definitions import (
    SALES_AND_EVENT,
    count_ticket_definitions,
    get_ticket_definition,
    query_by_id,
    query_ticket_definitions,
)
from ticket_pipeline_tests.wix.bodies import DEFINITION_ID, definition
from ticket_pipeline_tests.wix.scripted import Answer, OpenBudget, Scene, ok, refused, scene


def page(ids: Sequence[str], cursor: Any = None, event_id: str = "e1") -> Answer:
    bodies = [definition(id=each, eventId=event_id) for each in ids]
    return ok({"ticketDefinitions": bodies, "metadata": {"count": len(bodies), "cursors": {"next": cursor}}})


def ids_of(stage: Scene, events: Sequence[str] = ("e1", "e2")) -> list[str]:
    return [item.id for read in query_ticket_definitions(stage.client, events) for item in read.items]


def test_one_cursor_runs_through_all_events_and_is_followed_alone() -> None:
    stage = scene(page(["a"], "c1"), page(["b"], "c2", "e2"), page(["c"]))
    assert ids_of(stage) == ["a", "b", "c"]
    first, second, third = (sent.body for sent in stage.sent)
    assert first == {
        "query": {
            "filter": {"eventId": {"$in": ["e1", "e2"]}},
            "sort": [{"fieldName": "createdDate", "order": "ASC"}],
            "cursorPaging": {"limit": 100},
        },
        "fields": ["SALES_DETAILS"],
    }
    assert second == {"query": {"cursorPaging": {"limit": 100, "cursor": "c1"}}, "fields": ["SALES_DETAILS"]}
    assert third["query"] == {"cursorPaging": {"limit": 100, "cursor": "c2"}}
    assert stage.sent[0].url.endswith("/events/v3/ticket-definitions/query")


@pytest.mark.parametrize(
    "metadata", [None, {}, {"cursors": None}, {"cursors": {}}, {"cursors": {"next": None}}, {"cursors": {"next": ""}}]
)
def test_a_missing_null_or_empty_cursor_is_the_end(metadata: Any) -> None:
    stage = scene(ok({"ticketDefinitions": [definition(eventId="e1")], "metadata": metadata}))
    assert ids_of(stage) == [DEFINITION_ID]


def test_an_empty_page_with_a_cursor_goes_on() -> None:
    assert ids_of(scene(page([], "c1"), page(["a"]))) == ["a"]


def test_a_cursor_seen_twice_is_an_error() -> None:
    with pytest.raises(TransientError, match="came twice"):
        ids_of(scene(page(["a"], "c1"), page(["b"], "c2"), page(["c"], "c1")))


def test_a_page_that_fails_fails_the_read() -> None:
    with pytest.raises(RejectedError):
        ids_of(scene(page(["a"], "c1"), refused(400, "INVALID_CURSOR")))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ticketDefinitions": None},
        {"ticketDefinitions": {}},
        {"ticketDefinitions": [], "metadata": []},
        {"ticketDefinitions": [], "metadata": {"cursors": {"next": 7}}},
    ],
)
def test_a_broken_answer_fails_the_read(body: dict[str, Any]) -> None:
    with pytest.raises(RejectedError) as caught:
        ids_of(scene(ok(body)))
    assert caught.value.code == "unexpected_answer"


def test_definitions_of_other_events_are_dropped_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="ticket_pipeline.wix")
    bodies = [definition(id="a", eventId="E1"), definition(id="b", eventId="other"), definition(id="c", eventId=...)]
    (read,) = query_ticket_definitions(scene(ok({"ticketDefinitions": bodies})).client, ["e1"])
    assert [item.id for item in read.items] == ["a"]
    assert [refusal.id for refusal in read.refused] == ["c"]
    (record,) = caplog.records
    assert (record.message, record.__dict__["dropped"]) == ("wix_not_asked_for", 1)


def test_no_events_no_request() -> None:
    stage = scene()
    assert list(query_ticket_definitions(stage.client, [])) == []
    assert list(query_by_id(stage.client, [])) == []
    assert stage.sent == []


def test_any_number_of_events_is_one_query() -> None:
    events = [f"e{number}" for number in range(1000)]
    stage = scene(page(["a"]))
    assert ids_of(stage, [*events, *events]) == ["a"]
    assert stage.sent[0].body["query"]["filter"] == {"eventId": {"$in": events}}


def test_more_than_a_hundred_ids_are_asked_for_in_hundreds_and_only_once() -> None:
    ids = [f"d{number}" for number in range(250)]
    stage = scene(page(ids[:100]), page(ids[100:200]), page([*ids[200:], "unasked"]))
    found = [item.id for read in query_by_id(stage.client, [*ids, *ids]) for item in read.items]
    assert found == ids
    asked = [sent.body["query"]["filter"]["id"]["$in"] for sent in stage.sent]
    assert [len(each) for each in asked] == [100, 100, 50]


def test_an_urgent_query_may_use_the_reserve_on_every_page() -> None:
    budget = OpenBudget()
    stage = scene(page(["a"], "c1"), page(["b"]), budget=budget)
    assert len(list(query_by_id(stage.client, ["a", "b"], fields=SALES_AND_EVENT, urgent=True))) == 2
    assert budget.asked == [True, True]
    assert [sent.body["fields"] for sent in stage.sent] == [["SALES_DETAILS", "EVENT_DETAILS"]] * 2


def test_one_definition_is_read_with_its_sales_before_others() -> None:
    budget = OpenBudget()
    stage = scene(ok({"ticketDefinition": definition()}), budget=budget)
    read = get_ticket_definition(stage.client, DEFINITION_ID, urgent=True)
    assert read.sales is not None
    assert stage.sent[0].url.endswith(f"/ticket-definitions/{DEFINITION_ID}?fields=SALES_DETAILS")
    assert budget.asked == [True]


def test_a_definition_that_is_gone_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        get_ticket_definition(scene(refused(404)).client, DEFINITION_ID)


@pytest.mark.parametrize("body", [{}, {"ticketDefinition": {}}, {"ticketDefinition": definition(id="other")}])
def test_an_answer_without_that_definition_is_unexpected(body: dict[str, Any]) -> None:
    with pytest.raises(RejectedError) as caught:
        get_ticket_definition(scene(ok(body)).client, DEFINITION_ID)
    assert caught.value.code == "unexpected_answer"


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"total": 7}, 7),
        ({"count": 7}, 7),
        ({"count": 0, "total": 7}, 7),
        ({"total": 7, "tooManyToCount": True}, None),
        ({"total": "many"}, None),
        ({}, None),
        ([], None),
    ],
)
def test_the_count_is_read_from_the_metadata(metadata: Any, expected: int | None) -> None:
    stage = scene(ok({"metadata": metadata}))
    assert count_ticket_definitions(stage.client) == expected
    assert stage.sent[0].body == {"filter": {}}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 428])
def test_a_server_that_will_not_count_gives_none(status: int) -> None:
    assert count_ticket_definitions(scene(refused(status)).client) is None


def test_a_count_that_fails_is_not_passed_over() -> None:
    with pytest.raises(TransientError):
        count_ticket_definitions(scene(refused(500), repeat_last=True, attempts=2).client)
    with pytest.raises(ConfigError):
        count_ticket_definitions(scene(refused(302)).client)
