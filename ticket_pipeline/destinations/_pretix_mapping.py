"""Which fields a mapping may give to pretix, and whether they fit."""

from collections.abc import Iterable, Mapping

from ticket_pipeline.destinations._pretix_copy import OPTION_FIELD
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.mapping.mapping import Column, FieldMapping
from ticket_pipeline.mapping.view import FieldType
from ticket_pipeline.words import unknown

#: What the fields of a mapping may be, and what each holds.
FIELDS: Mapping[str, FieldType] = {
    "name": "text",
    "description": "text",
    "policy": "text",
    "price": "decimal",
    "currency": "text",
    "minimum_price": "boolean",
    "price_options": "parts",
    "capacity": "integer",
    "max_per_order": "integer",
    "hidden": "boolean",
    "sale_start": "instant",
    "sale_end": "instant",
    "show_when_not_on_sale": "boolean",
    "fee_type": "text",
    "event_slug": "text",
    "event_title": "text",
    "event_starts_at": "instant",
    "event_ends_at": "instant",
    "event_time_zone": "text",
    "event_currency": "text",
}
#: What an event is made with, once, and what pretix has no place for: neither is read back.
UNTOLD = frozenset({name for name in FIELDS if name.startswith("event_")} | {"fee_type"})
_PARTS: Mapping[str, FieldType] = {OPTION_FIELD: "text", "name": "text", "price": "decimal"}
_REQUIRED = ("name", "price", "currency")


def check_fit(mapping: FieldMapping) -> None:
    """See that each field has a place in pretix.

    Raises:
        ConfigError: some have not; all problems are told, a line each.
    """
    problems = list(_misfits(mapping.columns, FIELDS, "mapping"))
    named = {column.name: column for column in mapping.columns}
    problems += [f"mapping.{name}: pretix needs this field" for name in _REQUIRED if name not in named]
    if ("sale_start" in named) != ("sale_end" in named):
        problems.append("mapping: sale_start and sale_end go together; declare both or neither")
    if options := named.get("price_options"):
        problems += _misfits(options.parts, _PARTS, "mapping.price_options")
        there = {part.name for part in options.parts}
        problems += [f"mapping.price_options.{name}: pretix needs this field" for name in _PARTS if name not in there]
    if problems:
        raise ConfigError("\n".join(f"pretix: {problem}" for problem in problems))


def _misfits(columns: Iterable[Column], allowed: Mapping[str, FieldType], where: str) -> Iterable[str]:
    for column in columns:
        if column.name not in allowed:
            yield f"{where}: {unknown('field', column.name, allowed)}"
        elif column.type != allowed[column.name]:
            yield f"{where}.{column.name}: pretix takes {allowed[column.name]} here, not {column.type}"
