"""Wix's API query language: filters and sorts, on the fields and operators that a resource declares.

Wix's documentation: REST, articles, get started, API query language.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from ticket_pipeline.sandbox.instants import from_wire
from ticket_pipeline.sandbox.refusals import bad_filter

Predicate = Callable[[Any], bool]

EQUALITY = frozenset({"$eq", "$ne", "$in", "$nin", "$exists"})
ORDER = EQUALITY | {"$gt", "$gte", "$lt", "$lte"}
LISTS = frozenset({"$in", "$nin"})
DEEPEST = 10
MOST_SORTS = 10


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field that can be filtered or sorted by."""

    read: Callable[[Any], Any]
    #: turns a value of a filter into what `read` gives; raises ValueError or TypeError
    parse: Callable[[Any], Any]
    operators: frozenset[str] = ORDER
    sortable: bool = True


Fields = Mapping[str, Field]


def compile_filter(written: Any, fields: Fields, *, most_in: int | None = None, depth: int = 0) -> Predicate | None:
    """Turn a filter into a predicate; None lets everything through.

    Raises:
        Refusal: 400, what is written is no filter for these fields.
    """
    if written is None or written == {}:
        return None
    if not isinstance(written, dict):
        raise bad_filter("A filter must be an object")
    if depth > DEEPEST:
        raise bad_filter("The filter is nested too deeply")
    parts = []
    for name, condition in written.items():
        if name in ("$and", "$or", "$not"):
            parts.append(_logical(name, condition, fields, most_in, depth))
        elif name in fields:
            parts += _conditions(name, condition, fields[name], most_in)
        else:
            raise bad_filter(f"Filtering by {name} is not supported")
    return parts[0] if len(parts) == 1 else lambda item: all(part(item) for part in parts)


def sort_items(items: Sequence[Any], written: Any, fields: Fields) -> list[Any]:
    """Sort as the caller asked; what has no value comes first in ascending order.

    Raises:
        Refusal: 400, the sort names something else than a sortable field and ASC or DESC.
    """
    ordered = list(items)
    for field, descending in reversed(parse_sort(written, fields)):
        try:
            ordered = sorted(ordered, key=field.read, reverse=descending)
        except TypeError:
            ordered = _sorted_with_gaps(ordered, field.read, descending=descending)
    return ordered


def parse_sort(written: Any, fields: Fields) -> list[tuple[Field, bool]]:
    """Read a sort: the fields, and whether each is descending."""
    if written is None:
        return []
    if not isinstance(written, list) or len(written) > MOST_SORTS:
        raise bad_filter(f"sort must be an array of at most {MOST_SORTS}")
    sorts = []
    for entry in written:
        given = entry if isinstance(entry, dict) else {}
        field, order = fields.get(str(given.get("fieldName"))), given.get("order", "ASC")
        if field is None or not field.sortable:
            raise bad_filter(f"Sorting by {given.get('fieldName')} is not supported")
        if order not in ("ASC", "DESC"):
            raise bad_filter(f"sort.order must be ASC or DESC, not {order}")
        sorts.append((field, order == "DESC"))
    return sorts


def text(value: Any) -> str:
    """Take a string from a filter."""
    if not isinstance(value, str):
        raise TypeError("must be a string")
    return value


def guid_text(value: Any) -> str:
    """Take a GUID from a filter, in the spelling that ids have."""
    return text(value).lower()


def flag(value: Any) -> bool:
    """Take a boolean from a filter."""
    if not isinstance(value, bool):
        raise TypeError("must be a boolean")
    return value


def whole(value: Any) -> int:
    """Take an integer from a filter; an int64 may come as a string."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError("must be an integer")
    return int(value)


def amount(value: Any) -> Decimal:
    """Take an amount of money from a filter."""
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError("must be a decimal number") from error
    if not number.is_finite():
        raise ValueError("must be a finite number")
    return number


def instant(value: Any) -> Any:
    """Take an instant from a filter; the SDK wraps dates as {"$date": …} in some calls."""
    if isinstance(value, dict) and set(value) == {"$date"}:
        value = value["$date"]
    return from_wire(text(value))


def one_of(*names: str) -> Callable[[Any], str]:
    """Take one of these enum values from a filter."""

    def parse(value: Any) -> str:
        if value not in names:
            raise ValueError(f"must be one of {', '.join(names)}")
        return str(value)

    return parse


def _logical(name: str, condition: Any, fields: Fields, most_in: int | None, depth: int) -> Predicate:
    if name == "$not":
        inner = compile_filter(condition, fields, most_in=most_in, depth=depth + 1)
        return (lambda _: False) if inner is None else (lambda item: not inner(item))
    if not isinstance(condition, list) or not condition:
        raise bad_filter(f"{name} must be an array of filters")
    parts = [compile_filter(part, fields, most_in=most_in, depth=depth + 1) for part in condition]
    tests = [part or (lambda _: True) for part in parts]
    if name == "$and":
        return lambda item: all(test(item) for test in tests)
    return lambda item: any(test(item) for test in tests)


def _conditions(name: str, condition: Any, field: Field, most_in: int | None) -> list[Predicate]:
    operations = condition if isinstance(condition, dict) and "$date" not in condition else {"$eq": condition}
    if not operations:
        raise bad_filter(f"{name}: an operator is missing")
    tests = []
    for operator, value in operations.items():
        if operator not in field.operators:
            raise bad_filter(f"{name}: the operator {operator} is not supported")
        if operator in LISTS and not isinstance(value, list):
            raise bad_filter(f"{name}: {operator} needs an array")
        if operator == "$in" and most_in is not None and len(value) > most_in:
            raise bad_filter(f"{name}: $in takes at most {most_in} values")
        tests.append(_test(field.read, operator, _parsed(name, operator, value, field)))
    return tests


def _parsed(name: str, operator: str, value: Any, field: Field) -> Any:
    if operator == "$exists" and not isinstance(value, bool):
        raise bad_filter(f"{name}: $exists needs a boolean")
    if operator == "$exists" or (value is None and operator in ("$eq", "$ne")):
        return value
    try:
        if operator in LISTS:
            return frozenset(field.parse(item) for item in value)
        return field.parse(value)
    except (TypeError, ValueError) as error:
        raise bad_filter(f"{name}: {operator}: {error}") from error


def _test(read: Callable[[Any], Any], operator: str, value: Any) -> Predicate:
    tests: dict[str, Predicate] = {
        "$eq": lambda item: read(item) == value,
        "$ne": lambda item: read(item) != value,
        "$in": lambda item: read(item) in value,
        "$nin": lambda item: read(item) not in value,
        "$exists": lambda item: (read(item) is not None) == value,
        "$gt": lambda item: (found := read(item)) is not None and found > value,
        "$gte": lambda item: (found := read(item)) is not None and found >= value,
        "$lt": lambda item: (found := read(item)) is not None and found < value,
        "$lte": lambda item: (found := read(item)) is not None and found <= value,
    }
    return tests[operator]


def _sorted_with_gaps(items: Sequence[Any], read: Callable[[Any], Any], *, descending: bool) -> list[Any]:
    empty = [item for item in items if read(item) is None]
    filled = sorted((item for item in items if read(item) is not None), key=read, reverse=descending)
    return [*filled, *empty] if descending else [*empty, *filled]
