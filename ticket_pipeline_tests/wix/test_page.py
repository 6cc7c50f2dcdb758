"""Pages: one bad item is refused alone."""

import pytest

from ticket_pipeline.errors import RejectedError
from ticket_pipeline.wix.page import expect_list, expect_object, read_page
from ticket_pipeline.wix.ticket_definition_body import parse_ticket_definition
from ticket_pipeline_tests.wix.bodies import DEFINITION_ID, EVENT_ID, definition


def test_a_refused_item_is_set_aside_and_the_rest_goes_on() -> None:
    bad = definition(revision=None)
    page = read_page([definition(id="a"), bad, definition(id="b")], parse_ticket_definition, event_field="eventId")
    assert [item.id for item in page.items] == ["a", "b"]
    (refused,) = page.refused
    assert (refused.id, refused.event_id, refused.code) == (DEFINITION_ID, EVENT_ID, "unreadable")
    assert refused.reason == f"wix: ticket definition {DEFINITION_ID} revision is missing"
    assert refused.body is bad


def test_an_item_that_is_no_object_is_refused_with_what_was_sent() -> None:
    (refused,) = read_page([None], parse_ticket_definition, event_field="eventId").refused
    assert (refused.id, refused.event_id, refused.body) == (None, None, {"item": None})


def test_an_answer_without_its_list_is_not_an_empty_list() -> None:
    with pytest.raises(RejectedError) as caught:
        expect_list({"events": {}}, "events")
    assert caught.value.code == "unexpected_answer"


def test_a_missing_object_is_empty_and_another_type_is_an_error() -> None:
    assert expect_object({}, "metadata") == {}
    with pytest.raises(RejectedError, match="no object"):
        expect_object({"metadata": []}, "metadata")
