"""How a site's records are treated at the destination."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class OnDelete(StrEnum):
    """What becomes of a record whose ticket definition was deleted."""

    ARCHIVE = "archive"
    DELETE = "delete"


class OnDrift(StrEnum):
    """What becomes of a record that somebody changed at the destination."""

    OVERWRITE = "overwrite"
    REPORT = "report"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What publishing may do."""

    on_delete: OnDelete = OnDelete.ARCHIVE
    #: A plan that would take away more than this share of the linked records is held until approved.
    max_delete_fraction: Decimal = Decimal("0.2")
    on_drift: OnDrift = OnDrift.OVERWRITE

    def too_many(self, deletes: int, *, of: int) -> bool:
        """Whether so many deletes must wait for a person; a single one never must."""
        return deletes > max(Decimal(1), self.max_delete_fraction * of)
