"""Instants: whatever spelling Wix uses, aware UTC comes out."""

import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.wix.instants import parse_instant

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2900, 1, 1), timezones=OFFSETS)  # noqa: DTZ001 - bounds are naive


@given(MOMENTS, st.text("0123456789", max_size=3))
def test_an_instant_comes_back_cut_to_the_microsecond(moment: datetime, finer: str) -> None:
    text = moment.isoformat(timespec="microseconds")
    read = parse_instant(text[:26] + finer + text[26:])
    assert read == moment
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-06-01T10:00:00Z", datetime(2026, 6, 1, 10, tzinfo=UTC)),
        ("2026-06-01T10:00Z", datetime(2026, 6, 1, 10, tzinfo=UTC)),
        ("2026-06-01t10:00:00z", datetime(2026, 6, 1, 10, tzinfo=UTC)),
        ("2026-06-01T12:00:00+02:00", datetime(2026, 6, 1, 10, tzinfo=UTC)),
        ("2026-06-01T12:00:00+0200", datetime(2026, 6, 1, 10, tzinfo=UTC)),
        ("2026-06-01T10:00:00.1Z", datetime(2026, 6, 1, 10, 0, 0, 100_000, tzinfo=UTC)),
        ("2026-06-01T10:00:00.123456789Z", datetime(2026, 6, 1, 10, 0, 0, 123_456, tzinfo=UTC)),
    ],
)
def test_each_spelling_is_read(text: str, expected: datetime) -> None:
    assert parse_instant(text) == expected


@pytest.mark.parametrize(
    "text", ["", "now", "2026-06-01", "2026-06-01T10:00:00", "2026-13-01T10:00:00Z", "0001-01-01T00:00:00+14:00"]
)
def test_what_is_no_instant_or_names_no_offset_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"instant|month|calendar"):
        parse_instant(text)


@given(st.text())
def test_any_text_is_an_instant_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_instant(text).tzinfo is UTC
