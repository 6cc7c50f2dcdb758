"""Differences between what should be and what is held."""

from datetime import timedelta, timezone
from decimal import Decimal

from ticket_pipeline.mapping.diff import diff
from ticket_pipeline.model.change import FieldChange
from ticket_pipeline.model.record import Record, Value
from ticket_pipeline_tests.mapping.tickets import START


def record(**fields: Value) -> Record:
    """Make a record of these fields."""
    return Record(definition_id="d", event_id="e", revision=1, fields=fields)


def test_equal_fields_differ_in_nothing() -> None:
    held: dict[str, Value] = {"price": Decimal("5.00"), "start": START.astimezone(timezone(timedelta(hours=3)))}
    assert diff(record(price=Decimal(5), start=START), held) == ()


def test_changed_fields_are_listed_in_the_record_s_order_with_old_and_new() -> None:
    changes = diff(record(b="new", a=1, c=None), {"a": 2, "b": "old", "c": None})
    assert changes == (FieldChange(field="b", old="old", new="new"), FieldChange(field="a", old=2, new=1))


def test_a_field_that_is_not_held_is_null_there_and_one_only_held_is_not_ours() -> None:
    assert diff(record(a=None), {"z": 1}) == ()
    assert diff(record(a="x"), {}) == (FieldChange(field="a", old=None, new="x"),)


def test_null_is_neither_empty_text_nor_zero() -> None:
    assert len(diff(record(a=None, b=None), {"a": "", "b": 0})) == 2


def test_parts_are_compared_one_by_one_and_columns_only_held_are_not_ours() -> None:
    wanted = record(parts=({"name": "A", "price": Decimal("5.00")},))
    assert diff(wanted, {"parts": ({"name": "A", "price": Decimal(5), "note": "theirs"},)}) == ()
    assert len(diff(wanted, {"parts": ({"name": "A", "price": Decimal(6)},)})) == 1
    assert len(diff(wanted, {"parts": ()})) == 1
    assert len(diff(record(parts=()), {"parts": ({"name": "A"},)})) == 1


def test_instants_are_compared_exactly_unless_the_minute_is_enough() -> None:
    wanted, held = record(start=START), {"start": START + timedelta(seconds=59)}
    assert len(diff(wanted, held)) == 1
    assert diff(wanted, held, to_the_minute=True) == ()
    assert len(diff(wanted, {"start": START + timedelta(seconds=60)}, to_the_minute=True)) == 1
