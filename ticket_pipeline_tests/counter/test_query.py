import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.counter import query


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (b"ids=a,b", ["a", "b"]),
        (b"ids=a&ids=b,a", ["a", "b"]),
        (b"x=1&ids=%61", ["a"]),
        (b"ids=,,a,", ["a"]),
        (b"ids=a%0d%0aevil,b", ["b"]),
        (b"ids=../../etc,%00,<script>", []),
    ],
)
def test_ids_are_read_each_once_and_what_can_be_none_is_left_out(asked: bytes, found: list[str]) -> None:
    assert query.ids(asked) == found


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        (b"", "no_ids"),
        (b"ids=", "no_ids"),
        (b"ids=" + b",".join(b"%d" % number for number in range(101)), "too_many_ids"),
        (b"ids=" + b"a" * 20_000, "too_many_ids"),
    ],
)
def test_none_and_too_many_are_refused(asked: bytes, word: str) -> None:
    with pytest.raises(query.BadQueryError, match=word):
        query.ids(asked)


def test_a_hundred_of_the_longest_ids_are_taken() -> None:
    assert len(query.ids(b"ids=" + b",".join(b"%0100d" % number for number in range(100)))) == 100


@pytest.mark.parametrize(
    ("asked", "header", "seq"),
    [
        (b"", None, 0),
        (b"last_event_id=7", None, 7),
        (b"last_event_id=7", "9", 9),
        (b"last_event_id=7", "rubbish", 0),
        (b"last_event_id=-7", None, 0),
        (b"", "9" * 400, 0),
    ],
)
def test_the_last_event_is_read_from_header_or_query(asked: bytes, header: str | None, seq: int) -> None:
    assert query.last_seq(asked, header) == seq


@given(st.binary(max_size=300))
def test_whatever_is_asked_is_answered_or_refused(asked: bytes) -> None:
    try:
        found = query.ids(asked)
    except query.BadQueryError:
        return
    assert all(query.is_id(each) for each in found)
    assert query.last_seq(asked, None) >= 0
