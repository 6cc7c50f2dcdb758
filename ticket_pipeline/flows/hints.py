"""What each webhook asks for, before anything is read or written."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ticket_pipeline.errors import RejectedError
from ticket_pipeline.model.ticket_definition import TicketDefinition
from ticket_pipeline.store.inbox import Entry
from ticket_pipeline.wix.ticket_definitions import parse_ticket_definition


@dataclass(kw_only=True)
class Hints:
    """What a batch of webhooks asks for."""

    #: Whole definitions, as the webhooks carry them.
    definitions: list[TicketDefinition] = field(default_factory=list)
    #: Definitions said to be deleted.
    dead: set[str] = field(default_factory=set)
    #: Events said to be deleted.
    gone: set[str] = field(default_factory=set)
    #: Definitions to be read again, with the entries that wait for it.
    definitions_to_read: dict[str, list[Entry]] = field(default_factory=dict)
    #: Events to be read again with all their definitions, with the entries that wait for it.
    events_to_read: dict[str, list[Entry]] = field(default_factory=dict)
    #: Entities whose traces a privacy request takes away.
    erased: set[str] = field(default_factory=set)
    #: Entries that are settled once the above is written.
    settled: list[Entry] = field(default_factory=list)
    #: The webhooks' own, in the order in which they landed.
    keys: list[str] = field(default_factory=list)

    def read_definition(self, definition_id: str, entry: Entry) -> None:
        """Ask for a definition to be read again."""
        self.definitions_to_read.setdefault(definition_id, []).append(entry)

    def read_event(self, event_id: str, entry: Entry) -> None:
        """Ask for an event to be read again."""
        self.events_to_read.setdefault(event_id, []).append(entry)


def gather(entries: Iterable[Entry]) -> Hints:
    """Sort a batch of webhooks by what they ask for; what the sync has no use for is settled as it is."""
    hints = Hints()
    for entry in entries:
        hints.keys.append(entry.envelope.key)
        _TOPICS.get(entry.envelope.topic, _nothing)(entry, hints)
        if entry.envelope.anonymise and entry.envelope.entity_id:
            hints.erased.add(entry.envelope.entity_id)
    return hints


def _whole_definition(entry: Entry, hints: Hints) -> None:
    """Take the definition that the webhook carries; where it cannot be made sense of, have it read."""
    body = entry.envelope.body
    try:
        hints.definitions.append(parse_ticket_definition(_entity(body)))
    except RejectedError:
        _read_definition(entry, hints)
    else:
        hints.settled.append(entry)


def _entity(body: Mapping[str, Any]) -> Mapping[str, Any]:
    created, updated = body.get("createdEvent") or {}, body.get("updatedEvent") or {}
    entity: Mapping[str, Any] = created.get("entity") or updated.get("currentEntity") or {}
    return entity


def _deleted_definition(entry: Entry, hints: Hints) -> None:
    if entry.envelope.entity_id:
        hints.dead.add(entry.envelope.entity_id)
    hints.settled.append(entry)


def _read_definition(entry: Entry, hints: Hints) -> None:
    if entry.envelope.entity_id:
        hints.read_definition(entry.envelope.entity_id, entry)
    else:
        hints.settled.append(entry)


def _read_event(entry: Entry, hints: Hints) -> None:
    if entry.envelope.event_id:
        hints.read_event(entry.envelope.event_id, entry)
    else:
        hints.settled.append(entry)


def _deleted_event(entry: Entry, hints: Hints) -> None:
    if entry.envelope.event_id:
        hints.gone.add(entry.envelope.event_id)
    hints.settled.append(entry)


def _nothing(entry: Entry, hints: Hints) -> None:
    """Orders, reservations and guests move numbers, never definitions."""
    hints.settled.append(entry)


_DEFINITION, _EVENT = "wix.events.v3.ticket_definition_", "wix.events.v3.event_"
_OLD_DEFINITION = "wix.events.ticketing.events.TicketDefinition"
_TOPICS: Mapping[str, Callable[[Entry, Hints], None]] = {
    f"{_DEFINITION}created": _whole_definition,
    f"{_DEFINITION}updated": _whole_definition,
    f"{_DEFINITION}deleted": _deleted_definition,
    # What these carry is a part of the definition, without saying which revision it is of.
    f"{_DEFINITION}sale_started": _read_definition,
    f"{_DEFINITION}sale_ended": _read_definition,
    f"{_DEFINITION}sale_period_updated": _read_definition,
    f"{_OLD_DEFINITION}Created": _read_definition,
    f"{_OLD_DEFINITION}Updated": _read_definition,
    f"{_OLD_DEFINITION}Deleted": _deleted_definition,
    f"{_EVENT}created": _read_event,
    f"{_EVENT}updated": _read_event,
    f"{_EVENT}published": _read_event,
    f"{_EVENT}cloned": _read_event,
    f"{_EVENT}canceled": _read_event,
    f"{_EVENT}started": _read_event,
    f"{_EVENT}ended": _read_event,
    f"{_EVENT}deleted": _deleted_event,
}
