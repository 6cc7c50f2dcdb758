"""A list read by offset while people join and leave: whole, each once, or an error."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.audiences._offset_pages import read_whole
from ticket_pipeline.errors import TransientError

_PAGE = 8


class Moving:
    """A list in the order of joining; between two pages some leave, and some join at its end."""

    def __init__(self, count: int, moves: list[tuple[list[int], int]]) -> None:
        self.people = list(range(count))
        self.stayed = set(self.people)
        self._moves = moves
        self._joined = count

    def read(self, offset: int) -> tuple[list[dict[str, Any]], int]:
        page = [{"id": str(each)} for each in self.people[offset : offset + _PAGE]], len(self.people)
        if self._moves:
            leaving, joining = self._moves.pop(0)
            gone = {self.people[at % len(self.people)] for at in leaving if self.people}
            self.people = [each for each in self.people if each not in gone]
            self.people += range(self._joined, self._joined + joining)
            self._joined += joining
            self.stayed -= gone
        return page


def read(moving: Moving, overlap: int = 3) -> list[int]:
    found = read_whole(moving.read, lambda entry: str(entry["id"]), kind="x", overlap=overlap)
    return [int(each["id"]) for each in found]


@given(
    count=st.integers(0, 60),
    moves=st.lists(st.tuples(st.lists(st.integers(0, 99), max_size=5), st.integers(0, 5)), max_size=12),
)
def test_who_stays_is_read_once_or_the_reading_is_an_error(count: int, moves: list[tuple[list[int], int]]) -> None:
    moving = Moving(count, moves)
    try:
        found = read(moving)
    except TransientError:
        return
    assert len(found) == len(set(found))
    assert moving.stayed <= set(found)


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 13, 14, 60])
def test_a_list_that_stands_still_is_read_whole_in_its_order(count: int) -> None:
    assert read(Moving(count, [])) == list(range(count))


def test_a_few_who_leave_are_no_error() -> None:
    assert read(Moving(40, [([0, 5], 0)])) == list(range(40))


def test_a_list_that_gives_nothing_more_is_an_error_and_no_endless_reading() -> None:
    first = [{"id": str(each)} for each in range(3)]
    with pytest.raises(TransientError, match="changed while it was read"):
        list(read_whole(lambda _: (first, 9), lambda entry: str(entry["id"]), kind="x", overlap=3))
