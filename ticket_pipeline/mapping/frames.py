"""Records and changes as pandas frames, for previews, reports and Dagster's metadata."""

from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

from ticket_pipeline.mapping.mapping import Column
from ticket_pipeline.model.change import Change
from ticket_pipeline.model.record import Record, Value

_DTYPES = {
    "text": "string",
    "integer": "Int64",
    "boolean": "boolean",
    "instant": "datetime64[us, UTC]",
    "decimal": "object",
    "parts": "object",
}
_RECORD = {"definition_id": "string", "event_id": "string", "revision": "Int64"}
_CHANGE = {
    "action": "string",
    "definition_id": "string",
    "event_id": "string",
    "external_id": "string",
    "field": "string",
    "old": "object",
    "new": "object",
}


def records_frame(records: Iterable[Record], columns: Sequence[Column] = ()) -> pd.DataFrame:
    """Make one row per record.

    Columns: `definition_id` and `event_id` (string), `revision` (Int64), then `columns` (a mapping's) by their
    types: text string, integer Int64, boolean boolean, instant datetime64[us, UTC], decimal and parts object
    (Decimal, tuple of dicts). Without `columns`, the fields found in the records, as object.
    A field of the same name as one of the first three is shown as `field.<name>`.
    """
    found = list(records)
    dtypes = {column.name: _DTYPES[column.type] for column in columns} or {
        name: "object" for record in found for name in record.fields
    }
    frame = {name: pd.Series([getattr(each, name) for each in found], dtype=dtype) for name, dtype in _RECORD.items()}
    for name, dtype in dtypes.items():
        shown = f"field.{name}" if name in _RECORD else name
        frame[shown] = _series([record.fields.get(name) for record in found], dtype)
    return pd.DataFrame(frame)


def changes_frame(changes: Iterable[Change]) -> pd.DataFrame:
    """Make one row per changed field; a change without fields (archive, delete) is one row whose field is null.

    Columns: `action`, `definition_id`, `event_id`, `external_id`, `field` (string), `old`, `new` (object: values
    of a record as they are). No changes give the same columns without rows.
    """
    rows = [row for change in changes for row in _rows(change)]
    return pd.DataFrame(
        {name: _series([row[at] for row in rows], dtype) for at, (name, dtype) in enumerate(_CHANGE.items())}
    )


def _rows(change: Change) -> Iterator[tuple[Value, ...]]:
    head = (change.action.value, change.definition_id, change.event_id, change.external_id)
    if not change.fields:
        yield (*head, None, None, None)
    for each in change.fields:
        yield (*head, each.field, each.old, each.new)


def _series(values: list[Value], dtype: str) -> pd.Series:
    return pd.Series(values, dtype=dtype)
