"""A change: what one destination must do so that it holds what it should."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ticket_pipeline.model.record import Record, Value


class Action(StrEnum):
    """What a change does at the destination."""

    CREATE = "create"
    UPDATE = "update"
    ARCHIVE = "archive"
    DELETE = "delete"


@dataclass(frozen=True, kw_only=True)
class FieldChange:
    """One field's old and new value."""

    field: str
    old: Value
    new: Value


@dataclass(frozen=True, kw_only=True)
class Change:
    """One planned write, as a value: nothing has happened yet."""

    action: Action
    definition_id: str
    event_id: str
    #: The destination's own id; None until the record exists there.
    external_id: str | None = None
    #: The whole wanted record for create and update; None for archive and delete.
    record: Record | None = None
    #: For an update the fields that differ; for a create every field, old None.
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a destination holds for one definition, as read from it, in the terms of the mapping."""

    definition_id: str
    external_id: str
    fields: Mapping[str, Value]
    archived: bool = False
    #: Fields that are written but cannot be read back; they count as held as they should be.
    untold: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one change."""

    change: Change
    #: Set when the change was made.
    external_id: str | None = None
    #: Set when it was refused: a stable code and a sentence.
    code: str | None = None
    reason: str | None = None

    @property
    def refused(self) -> bool:
        """Whether the destination refused the change."""
        return self.code is not None
