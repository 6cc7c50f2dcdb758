"""Frames of records and changes."""

from decimal import Decimal

import pandas as pd

from ticket_pipeline.mapping.frames import changes_frame, records_frame
from ticket_pipeline.mapping.mapping import build_mapping
from ticket_pipeline.model.change import Action, Change, FieldChange
from ticket_pipeline_tests.mapping.tickets import START, options, ticket

MAPPING = build_mapping(
    {
        "title": "name",
        "price": "price.value",
        "capacity": "capacity",
        "hidden": "hidden",
        "sale_start": "sale_start",
        "revision": "revision",
        "parts": {"each": "options", "fields": {"n": "name"}},
    }
)


def test_a_frame_has_one_row_per_record_in_the_types_of_the_mapping() -> None:
    unlimited = ticket(limited=False, pricing=options(("a", "A", "5.00")))
    frame = records_frame(MAPPING.records([(ticket(), None), (unlimited, None)]).records, MAPPING.columns)
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "definition_id": "string",
        "event_id": "string",
        "revision": "Int64",
        "title": "string",
        "price": "object",
        "capacity": "Int64",
        "hidden": "boolean",
        "sale_start": "datetime64[us, UTC]",
        "field.revision": "Int64",
        "parts": "object",
    }
    assert list(frame["price"]) == [Decimal("65.00"), Decimal("5.00")]
    assert frame["capacity"].isna().tolist() == [False, True]
    assert frame["sale_start"][0] == pd.Timestamp(START)
    assert frame["parts"][1] == ({"n": "A"},)


def test_no_records_give_the_same_columns_and_types() -> None:
    some = records_frame(MAPPING.records([(ticket(), None)]).records, MAPPING.columns)
    none = records_frame([], MAPPING.columns)
    assert none.empty
    assert none.dtypes.equals(some.dtypes)


def test_without_a_mapping_s_columns_the_records_fields_are_shown() -> None:
    frame = records_frame(MAPPING.records([(ticket(), None)]).records)
    assert list(frame["title"]) == ["General Admission"]
    assert list(records_frame([]).columns) == ["definition_id", "event_id", "revision"]


def test_a_frame_of_changes_has_one_row_per_field_and_one_for_a_removal() -> None:
    fields = (
        FieldChange(field="price", old=Decimal(5), new=Decimal(6)),
        FieldChange(field="parts", old=(), new=({"n": "A"},)),
    )
    changes = [
        Change(action=Action.UPDATE, definition_id="d1", event_id="e", external_id="7", fields=fields),
        Change(action=Action.ARCHIVE, definition_id="d2", event_id="e"),
    ]
    frame = changes_frame(changes)
    assert list(frame.columns) == ["action", "definition_id", "event_id", "external_id", "field", "old", "new"]
    assert frame["action"].tolist() == ["update", "update", "archive"]
    assert frame["new"].tolist()[:2] == [Decimal(6), ({"n": "A"},)]
    assert frame["field"].isna().tolist() == [False, False, True]
    assert frame["external_id"].isna().tolist() == [False, False, True]


def test_no_changes_give_the_same_columns_and_types() -> None:
    some = changes_frame([Change(action=Action.DELETE, definition_id="d", event_id="e")])
    assert changes_frame([]).dtypes.equals(some.dtypes)
    assert changes_frame([]).empty
