"""A Brevo at the transport: contacts and lists of one account, with the habits of the documentation.

No socket is opened. What one would not guess: contacts come newest first unless asked otherwise, at most a thousand
at once and fifty unless asked; twenty ids may be asked for and no more; an empty list is left out of the answer; a
blocked contact is blocked whatever the reason; a 429 says in a header of its own how long to wait, in seconds.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import BaseAdapter

from ticket_pipeline_tests.audiences.ghost_stub import answer
from ticket_pipeline_tests.audiences.people import SUPPRESSED, UNSUBSCRIBED, Person

KEY = "xkeysib-0123456789abcdef-Secret"

Contact = dict[str, Any]
Step = Callable[[requests.PreparedRequest], requests.Response | None]


class BrevoStub(BaseAdapter):
    """One account, and what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.contacts: dict[int, Contact] = {}
        self.lists = {1: "everybody", 2: "gala", 3: "jazz"}
        self.asked: list[str] = []
        self.steps: list[Step] = []
        self._ids: dict[str, int] = {}

    def hold(self, people: Iterable[Person]) -> None:
        self.contacts = {(held := self._contact(person))["id"]: held for person in people}

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        assert options.get("timeout"), "a call without a time-out"
        self.asked.append(f"{request.method} {request.url}")
        if self.steps and (scripted := self.steps.pop(0)(request)) is not None:
            return scripted
        if request.headers.get("api-key") != KEY:
            return error(request, 401, "unauthorized", "Key not found")
        return self._answer(request)

    def close(self) -> None:
        """Hold nothing."""

    def _answer(self, request: requests.PreparedRequest) -> requests.Response:
        parts = urlsplit(str(request.url))
        query = parse_qs(parts.query)
        match [str(request.method), *parts.path.removeprefix("/v3/").split("/")]:
            case ["GET", "contacts"]:
                return self._listed(request, query)
            case ["GET", "contacts", "lists"]:
                rows = [{"id": each, "name": name} for each, name in self.lists.items()]
                return _page(request, "lists", rows, query, most=50, usual=10)
            case ["PUT", "contacts", contact] if int(contact) in self.contacts:
                assert query == {"identifierType": ["contact_id"]}
                self.contacts[int(contact)].update(json.loads(request.body or b"{}"))
                return answer(request, None, status=204, raw=b"")
        return error(request, 404, "document_not_found", "Contact does not exist")

    def _listed(self, request: requests.PreparedRequest, query: Mapping[str, list[str]]) -> requests.Response:
        rows = list(self.contacts.values())
        if len(query.get("ids", [])) > 20:
            return error(request, 400, "invalid_parameter", "ids should not be more than 20")
        if "ids" in query:
            rows = [row for row in rows if str(row["id"]) in query["ids"]]
        if "listIds" in query:
            rows = [row for row in rows if int(query["listIds"][-1]) in row["listIds"]]
        rows.sort(key=lambda row: int(row["id"]), reverse=query.get("sort") != ["asc"])
        return _page(request, "contacts", rows, query, most=1000, usual=50)

    def _contact(self, person: Person) -> Contact:
        first, _, last = person.name.partition(" ")
        return {
            "id": self._ids.setdefault(person.email, len(self._ids) + 1),
            "email": person.email,
            "emailBlacklisted": person.status in {UNSUBSCRIBED, SUPPRESSED},
            "smsBlacklisted": False,
            "listIds": [1, *(each for each, name in self.lists.items() if name in person.opt_ins)],
            "listUnsubscribed": None,
            "attributes": {"FIRSTNAME": first, "LASTNAME": last},
        }


def _page(
    request: requests.PreparedRequest,
    name: str,
    rows: list[Contact],
    query: Mapping[str, list[str]],
    *,
    most: int,
    usual: int,
) -> requests.Response:
    limit, offset = int(query.get("limit", [str(usual)])[-1]), int(query.get("offset", ["0"])[-1])
    if limit > most:
        return error(request, 400, "out_of_range", f"limit exceeds {most}")
    shown = rows[offset : offset + limit]
    return answer(request, {"count": len(rows), **({name: shown} if shown else {})})


def error(request: requests.PreparedRequest, status: int, code: str, message: str) -> requests.Response:
    """Refuse as Brevo does."""
    return answer(request, {"code": code, "message": message}, status=status)
