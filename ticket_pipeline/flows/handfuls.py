"""Long lists in handfuls, so that memory does not grow with the site."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

#: An event has at most a hundred definitions.
EVENTS_AT_ONCE = 200


def handfuls(things: Iterable[T], size: int = EVENTS_AT_ONCE) -> Iterator[list[T]]:
    """Yield lists of up to `size`."""
    left = iter(things)
    while some := list(islice(left, size)):
        yield some
