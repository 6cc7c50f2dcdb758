"""Events: read as Wix sends them, without people."""

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.errors import RejectedError
from ticket_pipeline.wix.event_body import page_url, parse_event
from ticket_pipeline_tests.wix.bodies import EVENT_ID, event
from ticket_pipeline_tests.wix.test_ticket_definition_body import JSON


def test_every_field_is_read() -> None:
    read = parse_event(event())
    assert (read.id, read.title, read.slug, read.status) == (EVENT_ID, "Summer Gala", "summer-gala", "UPCOMING")
    assert read.starts_at == datetime(2026, 7, 1, 18, tzinfo=UTC)
    assert read.ends_at == datetime(2026, 7, 1, 22, tzinfo=UTC)
    assert (read.time_zone, read.registration, read.currency) == ("Europe/Vilnius", "TICKETING", "EUR")
    assert read.page_url == "https://gala.test/site/event-details/summer-gala"
    assert read.updated_at == datetime(2026, 5, 2, 8, 0, 0, 123_456, tzinfo=UTC)


def test_what_is_personal_is_cut_from_the_body() -> None:
    kept = parse_event(event()).body
    assert not {"userId", "summaries", "form"} & set(kept)
    assert kept["title"] == "Summer Gala"


def test_a_bare_event_is_read() -> None:
    read = parse_event({"id": "e"})
    assert (read.title, read.slug, read.status) == ("", "", "")
    assert (read.starts_at, read.registration, read.currency, read.page_url) == (None, None, None, None)


def test_registration_falls_back_to_the_initial_type() -> None:
    assert parse_event(event(registration={"initialType": "RSVP"})).registration == "RSVP"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"base": "https://a.test/", "path": "/b"}, "https://a.test/b"),
        ({"base": "a.test", "path": "b"}, "https://a.test/b"),
        ({"base": "//a.test"}, "https://a.test"),
        ({"base": "http://a.test", "path": ""}, "http://a.test"),
        ("a.test/b", "https://a.test/b"),
        ("https://a.test/b", "https://a.test/b"),
        ({"path": "/b"}, None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_a_page_address_is_joined_and_gets_a_scheme(sent: Any, expected: str | None) -> None:
    assert page_url(sent) == expected


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [({"id": ...}, "id is missing"), ({"title": 7}, "title is 7"), ({"registration": "x"}, "not an object")],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(RejectedError, match=complaint):
        parse_event(event(**changes))


@given(JSON, st.dictionaries(st.sampled_from(sorted(event())), JSON, max_size=5))
def test_any_json_is_read_or_refused(body: Any, odd: dict[str, Any]) -> None:
    for each in (body, event(**odd)):
        with contextlib.suppress(RejectedError):
            parse_event(each)
