"""How values are read and written, the same way for every transform."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from ticket_pipeline.mapping.view import FieldType
from ticket_pipeline.model.record import Scalar

_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?\s*", re.ASCII)


class UnfitError(ValueError):
    """A value that cannot be taken; its text is the rest of a sentence that starts with the value."""


class AbsentError(UnfitError):
    """A value for which nothing is known; where a field has a default, that is taken."""


def type_of(value: Scalar) -> FieldType:
    """Tell the field type of one value; null counts as text."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, Decimal):
        return "decimal"
    return "instant" if isinstance(value, datetime) else "text"


def constant(value: object) -> Scalar:
    """Turn a scalar of YAML or JSON into a value of a record; a number with a point becomes a decimal.

    Raises:
        UnfitError: it is a list, an object, no number, or a time without a zone.
    """
    if isinstance(value, datetime):
        return as_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return as_decimal(value)
    if value is None or isinstance(value, str | int | Decimal):
        return value
    raise UnfitError("is no single value")


def as_text(value: object) -> str:
    """Write a value as people and other systems read it: true, 65.00, 2026-11-23T09:00:00+00:00; JSON stays JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Mapping | list):
        return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return str(value)


def as_decimal(value: object) -> Decimal:
    """Read an exact number.

    Raises:
        UnfitError: it is none.
    """
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool) or not _NUMBER.fullmatch(str(value)):
        raise UnfitError("is no number")
    return Decimal(str(value).strip())


def as_instant(value: object) -> datetime:
    """Read a point in time, of a text in ISO 8601 too.

    Raises:
        UnfitError: it is none, or does not say in which zone.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise UnfitError("is no instant, as in 2026-11-23T09:00:00Z") from None
    if not isinstance(value, datetime):
        raise UnfitError("is no instant")
    if value.tzinfo is None:
        raise UnfitError("is an instant without a time zone")
    return value.astimezone(UTC)
