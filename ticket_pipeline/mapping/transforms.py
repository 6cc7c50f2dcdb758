"""The transforms a mapping may name with `as:`, and how one is made from its declared options."""

import decimal
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import ClassVar, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from ticket_pipeline.mapping.currency import exponent
from ticket_pipeline.mapping.texts import Lower, Markdown, Slug, Text, Upper
from ticket_pipeline.mapping.transform import Transform
from ticket_pipeline.mapping.values import AbsentError, UnfitError, as_decimal, as_instant, as_text, constant, type_of
from ticket_pipeline.mapping.view import OPTION, TICKET, FieldType, Source, find_path
from ticket_pipeline.model.record import Scalar
from ticket_pipeline.words import unknown

#: How `decimal` may round; without one of these no digit is ever lost.
ROUNDINGS = ("half_up", "half_even", "half_down", "up", "down", "ceiling", "floor")
_NUMBERS: frozenset[FieldType] = frozenset({"text", "integer", "decimal"})
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, kw_only=True)
class ExactDecimal(Transform):
    """Make an exact number; `places` fixes the decimals, and a digit is lost only where `rounding` allows it."""

    takes: ClassVar[frozenset[FieldType]] = _NUMBERS
    gives: ClassVar[FieldType] = "decimal"
    places: int | None = None
    rounding: str | None = None

    def __post_init__(self) -> None:
        """Refuse options that make no sense, with a ValueError."""
        if self.places is not None and not 0 <= self.places <= 10:
            raise ValueError(f"places must lie between 0 and 10, not {self.places}")
        if self.rounding is not None and self.rounding not in ROUNDINGS:
            raise ValueError(unknown("rounding", self.rounding, ROUNDINGS))
        if self.rounding is not None and self.places is None:
            raise ValueError("rounding needs places")

    def __call__(self, value: object, _: Source) -> Decimal:
        """Read the number and bring it to the declared places."""
        number = as_decimal(value)
        if self.places is None:
            return number
        rounded = number.quantize(Decimal(1).scaleb(-self.places), context=self._context)
        if self.rounding is None and rounded != number:
            raise UnfitError(f"has more than {self.places} decimals, and no rounding is declared")
        return rounded

    @cached_property
    def _context(self) -> decimal.Context:
        return decimal.Context(prec=200, rounding=f"ROUND_{(self.rounding or 'down').upper()}")


@dataclass(frozen=True, kw_only=True)
class MinorUnits(Transform):
    """Count the currency's smallest units after ISO 4217: 65.00 EUR is 6500, 65 JPY is 65, 1.5 KWD is 1500."""

    takes: ClassVar[frozenset[FieldType]] = _NUMBERS
    gives: ClassVar[FieldType] = "integer"
    paths: ClassVar[tuple[str, ...]] = ("currency",)
    currency: str = "price.currency"

    def __call__(self, value: object, source: Source) -> int:
        """Count the units, and refuse a fraction of one."""
        path = find_path(self.currency, TICKET if source.option is None else OPTION)
        currency = None if path is None else path.read(source)
        places = exponent(currency) if isinstance(currency, str) else None
        if places is None:
            raise UnfitError(f"cannot be counted in minor units: {currency!r} is no currency of ISO 4217")
        units = as_decimal(value).scaleb(places)
        if units != units.to_integral_value():
            raise UnfitError(f"has more than the {places} decimals of {currency}")
        return int(units)


@dataclass(frozen=True, kw_only=True)
class Integer(Transform):
    """Make a whole number; a number with a fraction is refused."""

    takes: ClassVar[frozenset[FieldType]] = frozenset({"text", "integer", "decimal", "boolean"})
    gives: ClassVar[FieldType] = "integer"

    def __call__(self, value: object, _: Source) -> int:
        """Read the number; true is 1."""
        number = as_decimal(int(value) if isinstance(value, bool) else value)
        if number != number.to_integral_value():
            raise UnfitError("is no whole number")
        return int(number)


@dataclass(frozen=True, kw_only=True)
class Boolean(Transform):
    """Make true or false; `invert` turns it round."""

    takes: ClassVar[frozenset[FieldType]] = frozenset({"text", "integer", "boolean"})
    gives: ClassVar[FieldType] = "boolean"
    invert: bool = False

    def __call__(self, value: object, _: Source) -> bool:
        """Read a boolean, 0 or 1, or one of the words true, yes, false, no."""
        found = _WORDS.get(as_text(value).strip().lower())
        if found is None:
            raise UnfitError("is neither true nor false")
        return found is not self.invert


