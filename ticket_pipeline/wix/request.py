"""One request to Wix, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked, before anybody knows how it is authorised or whether it must be repeated."""

    method: str
    #: Below base_url, beginning with a slash.
    path: str
    json: Mapping[str, Any] | None = None
    #: Arrays are repeated keys: `fields=A&fields=B`.
    params: tuple[tuple[str, str], ...] = ()
    #: Whether it may use the reserve of the budget (counters first).
    urgent: bool = False

    def __str__(self) -> str:
        """Name the request in a sentence."""
        return f"{self.method} {self.path}"
