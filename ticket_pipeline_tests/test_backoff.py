"""Backing off: as long as asked, never in step."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.backoff import http_date, pause, retry_after

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attempt", "longest"), [(1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 60), (7, 60), (5000, 60)]
)
def test_waits_are_drawn_from_a_range_that_doubles_up_to_a_minute(attempt: int, longest: float) -> None:
    assert pause(attempt, asked=None, jitter=lambda: 0.0) == 0.0
    assert pause(attempt, asked=None, jitter=lambda: 1.0) == longest


def test_a_wait_is_never_shorter_than_asked() -> None:
    assert pause(1, asked=30.0, jitter=lambda: 0.0) == 30.0
    assert pause(1, asked=30.0, jitter=lambda: 0.5) == 30.5


@pytest.mark.parametrize(("text", "seconds"), [("7", 7.0), (" 7 ", 7.0), ("0", 0.0), ("1.5", 1.5)])
def test_retry_after_in_seconds_is_read(text: str, seconds: float) -> None:
    assert retry_after({"Retry-After": text}, now=NOW) == seconds


def test_retry_after_as_a_date_is_measured_against_the_answers_own_clock() -> None:
    theirs = NOW + timedelta(hours=3)
    headers = {"Retry-After": format_datetime(theirs + timedelta(seconds=9), usegmt=True)}
    assert retry_after(headers, now=theirs) == 9.0
    assert retry_after({**headers, "Date": format_datetime(theirs, usegmt=True)}, now=NOW) == 9.0


def test_a_date_that_has_passed_asks_for_no_wait() -> None:
    assert retry_after({"Retry-After": "Mon, 01 Jun 2026 11:00:00 GMT"}, now=NOW) == 0.0


@pytest.mark.parametrize("text", ["", "soon", "-5", "NaN", "Mon, 99 Jun 2026 11:00:00 GMT"])
def test_nonsense_counts_as_not_said(text: str) -> None:
    assert retry_after({"Retry-After": text}, now=NOW) is None


@given(st.text())
def test_no_header_makes_the_reading_crash(text: str) -> None:
    http_date(text)
    waited = retry_after({"Retry-After": text, "Date": text}, now=NOW)
    assert waited is None or waited >= 0