@dataclass(frozen=True, kw_only=True)
class Day(Transform):
    """Write the day, as in 2026-11-23; `zone` is an IANA name (UTC unless said) or `event`."""

    takes: ClassVar[frozenset[FieldType]] = frozenset({"text", "instant"})
    zone: str = "UTC"

    def __post_init__(self) -> None:
        """Refuse an unknown zone, with a ValueError."""
        _check_zone(self.zone)

    def __call__(self, value: object, source: Source) -> str:
        """Tell which day it is there at that instant."""
        return as_instant(value).astimezone(_zone(self.zone, source)).date().isoformat()


@dataclass(frozen=True, kw_only=True)
class Instant(Transform):
    """Make a point in time; with a `zone` (an IANA name or `event`), ISO 8601 text with that zone's offset."""

    takes: ClassVar[frozenset[FieldType]] = frozenset({"text", "instant"})
    zone: str | None = None

    def __post_init__(self) -> None:
        """Refuse an unknown zone, with a ValueError."""
        if self.zone is not None:
            _check_zone(self.zone)

    @property
    def type(self) -> FieldType:
        """A point in time, or text where a zone is declared."""
        return "instant" if self.zone is None else "text"

    def __call__(self, value: object, source: Source) -> datetime | str:
        """Read the instant, from text where need be."""
        instant = as_instant(value)
        return instant if self.zone is None else instant.astimezone(_zone(self.zone, source)).isoformat()


@dataclass(frozen=True, kw_only=True)
class Lookup(Transform):
    """Take the value from `table`; what is not in it is refused, unless the field has a `default`."""

    takes: ClassVar[frozenset[FieldType]] = frozenset({"text", "integer", "boolean"})
    table: Mapping[object, object]

    def __post_init__(self) -> None:
        """Refuse a table that is empty or whose values are of several types, with a ValueError."""
        types = {type_of(constant(value)) for value in self.table.values() if value is not None}
        if len(types) != 1:
            raise ValueError(f"table must hold values of one type, not {', '.join(sorted(types)) or 'none'}")

    @property
    def type(self) -> FieldType:
        """The type of the table's values."""
        return next(type_of(value) for value in self._values.values() if value is not None)

    def __call__(self, value: object, _: Source) -> Scalar:
        """Look one value up."""
        try:
            return self._values[as_text(value)]
        except KeyError:
            raise AbsentError(f"is not in the table ({', '.join(self._values)}), and there is no default") from None

    @cached_property
    def _values(self) -> dict[str, Scalar]:
        return {as_text(key): constant(value) for key, value in self.table.items()}


#: What may follow `as:`.
TRANSFORMS: Mapping[str, type[Transform]] = {
    "boolean": Boolean,
    "date": Day,
    "decimal": ExactDecimal,
    "instant": Instant,
    "integer": Integer,
    "lookup": Lookup,
    "lower": Lower,
    "markdown": Markdown,
    "minor_units": MinorUnits,
    "slug": Slug,
    "text": Text,
    "upper": Upper,
}


def make(name: object, options: Mapping[str, object]) -> Transform:
    """Make the named transform with its options.

    Raises:
        ValueError: the name, an option or its value is unknown or unfit; the text is a sentence.
    """
    if not isinstance(name, str) or name not in TRANSFORMS:
        raise ValueError(unknown("transform", name, TRANSFORMS))
    kind = TRANSFORMS[name]
    hints = get_type_hints(kind)
    allowed = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # each of TRANSFORMS is a dataclass
    for option, value in options.items():
        if option not in allowed:
            raise ValueError(f"{name} {unknown('option', option, ['from', 'as', 'default', *allowed])}")
        if not _fits(value, hints[option]):
            raise ValueError(f"{name}: option {option!r} cannot be {value!r}")
    if kind is Lookup and "table" not in options:
        raise ValueError("lookup needs the option 'table'")
    return kind(**options)


def _fits(value: object, hint: object) -> bool:
    if get_origin(hint) is Mapping:
        return isinstance(value, Mapping)
    types = get_args(hint) or (hint,)
    return type(value) in types


def _check_zone(zone: str) -> None:
    if zone != "event" and _zone_info(zone) is None:
        near = difflib.get_close_matches(zone, available_timezones(), n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"unknown time zone {zone!r}; {hint}allowed: event, or an IANA name such as Europe/Vilnius")


def _zone(zone: str, source: Source) -> ZoneInfo:
    name = zone if zone != "event" else source.event and source.event.time_zone
    found = _zone_info(name) if name else None
    if found is None:
        raise UnfitError(f"cannot be told in the event's time zone, which is {name or 'not known'}")
    return found


def _zone_info(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
