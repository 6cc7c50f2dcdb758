"""A finding: one thing a check saw, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was looked at, what was seen, and the remedy where one is needed."""

    level: Level
    what: str
    seen: str
    remedy: str | None = None
    #: Whether it may be over by itself: of an error, to try again later is enough.
    transient: bool = False
