"""Calling the sandbox as any HTTP client would, and a clock that stands still until it is moved."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from ticket_pipeline.sandbox.settings import SANDBOX_API_KEY, SANDBOX_SITE_ID

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
KEY = {"Authorization": SANDBOX_API_KEY, "wix-site-id": SANDBOX_SITE_ID}
DEFINITIONS = "/events/v3/ticket-definitions"


class Clock:
    """Tells the instant it is set to."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        """Move on."""
        self.now += timedelta(**by)


@dataclass(frozen=True)
class Api:
    """A client that shares nothing with the one under the pipeline."""

    base_url: str
    headers: dict[str, str] = field(default_factory=lambda: dict(KEY))
    session: requests.Session = field(default_factory=requests.Session)

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        """Make a call and give back whatever comes."""
        options = {"headers": self.headers, "timeout": 5, **options}
        return self.session.request(method, self.base_url + path, json=body, **options)

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Make a call that must succeed."""
        answer = self.call(method, path, body, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, str]:
        """Make a call that must fail: its status, and its application code or message."""
        answer = self.call(method, path, body, **options)
        assert answer.status_code >= 400, answer.text
        details = answer.json()["details"]
        code = details.get("applicationError", {}).get("code")
        return answer.status_code, code or answer.json()["message"]

    def query(self, fields: tuple[str, ...] = (), **query: Any) -> Any:
        """Query ticket definitions."""
        return self.ask("POST", f"{DEFINITIONS}/query", {"query": query, "fields": list(fields)})

    def pages(self, limit: int, fields: tuple[str, ...] = (), **query: Any) -> Iterator[list[Any]]:
        """Follow cursors to the end."""
        answer = self.query(fields, cursorPaging={"limit": limit}, **query)
        yield answer["ticketDefinitions"]
        while cursor := answer["metadata"]["cursors"].get("next"):
            answer = self.query(fields, cursorPaging={"limit": limit, "cursor": cursor})
            yield answer["ticketDefinitions"]

    def all(self, fields: tuple[str, ...] = (), **query: Any) -> list[Any]:
        """Read all definitions that match."""
        return [definition for page in self.pages(100, fields, **query) for definition in page]

    def named(self, name: str, fields: tuple[str, ...] = ("SALES_DETAILS",)) -> Any:
        """Read the one definition of this name."""
        found = self.all(fields, filter={"name": name})
        assert len(found) == 1
        return found[0]

    def get(self, definition_id: str, *fields: str) -> Any:
        """Get a definition."""
        answer = self.ask("GET", f"{DEFINITIONS}/{definition_id}", params={"fields": fields})
        return answer["ticketDefinition"]

    def event_id(self, slug: str) -> str:
        """Find an event's id."""
        return str(self.ask("GET", f"/events/v3/events/slug/{slug}")["event"]["id"])

    def sandbox(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """Turn one of the sandbox's own handles."""
        return self.ask(method, f"/sandbox{path}", body)

    def flush(self, **options: Any) -> Any:
        """Wait until all webhooks were sent: what is counted then."""
        answer = self.sandbox("/webhooks/flush", options)
        assert answer["flushed"], answer["counts"]
        return answer["counts"]
