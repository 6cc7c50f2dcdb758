"""A ticketing system that lives in this process, for tests and trials; gone when the process ends.

Two connections with the same name see the same place, as two programs see one system. A test may ask the place
to refuse a record (`refuse`) or to fail (`fail_after`), before or after the write that was under way.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ticket_pipeline.errors import TransientError
from ticket_pipeline.mapping.mapping import FieldMapping
from ticket_pipeline.model.change import Action, Change, Held, Outcome
from ticket_pipeline.model.finding import Finding, Level

DEFAULT_MAPPING: Mapping[str, Any] = {
    "title": "name",
    "description": "description",
    "price": "price.value",
    "currency": "price.currency",
    "minimum_price": "minimum_price",
    "capacity": "capacity",
    "hidden": "hidden",
    "sale_start": "sale_start",
    "sale_end": "sale_end",
    "price_options": {"each": "options", "fields": {"wix_option_id": "id", "name": "name", "price": "price.value"}},
}


class Config(BaseModel):
    """Which place in memory."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="memory", description="Name of the place; the same name is the same place")


@dataclass(kw_only=True)
class Place:
    """What is held, and how the place behaves."""

    held: dict[str, Held] = field(default_factory=dict)
    #: How many writes reached the place.
    writes: int = 0
    #: Reasons to refuse, by Wix id.
    refuse: dict[str, str] = field(default_factory=dict)
    #: Fail at the next write but this many (None: never), once.
    fail_after: int | None = None
    #: Whether the write under way is made before the failure is told, as with a time-out.
    fail_late: bool = False
    last_id: int = 0
    lock: Lock = field(default_factory=Lock)


_PLACES: dict[str, Place] = {}


def connect(config: Config, mapping: FieldMapping) -> "Memory":
    """Go to the place of this name; any mapping will do."""
    _ = mapping
    return Memory(config, _PLACES.setdefault(config.name, Place()))


class Memory:
    """A place in memory as a destination."""

    def __init__(self, config: Config, place: Place | None = None) -> None:
        """Use this place, or one of its own."""
        self.identity = f"memory:{config.name}"
        self.place = place or Place()

    def find(self, definition_ids: Collection[str] | None = None) -> Iterator[Held]:
        """Read what is held."""
        wanted = list(self.place.held) if definition_ids is None else dict.fromkeys(definition_ids)
        for definition_id in wanted:
            if (held := self.place.held.get(definition_id)) is not None:
                yield held

    def apply(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Make the changes one by one."""
        for change in changes:
            with self.place.lock:
                outcome = self._write(change)
            yield outcome

    def check(self) -> Iterable[Finding]:
        """Find nothing wrong: memory is always there."""
        yield Finding(level=Level.OK, what="memory", seen=f"holds {len(self.place.held)} records")

    def _write(self, change: Change) -> Outcome:
        place, wix_id = self.place, change.definition_id
        failing = self._failing()
        if failing and not place.fail_late:
            raise TransientError("memory: failed before the write, as asked")
        if wix_id in place.refuse:
            return Outcome(change=change, code="refused", reason=place.refuse[wix_id])
        before = place.held.get(wix_id)
        if before is None and change.action in {Action.UPDATE, Action.ARCHIVE}:
            return Outcome(change=change, code="not_found", reason=f"memory: nothing holds the Wix id {wix_id}")
        place.writes += 1
        external_id = self._make(change, before)
        if failing:
            raise TransientError("memory: failed after the write, as asked")
        return Outcome(change=change, external_id=external_id)

    def _make(self, change: Change, before: Held | None) -> str | None:
        held = self.place.held
        if change.action is Action.DELETE:
            held.pop(change.definition_id, None)
            return before.external_id if before else change.external_id
        if change.record is not None:
            fields = dict(change.record.fields)
            external_id = before.external_id if before else self._next_id()
            held[change.definition_id] = Held(
                definition_id=change.definition_id, external_id=external_id, fields=fields
            )
            return external_id
        if before is not None:
            held[change.definition_id] = replace(before, archived=True)
            return before.external_id
        return None

    def _next_id(self) -> str:
        self.place.last_id += 1
        return str(self.place.last_id)

    def _failing(self) -> bool:
        place = self.place
        if place.fail_after is None:
            return False
        place.fail_after = None if place.fail_after == 0 else place.fail_after - 1
        return place.fail_after is None
