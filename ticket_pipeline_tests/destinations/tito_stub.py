"""A Tito at the transport: releases of one account's events, with the habits of its documentation.

No socket is opened. What one would not guess: a new release is off sale; archived releases are left out of a list
unless their state is asked for, and `meta` says how many there really are; metadata in a PATCH replaces all of it (the
documentation does not say, so the worst is taken); prices come back as numbers; what has sold is not `deletable`.
"""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import BaseAdapter

from ticket_pipeline_tests.audiences.ghost_stub import answer

ACCOUNT, TOKEN = "demo", "secret_live_0123456789"
_WRITABLE = (
    *("title", "description", "price", "quantity", "start_at", "end_at", "secret", "donation", "min_donation"),
    *("max_tickets_per_person", "metadata"),
)

Release = dict[str, Any]
Step = Callable[[requests.PreparedRequest], requests.Response | None]


class TitoStub(BaseAdapter):
    """One account with two events, and what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.events: dict[str, dict[str, Release]] = {"gala-2026": {}, "jazz": {}}
        self.sold: set[str] = set()
        self.currency = "EUR"
        #: Of events that sell in another.
        self.currencies: dict[str, str] = {}
        self.asked: list[str] = []
        self.steps: list[Step] = []
        self.page = 1000
        #: Whether a new release's sale is still to begin.
        self.upcoming = False
        self._made = 0

    @property
    def writes(self) -> int:
        return sum(not each.startswith("GET") for each in self.asked)

    @property
    def releases(self) -> list[Release]:
        return [release for event in self.events.values() for release in event.values()]

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        assert options.get("timeout"), "a call without a time-out"
        self.asked.append(f"{request.method} {urlsplit(str(request.url)).path}")
        if self.steps and (scripted := self.steps.pop(0)(request)) is not None:
            return scripted
        if request.headers.get("Authorization") != f"Token token={TOKEN}":
            hint = "You can retrieve your API token at https://id.tito.io."
            return answer(request, {"status": 401, "message": "The API token is invalid.", "hint": hint}, status=401)
        return self.answer(request)

    def close(self) -> None:
        """Hold nothing."""

    def answer(self, request: requests.PreparedRequest) -> requests.Response:
        """Do what is asked."""
        path = urlsplit(str(request.url)).path.removeprefix("/v3/").split("/")
        match [str(request.method), *path]:
            case ["GET", "hello"]:
                return answer(request, {"authenticated": True, "accounts": [ACCOUNT], "lookup_mode": "live"})
            case [_, account, event, *_] if account != ACCOUNT or event not in self.events:
                return not_found(request)
            case ["GET", _, event]:
                return answer(
                    request, {"event": {"slug": event, "currency": self.currencies.get(event, self.currency)}}
                )
            case ["GET", _, event, "releases"]:
                return self._list(request, list(self.events[event].values()))
            case ["POST", _, event, "releases"]:
                return self._create(request, self.events[event])
            case [method, _, event, "releases", slug, *what] if slug in self.events[event]:
                return self._do(request, method, event, slug, what)
        return not_found(request)

    def _list(self, request: requests.PreparedRequest, releases: list[Release]) -> requests.Response:
        query = parse_qs(urlsplit(str(request.url)).query)
        states = query.get("search[states][]", [])
        shown = [each for each in releases if not each["archived"] or "archived" in states]
        size, number = min(int(query["page[size]"][0]), self.page), int(query["page[number]"][0])
        following = number + 1 if number * size < len(shown) else None
        meta = {"next_page": following, "total_count": len(shown), "overall_total": len(releases)}
        some = shown[(number - 1) * size : number * size]
        return answer(request, None, raw=_json({"releases": some, "meta": meta}))

    def _create(self, request: requests.PreparedRequest, event: dict[str, Release]) -> requests.Response:
        given = _given(request)
        if refusal := _invalid(given):
            return unprocessable(request, **refusal)
        self._made += 1
        slug = f"{re.sub(r'[^a-z0-9]+', '-', given['title'].lower()).strip('-')}{self._made}"
        usual = {"state_name": "off_sale", "archived": False, "upcoming": self.upcoming, "expired": False}
        empty = dict.fromkeys(_WRITABLE) | {"secret": False, "donation": False}
        event[slug] = {"_type": "release", "slug": slug, **empty, **usual, **_stored(given)}
        return self._show(request, event[slug], status=201)

    def _do(
        self, request: requests.PreparedRequest, method: str, event: str, slug: str, what: list[str]
    ) -> requests.Response:
        release = self.events[event][slug]
        match [method, *what]:
            case ["GET"]:
                return self._show(request, release)
            case ["PATCH"]:
                if refusal := _invalid({**release, **_given(request)}):
                    return unprocessable(request, **refusal)
                release.update(_stored(_given(request)))
            case ["DELETE"] if slug in self.sold:
                return unprocessable(request, base="cannot be deleted because tickets have been sold")
            case ["DELETE"]:
                del self.events[event][slug]
                return answer(request, None, status=204, raw=b"")
            case ["POST" | "DELETE", "archival"]:
                release["archived"] = method == "POST"
            case ["PATCH", "activation" | "deactivation"]:
                release["state_name"] = "on_sale" if what == ["activation"] else "off_sale"
            case _:
                return not_found(request)
        return self._show(request, release)

    def _show(self, request: requests.PreparedRequest, release: Release, *, status: int = 200) -> requests.Response:
        shown = {**release, "deletable": release["slug"] not in self.sold, "view": "extended"}
        return answer(request, None, raw=_json({"release": shown}), status=status)


def not_found(request: requests.PreparedRequest) -> requests.Response:
    """Answer that there is no such thing, as Tito does."""
    body = {"status": 404, "message": "Resource not found", "lookup_mode": "live", "access_token": "*6789"}
    return answer(request, body, status=404)


def unprocessable(request: requests.PreparedRequest, **errors: str) -> requests.Response:
    """Refuse values as Tito does."""
    listed = [{"attribute": name, "message": message} for name, message in errors.items()]
    body = {"status": 422, "message": "That request was invalid", "error_list": listed}
    return answer(request, {**body, "errors": {name: [message] for name, message in errors.items()}}, status=422)


def _given(request: requests.PreparedRequest) -> Release:
    body: Release = json.loads(request.body or b"{}")["release"]
    assert set(body) <= set(_WRITABLE), set(body) - set(_WRITABLE)
    return body


def _invalid(release: Release) -> dict[str, str]:
    if not (release.get("title") or "").strip():
        return {"title": "can't be blank"}
    price = release.get("price")
    return {"price": "must be greater than or equal to 0"} if price is not None and Decimal(str(price)) < 0 else {}


def _stored(given: Release) -> Release:
    """Keep amounts as numbers and instants in UTC, as Tito shows them."""
    kept = dict(given)
    for name in ("price", "min_donation"):
        if kept.get(name) is not None:
            kept[name] = Decimal(kept[name])
    for name in ("start_at", "end_at"):
        if kept.get(name) is not None:
            kept[name] = kept[name].replace("+00:00", ".000Z")
    return kept


def _json(body: Any) -> bytes:
    """Write decimals as JSON numbers, digit by digit."""
    text = json.dumps(body, default=lambda value: f"<number>{value:f}</number>")
    return re.sub(r'"<number>([-0-9.]+)</number>"', r"\1", text).encode()
