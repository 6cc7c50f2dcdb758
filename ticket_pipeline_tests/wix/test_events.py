"""Events: read to the very end, or an error."""

from typing import Any

import pytest

from ticket_pipeline.errors import NotFoundError, RejectedError, TransientError
from ticket_pipeline.wix.events import get_event, query_events
from ticket_pipeline_tests.wix.bodies import EVENT_ID, event
from ticket_pipeline_tests.wix.scripted import Answer, Scene, ok, refused, scene


def page(ids: list[str], **paging: Any) -> Answer:
    return ok({"events": [event(id=each) for each in ids], "pagingMetadata": paging})


def ids_of(stage: Scene) -> list[str]:
    return [item.id for read in query_events(stage.client) for item in read.items]


def test_the_query_is_stable_and_asks_for_registration_and_address() -> None:
    stage = scene(page(["a"], total=1))
    assert ids_of(stage) == ["a"]
    (sent,) = stage.sent
    assert sent.url.endswith("/events/v3/events/query")
    assert sent.body == {
        "query": {
            "filter": {},
            "sort": [{"fieldName": "createdDate", "order": "ASC"}],
            "paging": {"limit": 1000, "offset": 0},
        },
        "fields": ["REGISTRATION", "URLS"],
        "includeDrafts": False,
    }


def test_drafts_come_when_asked_for() -> None:
    stage = scene(page([], total=0))
    assert [read.items for read in query_events(stage.client, include_drafts=True)] == [()]
    assert stage.sent[0].body["includeDrafts"] is True


def test_pages_shorter_than_the_limit_are_followed_to_the_total() -> None:
    stage = scene(page(["a", "b"], total=5), page(["c", "d"], total=5), page(["e"], total=5))
    assert ids_of(stage) == ["a", "b", "c", "d", "e"]
    assert [sent.body["query"]["paging"]["offset"] for sent in stage.sent] == [0, 2, 4]


@pytest.mark.parametrize("paging", [{}, {"total": None}, {"total": 1, "tooManyToCount": True}])
def test_without_a_total_an_empty_page_is_the_end(paging: dict[str, Any]) -> None:
    stage = scene(page(["a", "b"], **paging), page(["c"], **paging), page([], **paging))
    assert ids_of(stage) == ["a", "b", "c"]


@pytest.mark.parametrize(
    "steps",
    [
        [page(["a"], total=2), page([], total=2)],
        [page(["a"]), page(["a"])],
        [page(["a", "b"], total=4), page(["d"], total=3)],
    ],
)
def test_pages_that_do_not_fit_together_are_an_error(steps: list[Answer]) -> None:
    with pytest.raises(TransientError, match="read them again"):
        ids_of(scene(*steps))


def test_a_page_that_fails_fails_the_read() -> None:
    stage = scene(page(["a"], total=2), refused(400, "FILTER_PARSER_ERROR"))
    with pytest.raises(RejectedError):
        ids_of(stage)


@pytest.mark.parametrize("body", [{}, {"events": None}, {"events": {}}, {"events": [], "pagingMetadata": 7}])
def test_an_answer_without_its_list_fails_the_read(body: dict[str, Any]) -> None:
    with pytest.raises(RejectedError) as caught:
        ids_of(scene(ok(body)))
    assert caught.value.code == "unexpected_answer"


def test_an_event_that_makes_no_sense_is_refused_alone_and_without_people() -> None:
    bodies = [event(id="a", title=7), event(id="b")]
    (read,) = query_events(scene(ok({"events": bodies, "pagingMetadata": {"total": 2}})).client)
    assert [item.id for item in read.items] == ["b"]
    (refusal,) = read.refused
    assert (refusal.id, refusal.event_id, refusal.code) == ("a", "a", "unreadable")
    assert "userId" not in refusal.body


def test_one_event_is_read_by_its_id() -> None:
    stage = scene(ok({"event": event()}))
    assert get_event(stage.client, EVENT_ID).title == "Summer Gala"
    assert stage.sent[0].url.endswith(f"/events/v3/events/{EVENT_ID}?fields=REGISTRATION&fields=URLS")


def test_an_event_that_is_gone_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        get_event(scene(refused(404)).client, EVENT_ID)


def test_an_answer_without_the_event_is_unexpected() -> None:
    with pytest.raises(RejectedError, match="holds no event"):
        get_event(scene(ok({})).client, EVENT_ID)
