"""Long lists of ids in pieces that a database takes, and long answers in pieces that memory takes."""

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, true

_MOST_IN = 500
_ROWS_AT_ONCE = 500


def among(column: Column[Any], values: Collection[str] | None) -> Iterator[ColumnElement[bool]]:
    """Yield conditions that together mean: the column holds one of these values (None: anything)."""
    if values is None:
        yield true()
        return
    ordered = sorted(set(values))
    for start in range(0, len(ordered), _MOST_IN):
        yield column.in_(ordered[start : start + _MOST_IN])


def stream(tx: Connection, query: Select[*tuple[Any, ...]]) -> Iterator[Row[*tuple[Any, ...]]]:
    """Read rows without holding all of them; to be consumed inside the transaction."""
    yield from tx.execute(query.execution_options(yield_per=_ROWS_AT_ONCE))
