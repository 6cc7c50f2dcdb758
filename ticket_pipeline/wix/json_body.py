"""Foreign JSON, read field by field: a wrong type is an error that names the field."""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn, TypeVar

from ticket_pipeline.errors import RejectedError
from ticket_pipeline.model.money import Money
from ticket_pipeline.wix.instants import parse_instant

T = TypeVar("T")

#: The code of everything that Wix sent and we cannot make sense of.
UNREADABLE = "unreadable"

_WHOLE = re.compile(r"-?[0-9]{1,19}")
_AMOUNT = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_INT64 = range(-(2**63), 2**63)


class JsonBody:
    """A JSON object of Wix's; missing and null are the same, unknown fields are ignored.

    Every reader raises RejectedError (`unreadable`) when the field holds something of another type.
    """

    __slots__ = ("_of", "_path", "_value")

    def __init__(self, value: Any, *, of: str, path: tuple[str, ...] = ()) -> None:
        """Hold the object; `of` and `path` name it in errors (`ticket definition 077…`, `salePeriod`).

        Raises:
            RejectedError: it is no JSON object.
        """
        self._of = of
        self._path = path
        if not isinstance(value, dict):
            self._refuse("", f"is {_short(value)}, not an object")
        self._value = value

    def text(self, field: str) -> str | None:
        """Read a string."""
        value = self._value.get(field)
        if value is not None and not isinstance(value, str):
            self._refuse(field, f"is {_short(value)}, not a string")
        return value

    def flag(self, field: str) -> bool | None:
        """Read true or false."""
        value = self._value.get(field)
        if value is not None and not isinstance(value, bool):
            self._refuse(field, f"is {_short(value)}, not true or false")
        return value

    def whole(self, field: str) -> int | None:
        """Read a whole number of 64 bits, sent as a number or (as Wix does with int64) as a string."""
        value = self._value.get(field)
        if value is None:
            return None
        number = _to_int(value)
        if number is None or number not in _INT64:
            self._refuse(field, f"is {_short(value)}, not a whole number")
        return number

    def instant(self, field: str) -> datetime | None:
        """Read an instant, aware and in UTC."""
        text = self.text(field)
        if text is None:
            return None
        try:
            return parse_instant(text)
        except ValueError:
            self._refuse(field, f"is {_short(text)}, not an instant")

    def money(self, field: str) -> Money | None:
        """Read an amount `{"value": "65.00", "currency": "USD"}`; the value may be a number too."""
        part = self.part(field)
        return None if part is None else part._money()

    def part(self, field: str) -> "JsonBody | None":
        """Read an object inside this one."""
        value = self._value.get(field)
        return None if value is None else JsonBody(value, of=self._of, path=(*self._path, field))

    def parts(self, field: str) -> list["JsonBody"]:
        """Read a list of objects."""
        value = self._value.get(field)
        if value is None:
            return []
        if not isinstance(value, list):
            self._refuse(field, f"is {_short(value)}, not a list")
        return [JsonBody(each, of=self._of, path=(*self._path, f"{field}[{i}]")) for i, each in enumerate(value)]

    def must(self, read: Callable[[str], T | None], field: str) -> T:
        """Read a field that cannot be missing, empty text included: `body.must(body.text, "id")`."""
        value = read(field)
        if value is None or value == "":
            self._refuse(field, "is missing")
        return value

    def _money(self) -> Money:
        value = self._value.get("value")
        amount = _to_decimal(value)
        if amount is None:
            self._refuse("value", "is missing" if value is None else f"is {_short(value)}, not a decimal amount")
        return Money(value=amount, currency=self.must(self.text, "currency"))

    def _at(self, field: str) -> str:
        return ".".join(name for name in (*self._path, field) if name)

    def _refuse(self, field: str, fault: str) -> NoReturn:
        subject = " ".join(name for name in (self._of, self._at(field)) if name)
        raise RejectedError(f"wix: {subject} {fault}", code=UNREADABLE)


def _to_int(value: Any) -> int | None:
    if isinstance(value, str):
        return int(value) if _WHOLE.fullmatch(value) else None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _to_decimal(value: Any) -> Decimal | None:
    if isinstance(value, str):
        return Decimal(value) if _AMOUNT.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        amount = Decimal(repr(value))
    except (InvalidOperation, ValueError):
        return None
    return amount if amount.is_finite() else None


def _short(value: Any) -> str:
    """Show a value in an error, at a bounded length."""
    kind = {dict: "an object", list: "a list", type(None): "null"}.get(type(value))
    return kind or repr(value)[:40]
