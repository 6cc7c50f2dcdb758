"""A Ghost at the transport: its Admin API for members and newsletters, with the habits of the real one.

No socket is opened. What it does that one would not guess: `limit` is cut to 100; a plus that was not escaped is a
blank, and a blank in a filter is an error; a member's newsletters come without their slugs, archived ones not at
all; `subscribed` means "has an active newsletter"; `newsletters` in a PUT replaces them all; the newest come first;
an id of another form is no unknown id but a mistake (422); who is suppressed is looked up for a whole page at once,
which one apostrophe in an address undoes for all of them.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from ticket_pipeline_tests.audiences.people import PENDING, SUBSCRIBED, SUPPRESSED, Person

URL = "https://news.test/blog"
KEY_ID, SECRET = "5f" * 12, "ab" * 32
NOW = 1_793_000_000.0

Member = dict[str, Any]
Step = Callable[[requests.PreparedRequest], requests.Response | None]

_TOKEN = re.compile(r"\s*([a-z_.]+):|\s*('(?:[^'\\]|\\.)*')|\s*([A-Za-z0-9_-]+)|([+,()\[\]>])")
_NEWSLETTERS = [
    {"id": "6" * 23 + "1", "slug": "weekly", "name": "Weekly", "status": "active"},
    {"id": "6" * 23 + "2", "slug": "gala", "name": "Gala", "status": "active"},
    {"id": "6" * 23 + "3", "slug": "old", "name": "Old", "status": "archived"},
]


class GhostStub(BaseAdapter):
    """One site, its members, and what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.members: list[Member] = []
        self.newsletters = [dict(each) for each in _NEWSLETTERS]
        self.asked: list[str] = []
        self.steps: list[Step] = []
        self._ids: dict[str, str] = {}

    def hold(self, people: Iterable[Person]) -> None:
        self.members = [self._member(person) for person in people]

    def member(self, email: str) -> Member:
        """Find a member to tamper with."""
        return next(each for each in self.members if each["email"] == email)

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        assert options.get("timeout"), "a call without a time-out"
        self.asked.append(request.url or "")
        if self.steps and (scripted := self.steps.pop(0)(request)) is not None:
            return scripted
        refused = _refused(request)
        return refused if refused is not None else self._answer(request)

    def close(self) -> None:
        """Hold nothing."""

    def _answer(self, request: requests.PreparedRequest) -> requests.Response:
        parts = urlsplit(request.url or "")
        path = parts.path.removeprefix("/blog/ghost/api/admin")
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if (request.method, path) == ("GET", "/newsletters/"):
            return self._browse(request, "newsletters", self.newsletters, query)
        if (request.method, path) == ("GET", "/members/"):
            return self._browse(request, "members", self.members, query)
        if not re.fullmatch(r"/members/[0-9a-f]{24}/", path):
            return error(request, 422, "Validation error, cannot edit member.")
        found = [each for each in self.members if path == f"/members/{each['id']}/"]
        if request.method == "PUT" and found:
            return self._edit(request, found[0])
        if request.method == "GET" and found:
            return answer(request, {"members": [self._shown(found[0])]})
        return error(request, 404, "Resource not found error, cannot read member.")

    def _edit(self, request: requests.PreparedRequest, member: Member) -> requests.Response:
        member.update(json.loads(request.body or b"{}")["members"][0])
        return answer(request, {"members": [self._shown(member)]})

    def _browse(
        self, request: requests.PreparedRequest, name: str, rows: list[Member], query: Mapping[str, str]
    ) -> requests.Response:
        try:
            wanted = Filter(query.get("filter", "")).matches
        except ValueError:
            return error(request, 400, "Error parsing filter")
        rows = [row for row in rows if wanted(row)]
        key, _, direction = query.get("order", "created_at desc").partition(" ")
        rows.sort(key=lambda row: str(row.get(key)), reverse=direction.lower() == "desc")
        limit, page = min(int(query.get("limit", "15")), 100), int(query.get("page", "1"))
        some = rows[(page - 1) * limit : page * limit]
        shown = self._listed(some) if name == "members" else some
        pages = max(1, -(-len(rows) // limit))
        pagination = {"page": page, "limit": limit, "pages": pages, "total": len(rows), "next": None, "prev": None}
        return answer(request, {name: shown, "meta": {"pagination": pagination}})

    def _listed(self, members: list[Member]) -> list[Member]:
        shown = [self._shown(each) for each in members]
        if any("'" in each["email"] for each in members):
            return [{**each, "email_suppression": {"suppressed": False, "info": None}} for each in shown]
        return shown

    def _shown(self, member: Member) -> Member:
        active = {each["id"]: each for each in self.newsletters if each["status"] == "active"}
        held = [active[each["id"]] for each in member["newsletters"] if each["id"] in active]
        newsletters = [{name: each[name] for name in ("id", "name", "status")} for each in held]
        return {"subscribed": bool(held), **member, "newsletters": newsletters}

    def _member(self, person: Person) -> Member:
        number = len(self._ids) + 1
        member_id = self._ids.setdefault(person.email, f"{number * 7919 % 16**6:06x}{number:018x}")
        subscribed = person.status in {SUBSCRIBED, PENDING, SUPPRESSED}
        return {
            "id": member_id,
            "email": person.email,
            "name": person.name or None,
            "status": "free",
            "created_at": f"2026-01-01T00:00:00.{number:06d}Z",
            "labels": [{"id": f"l-{mark}", "name": mark.title(), "slug": mark} for mark in person.opt_ins],
            "newsletters": [{"id": self.newsletters[0]["id"]}] if subscribed else [],
            "email_suppression": {"suppressed": person.status == SUPPRESSED, "info": None},
            "unsubscribe_url": f"{URL}/unsubscribe/?uuid={member_id}&key=k",
        }


class Filter:
    """As much of NQL as is asked here: `+` binds closer than `,`; parentheses; equality, lists and `>`."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        at = 0
        while at < len(text):
            token = _TOKEN.match(text, at)
            if not token:
                raise ValueError(text)
            self._tokens.append(token[0])
            at = token.end()
        self.matches: Callable[[Member], bool] = self._any() if text else lambda _: True
        if self._tokens:
            raise ValueError(text)

    def _any(self) -> Callable[[Member], bool]:
        parts = [self._all()]
        while self._taken(","):
            parts.append(self._all())
        return lambda member: any(part(member) for part in parts)

    def _all(self) -> Callable[[Member], bool]:
        parts = [self._one()]
        while self._taken("+"):
            parts.append(self._one())
        return lambda member: all(part(member) for part in parts)

    def _one(self) -> Callable[[Member], bool]:
        if self._taken("("):
            inside = self._any()
            self._expect(")")
            return inside
        field = self._next()
        if not field.endswith(":"):
            raise ValueError(field)
        if self._taken(">"):
            least = self._value()
            return lambda member: max(_values(member, field)) > least
        if not self._taken("["):
            value = self._value()
            return lambda member: value in _values(member, field)
        values = {self._value()}
        while self._taken(","):
            values.add(self._value())
        self._expect("]")
        return lambda member: not values.isdisjoint(_values(member, field))

    def _value(self) -> str:
        token = self._next()
        if token[0] in "+,()[]> ":
            raise ValueError(token)
        return token.strip("'")

    def _next(self) -> str:
        if not self._tokens:
            raise ValueError("the filter ends too early")
        return self._tokens.pop(0)

    def _taken(self, token: str) -> bool:
        return bool(self._tokens) and self._tokens[0] == token and bool(self._tokens.pop(0))

    def _expect(self, token: str) -> None:
        if self._next() != token:
            raise ValueError(token)


def answer(
    request: requests.PreparedRequest, body: Any, *, status: int = 200, raw: bytes | None = None, **headers: str
) -> requests.Response:
    """Answer with this JSON, or these bytes."""
    response = requests.Response()
    response.status_code = status
    response.headers = CaseInsensitiveDict({name.replace("_", "-"): value for name, value in headers.items()})
    response.url, response.request = request.url or "", request
    response._content = json.dumps(body).encode() if raw is None else raw
    return response


def error(request: requests.PreparedRequest, status: int, message: str) -> requests.Response:
    """Refuse as Ghost does."""
    return answer(
        request, {"errors": [{"message": message, "context": None, "type": "X", "code": None}]}, status=status
    )


def _refused(request: requests.PreparedRequest) -> requests.Response | None:
    scheme, _, token = str(request.headers.get("Authorization", "")).partition(" ")
    if scheme != "Ghost":
        return error(request, 403, "Authorization failed")
    try:
        if jwt.get_unverified_header(token)["kid"] != KEY_ID:
            return error(request, 401, "Unknown Admin API Key")
        claims = jwt.decode(token, bytes.fromhex(SECRET), algorithms=["HS256"], audience="/admin/")
    except (jwt.InvalidTokenError, KeyError):
        return error(request, 401, "Invalid token")
    return None if claims["exp"] - claims["iat"] <= 300 else error(request, 401, "Invalid token: maxAge exceeded")


def _values(member: Member, field: str) -> list[str]:
    """Give what a member has under a name of the filter's."""
    match field:
        case "label:":
            return [each["slug"] for each in member.get("labels", [])]
        case "subscribed:":
            return [str(bool(member["newsletters"])).lower()]
    return [str(member.get(field[:-1]))]
