"""An Eventbrite at the transport: ticket classes of some events, with the habits of its documentation.

No socket is opened. What one would not guess: nothing holds an id of ours, and nothing can be deleted; an update is a
POST, and here what it leaves out is reset, as the documentation calls every field of it required; amounts are in minor
units; the price of what has sold is frozen; a normal ticket needs a capacity; lists continue by a token.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import BaseAdapter

from ticket_pipeline_tests.audiences.ghost_stub import answer

TOKEN = "EVENTBRITEPRIVATE01"  # noqa: S105 - made up
GALA, JAZZ = "100001", "100002"
_WRITABLE = (
    *("name", "description", "capacity", "free", "donation", "cost", "hidden", "hide_description"),
    *("sales_start", "sales_end", "sales_start_after", "minimum_quantity", "maximum_quantity", "sorting"),
    *("include_fee", "auto_hide", "auto_hide_before", "auto_hide_after", "sales_channels", "delivery_methods"),
    *("order_confirmation_message", "has_pdf_ticket", "inventory_tier_id", "image_id"),
)

TicketClass = dict[str, Any]
Step = Callable[[requests.PreparedRequest], requests.Response | None]


class EventbriteStub(BaseAdapter):
    """Two events, and what was asked of them."""

    def __init__(self) -> None:
        super().__init__()
        self.events: dict[str, dict[str, TicketClass]] = {GALA: {}, JAZZ: {}}
        self.currency = "EUR"
        #: Of events that sell in another.
        self.currencies: dict[str, str] = {}
        self.page = 50
        self.asked: list[str] = []
        self.steps: list[Step] = []
        self._made = 700_000

    @property
    def writes(self) -> int:
        return sum(not each.startswith("GET") for each in self.asked)

    @property
    def ticket_classes(self) -> list[TicketClass]:
        return [each for event in self.events.values() for each in event.values()]

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        assert options.get("timeout"), "a call without a time-out"
        self.asked.append(f"{request.method} {urlsplit(str(request.url)).path}")
        if self.steps and (scripted := self.steps.pop(0)(request)) is not None:
            return scripted
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return error(request, "INVALID_AUTH", "The OAuth token you provided was invalid.", status=401)
        return self.answer(request)

    def close(self) -> None:
        """Hold nothing."""

    def answer(self, request: requests.PreparedRequest) -> requests.Response:
        """Do what is asked."""
        path = urlsplit(str(request.url)).path
        assert path.endswith("/"), "an address that would be moved permanently"
        match [str(request.method), *path.removeprefix("/v3/").strip("/").split("/")]:
            case ["GET", "users", "me"]:
                return answer(request, {"id": "1", "name": "Anna"})
            case [_, "events", event, *_] if event not in self.events:
                return error(request, "NOT_FOUND", "The event you requested does not exist.", status=404)
            case ["GET", "events", event]:
                return answer(request, {"id": event, "currency": self.currencies.get(event, self.currency)})
            case ["GET", "events", event, "ticket_classes"]:
                return self._list(request, list(self.events[event].values()))
            case ["POST", "events", event, "ticket_classes"]:
                return self._create(request, self.events[event])
            case [method, "events", event, "ticket_classes", each] if each in self.events[event]:
                found = self.events[event][each]
                return self._update(request, found) if method == "POST" else answer(request, found)
        return error(request, "NOT_FOUND", "The ticket class you requested does not exist.", status=404)

    def _list(self, request: requests.PreparedRequest, rows: list[TicketClass]) -> requests.Response:
        query = parse_qs(urlsplit(str(request.url)).query)
        if query.get("category") != ["all"]:
            rows = [row for row in rows if not row["donation"]]
        start = int(query.get("continuation", ["0"])[0])
        more = start + self.page < len(rows)
        paging = {"object_count": len(rows), "has_more_items": more, "continuation": str(start + self.page)}
        return answer(request, {"pagination": paging, "ticket_classes": rows[start : start + self.page]})

    def _create(self, request: requests.PreparedRequest, event: dict[str, TicketClass]) -> requests.Response:
        given = _given(request)
        if refused := self._refused(request, given):
            return error(request, *refused)
        self._made += 1
        event[str(self._made)] = {"id": str(self._made), "quantity_sold": 0, **_shown(given)}
        return answer(request, event[str(self._made)])

    def _update(self, request: requests.PreparedRequest, found: TicketClass) -> requests.Response:
        given = _given(request)
        if refused := self._refused(request, given):
            return error(request, *refused)
        after = _shown(given)
        if found["quantity_sold"] and any(after[name] != found[name] for name in ("cost", "free", "donation")):
            return error(request, "CANNOT_UPDATE_COST", "Cannot change the ticket price after tickets have been sold")
        found.update(after)
        return answer(request, found)

    def _refused(self, request: requests.PreparedRequest, given: Mapping[str, Any]) -> tuple[str, str] | None:
        event = str(request.url).split("/")[5]
        free, donation, cost = given.get("free"), given.get("donation"), given.get("cost")
        if not given.get("name"):
            return "ARGUMENTS_ERROR", "There are errors with your arguments: name - REQUIRED"
        if donation and free:
            return "DONATION_AND_FREE", "A ticket cannot be a donation and a free ticket."
        if donation and cost:
            return "DONATION_AND_COST", "A ticket cannot be a donation and a charged ticket."
        if free and cost:
            return "FREE_AND_COST", "A ticket cannot be a free ticket and a charged ticket."
        if not (free or donation or cost):
            return "NO_COST", "A price must be set for a charged ticket."
        if not donation and not given.get("capacity"):
            return "NO_QUANTITY_TOTAL", "A quantity total must be set for this ticket."
        if cost and not cost.startswith(f"{self.currencies.get(event, self.currency)},"):
            return "CURRENCY_MISMATCH", "Event currency ticket currency must match."
        return None


def error(request: requests.PreparedRequest, name: str, description: str, *, status: int = 400) -> requests.Response:
    """Refuse as Eventbrite does."""
    return answer(request, {"error": name, "error_description": description, "status_code": status}, status=status)


def _given(request: requests.PreparedRequest) -> TicketClass:
    body: TicketClass = json.loads(request.body or b"{}")["ticket_class"]
    assert set(body) <= set(_WRITABLE), set(body) - set(_WRITABLE)
    return body


def _shown(given: Mapping[str, Any]) -> TicketClass:
    """Show a ticket class as it was given; what was left out is unset."""
    shown = {**dict.fromkeys(_WRITABLE), "free": False, "donation": False, "hidden": False, **given}
    for name in ("sales_start", "sales_end"):
        shown[name] = shown[name] or None
    if shown["cost"]:
        currency, _, units = str(shown["cost"]).partition(",")
        shown["cost"] = {"currency": currency, "value": int(units), "display": "…"}
    return shown
