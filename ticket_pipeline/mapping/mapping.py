"""A field mapping: what a destination's record is made of, declared field by field."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ticket_pipeline.errors import ConfigError, RejectedError
from ticket_pipeline.mapping.rules import RefusedError, Rule, compile_rules
from ticket_pipeline.mapping.view import TICKET, FieldType, Source
from ticket_pipeline.model.event import Event
from ticket_pipeline.model.record import Record
from ticket_pipeline.model.ticket_definition import TicketDefinition
from ticket_pipeline.words import unknown

#: A mapping as YAML declares it: field name to declaration.
MappingSpec = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One field of a mapping, for documentation, tables and frames."""

    name: str
    type: FieldType
    #: Where the value comes from, e.g. `price.value as decimal (places: 2)`.
    source: str
    #: The columns of one part, where the field is a list of parts.
    parts: tuple["Column", ...] = ()


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """Records made, and definitions refused with the reason."""

    records: tuple[Record, ...]
    refused: tuple[tuple[TicketDefinition, RejectedError], ...]


@dataclass(frozen=True, kw_only=True)
class FieldMapping:
    """A checked mapping; the Wix id is no field of it, destinations write that themselves, on create only."""

    fields: tuple[Rule, ...]
    #: Changes whenever the declaration does.
    fingerprint: str = field(repr=False)
    #: Says what the destination cannot carry of a record; None where it carries all.
    losses: Callable[[Record], tuple[str, ...]] | None = field(default=None, repr=False, compare=False)

    def record(self, definition: TicketDefinition, event: Event | None) -> Record:
        """Make the record of one definition; an unknown event's paths are null.

        Raises:
            RejectedError: a value cannot be taken (code `mapping`); field, value and definition are named.
        """
        source = Source(definition, event)
        try:
            values = {rule.name: rule.read(source) for rule in self.fields}
        except RefusedError as error:
            reason = f"{error.value!r} {error.reason}"
            message = f"field {error.field!r} of ticket definition {definition.id} ({definition.name!r}): {reason}"
            raise RejectedError(message, code="mapping") from error
        record = Record(
            definition_id=definition.id, event_id=definition.event_id, revision=definition.revision, fields=values
        )
        return record if self.losses is None else replace(record, losses=self.losses(record))

    def records(self, pairs: Iterable[tuple[TicketDefinition, Event | None]]) -> Mapped:
        """Make the records of many definitions; a refused one does not stop the others."""
        records, refused = [], []
        for definition, event in pairs:
            try:
                records.append(self.record(definition, event))
            except RejectedError as error:
                refused.append((definition, error))
        return Mapped(records=tuple(records), refused=tuple(refused))

    @property
    def columns(self) -> tuple[Column, ...]:
        """Describe the fields, in their order."""
        return _columns(self.fields)


def build_mapping(default: MappingSpec, overrides: MappingSpec | None = None) -> FieldMapping:
    """Check a mapping declared over a kind's default; null takes a default field away.

    Raises:
        ConfigError: something is wrong in it; all problems are told, a line each.
    """
    overrides = overrides or {}
    problems = [
        f"mapping.{name}: nothing to take away; {unknown('default field', name, default)}"
        for name, declaration in overrides.items()
        if declaration is None and name not in default
    ]
    declared = {name: it for name, it in {**default, **overrides}.items() if it is not None}
    rules = compile_rules(declared, TICKET, "mapping", problems)
    if not declared:
        problems.append("mapping: no field is left")
    if problems:
        raise ConfigError("\n".join(problems))
    return FieldMapping(fields=rules, fingerprint=_fingerprint(declared))


def _columns(rules: Iterable[Rule]) -> tuple[Column, ...]:
    return tuple(
        Column(name=rule.name, type=rule.type, source=rule.source, parts=_columns(rule.parts)) for rule in rules
    )


def _fingerprint(declared: Mapping[str, object]) -> str:
    text = json.dumps(_plain(declared), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    """Make JSON of what YAML may hold; keys and odd values are told apart by their type."""
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else repr(key): _plain(it) for key, it in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(it) for it in value]
    return value if value is None or isinstance(value, str | int) else repr(value)
