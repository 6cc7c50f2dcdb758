"""A Mailchimp at the transport: members and interests of one audience, with the habits of the documentation.

No socket is opened. What one would not guess: a list gives ten entries unless asked for more, and never more than a
thousand; only the fields asked for come back; archived members are not listed; an unknown audience is 404 with a
problem's title; the detail of a problem names people; a gate before it answers 403 without JSON.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import BaseAdapter

from ticket_pipeline_tests.audiences.ghost_stub import answer
from ticket_pipeline_tests.audiences.people import PENDING, SUBSCRIBED, SUPPRESSED, UNSUBSCRIBED, Person

LIST = "a1b2c3d4e5"
KEY = "0123456789abcdef0123456789abcdef-us19"
_BASE = "https://us19.api.mailchimp.com/3.0"
_STATUS = {SUBSCRIBED: "subscribed", PENDING: "pending", UNSUBSCRIBED: "unsubscribed", SUPPRESSED: "cleaned"}

Member = dict[str, Any]
Step = Callable[[requests.PreparedRequest], requests.Response | None]


class MailchimpStub(BaseAdapter):
    """One audience, and what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.members: dict[str, Member] = {}
        self.categories: dict[str, dict[str, str]] = {"c1": {"i1": "gala"}, "c2": {"i2": "weekly"}}
        self.asked: list[str] = []
        self.steps: list[Step] = []

    def hold(self, people: Iterable[Person]) -> None:
        self.members = {(held := self._member(person, at))["id"]: held for at, person in enumerate(people)}

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        assert options.get("timeout"), "a call without a time-out"
        self.asked.append(f"{request.method} {request.url}")
        if self.steps and (scripted := self.steps.pop(0)(request)) is not None:
            return scripted
        login = base64.b64decode(str(request.headers.get("Authorization", "")).removeprefix("Basic ")).decode()
        if login.partition(":")[2] != KEY:
            return problem(request, 401, "API Key Invalid")
        return self._answer(request)

    def close(self) -> None:
        """Hold nothing."""

    def _answer(self, request: requests.PreparedRequest) -> requests.Response:
        url = str(request.url)
        assert url.startswith(_BASE), url
        path = urlsplit(url).path.removeprefix("/3.0/").split("/")
        query = {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}
        match [str(request.method), *path]:
            case ["GET", "lists", "a1b2c3d4e5", "members"]:
                listed = [each for each in self.members.values() if each["status"] != "archived"]
                assert (query["sort_field"], query["sort_dir"]) == ("timestamp_opt", "ASC"), "an order that moves"
                return self._list(request, "members", sorted(listed, key=lambda each: each["timestamp_opt"]), query)
            case ["GET", "lists", "a1b2c3d4e5", "interest-categories"]:
                found = [{"id": each, "title": each} for each in self.categories]
                return self._list(request, "categories", found, query)
            case ["GET", "lists", "a1b2c3d4e5", "interest-categories", category, "interests"]:
                found = [{"id": each, "name": name} for each, name in self.categories[category].items()]
                return self._list(request, "interests", found, query)
            case [method, "lists", "a1b2c3d4e5", "members", member] if member in self.members:
                if method == "PATCH":
                    self.members[member].update(json.loads(request.body or b"{}"))
                return answer(request, _only(self.members[member], query.get("fields", "").split(",")))
        return problem(request, 404, "Resource Not Found")

    def _list(
        self, request: requests.PreparedRequest, name: str, rows: list[Member], query: Mapping[str, str]
    ) -> requests.Response:
        count, offset = min(int(query.get("count", "10")), 1000), int(query.get("offset", "0"))
        wanted = [each.removeprefix(f"{name}.") for each in query.get("fields", "").split(",")]
        shown = [_only(row, wanted) for row in rows[offset : offset + count]]
        return answer(request, {name: shown, "total_items": len(rows)})

    def _member(self, person: Person, at: int) -> Member:
        return {
            "id": hashlib.md5(person.email.lower().encode(), usedforsecurity=False).hexdigest(),
            "email_address": person.email,
            "full_name": person.name,
            "status": _STATUS.get(person.status, person.status),  # type: ignore[call-overload]  # a status is a text
            "language": "",
            "timestamp_opt": f"2026-01-01T00:00:00+00:00 {at:06d}",
            "interests": {"i1": "gala" in person.opt_ins, "i2": False},
            "tags": [{"id": 1, "name": mark} for mark in person.opt_ins if mark != "gala"],
        }


def problem(request: requests.PreparedRequest, status: int, title: str) -> requests.Response:
    """Refuse as Mailchimp does."""
    body = {"type": "https://mailchimp.test/errors", "title": title, "status": status, "detail": "anna@example.org …"}
    return answer(request, body, status=status)


def _only(row: Member, fields: list[str]) -> Member:
    return {name: value for name, value in row.items() if fields == [""] or name in fields}
