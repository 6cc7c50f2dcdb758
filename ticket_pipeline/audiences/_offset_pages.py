"""A list that is read by offset while it changes: read whole, each entry once, or not at all.

Each page begins somewhat before the end of the one before. While its first entry is known, whoever left in between
has pulled nobody past us; and as the order of equal entries is nobody's promise, the entries are counted in the end.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ticket_pipeline.errors import TransientError

Entry = Mapping[str, Any]

#: How many entries of the page before are read again.
OVERLAP = 50


def read_whole(
    read: Callable[[int], tuple[list[dict[str, Any]], int]],
    identify: Callable[[Entry], str],
    *,
    kind: str,
    overlap: int = OVERLAP,
) -> Iterator[dict[str, Any]]:
    """Yield every entry once; `read` gives the entries from an offset on, and how many there are in all.

    Only ids are remembered, never entries.

    Raises:
        TransientError: the list changed so much meanwhile that somebody may have been missed.
    """
    seen: set[str] = set()
    offset, total = 0, 1
    while offset < total:
        entries, total = read(offset)
        if seen and entries and identify(entries[0]) not in seen:
            raise _moved(kind)
        for entry in entries:
            if (name := identify(entry)) not in seen:
                seen.add(name)
                yield entry
        reached = offset + len(entries)
        following = reached if reached >= total else reached - overlap
        if following <= offset < total and reached < total:
            raise _moved(kind)
        offset = following
    if len(seen) < total:
        raise _moved(kind)


def _moved(kind: str) -> TransientError:
    return TransientError(f"{kind}: the list changed while it was read, and somebody may be missed; try again later")
