"""A pretix of a hundred lines with the quirks that the real one showed: at the transport, as an adapter of requests."""

import io
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import datetime
from decimal import Decimal
from itertools import count
from threading import RLock
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import BaseAdapter

Json = dict[str, Any]

TOKEN = "stub-token-that-nobody-may-see"  # noqa: S105 - of a stub
BASE = "/api/v1/organizers/stage/"
_DENIED = {"detail": "You do not have permission to perform this action."}
_GONE = {"detail": "Not found."}
_PAGE = 50
_ITEM: Json = {
    "internal_name": None,
    "active": True,
    "all_sales_channels": True,
    "limit_sales_channels": [],
    "description": None,
    "free_price": False,
    "admission": False,
    "available_from": None,
    "available_from_mode": "hide",
    "available_until": None,
    "available_until_mode": "hide",
    "require_voucher": False,
    "hide_without_voucher": False,
    "max_per_order": None,
}
_VARIATION: Json = {"active": True, "position": 0, "default_price": None}
_QUOTA: Json = {"size": None, "items": [], "variations": [], "closed": False, "close_when_sold_out": False}


class RefusedError(Exception):
    """An answer other than 2xx."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status, self.body = status, body


class PretixStub(BaseAdapter):
    """One organizer, with events, item meta properties, items, variations and quotas."""

    def __init__(self) -> None:
        super().__init__()
        self.events: dict[str, Json] = {}
        self.properties: dict[str, list[Json]] = {}
        self.items: dict[str, list[Json]] = {}
        self.quotas: dict[str, list[Json]] = {}
        #: Items and variations that somebody bought.
        self.sold: set[int] = set()
        self.rights = {"items", "settings", "events"}
        self.calls: list[tuple[str, str]] = []
        self.keys: list[str] = []
        #: Answers to give instead of pretix's, and whether what was asked is done all the same.
        self.faults: list[tuple[str, int | Exception, Mapping[str, str], bool]] = []
        #: What happens before a request is answered.
        self.before: Callable[[str], None] = lambda _: None
        self._replays: dict[str, tuple[int, Any]] = {}
        self._ids = count(1)
        self._lock = RLock()

    @property
    def methods(self) -> Counter[str]:
        """Count the requests by method."""
        return Counter(method for method, _ in self.calls)

    @property
    def writes(self) -> int:
        """Count the requests that may change something."""
        return len(self.calls) - self.methods["GET"]

    def fail(self, path: str, how: int | Exception, *, times: int = 1, late: bool = False, **headers: str) -> None:
        """Fail the next requests whose method and path match."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        self.faults += [(path, how, told, late)] * times

    def make_event(self, slug: str, *, currency: str = "EUR") -> str:
        """Make an event as a person does."""
        with self._lock:
            self.events[slug] = {"slug": slug, "name": {"en": slug}, "currency": currency, "live": False}
            self.properties[slug], self.items[slug], self.quotas[slug] = [], [], []
        return slug

    def item(self, wix_id: str) -> Json:
        """Give the newest item of a Wix id."""
        found = [each for some in self.items.values() for each in some]
        return [each for each in found if each["meta_data"].get("wix_ticket_definition_id") == wix_id][-1]

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Answer as pretix does, or as a test wants."""
        with self._lock:
            asked = f"{request.method} {urlsplit(request.url or '').path.removeprefix(BASE)}"
            self.calls.append((str(request.method), asked.partition(" ")[2]))
            self.before(asked)
            fault = next((each for each in self.faults if re.search(each[0], asked)), None)
            if fault is None:
                return self._reply(request, *self._keyed(request))
            self.faults.remove(fault)
            if fault[3]:
                self._keyed(request)
            if isinstance(fault[1], Exception):
                raise fault[1]
            return self._reply(request, fault[1], {"detail": "Something is wrong."}, fault[2])

    def close(self) -> None:
        """Hold nothing."""

    def _keyed(self, request: requests.PreparedRequest) -> tuple[int, Any]:
        """Answer, and give the same answer to the same idempotency key again, whatever is asked then."""
        key = request.headers.get("X-Idempotency-Key")
        if key in self._replays:
            return self._replays[key]
        try:
            answer = self._answer(request)
        except RefusedError as refused:
            answer = (refused.status, refused.body)
        if key:
            self.keys.append(key)
            self._replays[key] = deepcopy(answer)
        return answer

    def _reply(
        self, request: requests.PreparedRequest, status: int, body: Any, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        response = requests.Response()
        response.status_code, response.url, response.request = status, request.url or "", request
        response.raw = io.BytesIO(b"" if body is None else json.dumps(body).encode())
        response.headers.update(headers or {})
        return response

    def _answer(self, request: requests.PreparedRequest) -> tuple[int, Any]:
        if request.headers.get("Authorization") != f"Token {TOKEN}":
            raise RefusedError(401, {"detail": "Invalid token."})
        parts = urlsplit(request.url or "")
        if not parts.path.startswith(BASE):
            raise RefusedError(403, _DENIED)
        steps = parts.path.removeprefix(BASE).strip("/").split("/")
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        body = json.loads(request.body or b"{}")
        method = str(request.method)
        if steps == ["events"]:
            return self._events(method, query, body)
        slug, rest = steps[1], steps[2:]
        if slug not in self.events:
            raise RefusedError(403, _DENIED)
        if not rest:
            return 200, self._shown(slug)
        right = "settings" if rest[0] == "item_meta_properties" else "items"
        if method != "GET" and right not in self.rights:
            raise RefusedError(403, _DENIED)
        serve: Mapping[str, Callable[..., tuple[int, Any]]] = {
            "item_meta_properties": self._properties,
            "items": self._items,
            "quotas": self._quotas,
        }
        return serve[rest[0]](slug, method, rest[1:], query, body)

    def _events(self, method: str, query: Mapping[str, str], body: Json) -> tuple[int, Any]:
        if method == "GET":
            return self._page([self._shown(slug) for slug in self.events], query)
        if "events" not in self.rights:
            raise RefusedError(403, _DENIED)
        _require(body, "name", "slug", "date_from")
        if not re.fullmatch(r"[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?", body["slug"]) or len(body["slug"]) > 50:
            raise RefusedError(400, {"slug": ["The slug may only contain letters, numbers, dots and dashes."]})
        if body["slug"] in self.events:
            raise RefusedError(400, {"slug": ["This slug has already been used for a different event."]})
        slug = self.make_event(body["slug"], currency=body["currency"])
        self.events[slug] |= {name: value for name, value in body.items() if name != "item_meta_properties"}
        for name, default in body.get("item_meta_properties", {}).items():
            self.properties[slug].append({"id": next(self._ids), "name": name, "default": default})
        return 201, self._shown(slug)

    def _shown(self, slug: str) -> Json:
        return {**self.events[slug], "item_meta_properties": {p["name"]: p["default"] for p in self.properties[slug]}}

    def _properties(
        self, slug: str, method: str, rest: list[str], query: Mapping[str, str], body: Json
    ) -> tuple[int, Any]:
        properties = self.properties[slug]
        if method == "GET":
            return self._page(properties, query)
        if method == "PATCH":
            found = _by_id(properties, rest[0])
            found.update(body)
            return 200, found
        _require(body, "name", "allowed_values")
        properties.append({"id": next(self._ids), **body})
        return 201, properties[-1]

    def _items(self, slug: str, method: str, rest: list[str], query: Mapping[str, str], body: Json) -> tuple[int, Any]:
        items = self.items[slug]
        if not rest and method == "GET":
            wanted = query.get("search", "").lower()
            return self._page([each for each in items if not wanted or wanted in _searched(each)], query)
        if not rest:
            _require(body, "name", "default_price")
            self._check(slug, body)
            variations = [self._variation(slug, each) for each in body.get("variations", [])]
            item = {**deepcopy(_ITEM), "id": next(self._ids), "meta_data": {}, **body, "variations": variations}
            items.append(item)
            return 201, _item(item)
        item = _by_id(items, rest[0])
        if len(rest) > 1:
            return self._variations(slug, method, rest[2:], item, body)
        if method == "DELETE":
            if item["id"] in self.sold or any(each["id"] in self.sold for each in item["variations"]):
                raise RefusedError(403, {"detail": "This item cannot be deleted because it has already been ordered."})
            items.remove(item)
            for quota in self.quotas[slug]:
                quota["items"] = [each for each in quota["items"] if each != item["id"]]
            return 204, None
        if method == "PATCH":
            if "variations" in body:
                raise RefusedError(400, {"non_field_errors": ["Updating variations via PATCH/PUT is not supported."]})
            self._check(slug, body)
            item.update(deepcopy(body))
        return 200, _item(item)

    def _variations(self, slug: str, method: str, rest: list[str], item: Json, body: Json) -> tuple[int, Any]:
        if not rest:
            if not item["variations"]:
                raise RefusedError(
                    403, {"detail": "This variation cannot be created because the item has no variations."}
                )
            item["variations"].append(self._variation(slug, body))
            return 201, _variation(item, item["variations"][-1])
        found = _by_id(item["variations"], rest[0])
        if method == "PATCH":
            self._check(slug, body)
            found.update(deepcopy(body))
            return 200, _variation(item, found)
        if found["id"] in self.sold:
            raise RefusedError(403, {"detail": "This variation cannot be deleted because it has already been ordered."})
        if len(item["variations"]) == 1:
            raise RefusedError(403, {"detail": "This variation cannot be deleted because it is the only variation."})
        item["variations"].remove(found)
        for quota in self.quotas[slug]:
            quota["variations"] = [each for each in quota["variations"] if each != found["id"]]
        return 204, None

    def _variation(self, slug: str, body: Json) -> Json:
        self._check(slug, body)
        return {**_VARIATION, "id": next(self._ids), "meta_data": {}, **deepcopy(body)}

    def _quotas(self, slug: str, method: str, rest: list[str], query: Mapping[str, str], body: Json) -> tuple[int, Any]:
        quotas = self.quotas[slug]
        if not rest and method == "GET":
            wanted = {int(each) for each in query.get("items__in", "").split(",") if each}
            return self._page([each for each in quotas if not wanted or wanted & set(each["items"])], query)
        if not rest:
            _require(body, "name")
            quota = {**deepcopy(_QUOTA), "id": next(self._ids), **body}
            self._check_quota(slug, quota)
            quotas.append(quota)
            return 201, quota
        quota = _by_id(quotas, rest[0])
        if method == "DELETE":
            quotas.remove(quota)
            return 204, None
        self._check_quota(slug, {**quota, **body})
        quota.update(deepcopy(body))
        return 200, quota

    def _check_quota(self, slug: str, quota: Json) -> None:
        if not quota["name"].strip():
            raise RefusedError(400, {"name": ["This field may not be blank."]})
        for item_id in quota["items"]:
            found = [each for each in self.items[slug] if each["id"] == item_id]
            if not found:
                raise RefusedError(400, {"items": [f'Invalid pk "{item_id}" - object does not exist.']})
            variations = {each["id"] for each in found[0]["variations"]}
            if variations and not variations & set(quota["variations"]):
                raise RefusedError(
                    400, {"non_field_errors": ["One or more items has variations but none of these are in"]}
                )

    def _check(self, slug: str, body: Json) -> None:
        for name in body.get("meta_data", {}):
            if name not in {each["name"] for each in self.properties[slug]}:
                raise RefusedError(400, {"meta_data": [f"Item meta data property '{name}' does not exist."]})
        for name in ("default_price",):
            if body.get(name) is not None and re.search(r"\.\d{3,}", body[name]):
                raise RefusedError(400, {name: ["Ensure that there are no more than 2 decimal places."]})
        start, end = body.get("available_from"), body.get("available_until")
        if start and end and datetime.fromisoformat(start) > datetime.fromisoformat(end):
            raise RefusedError(400, {"non_field_errors": ["The item's availability cannot end before it starts."]})

    def _page(self, rows: list[Json], query: Mapping[str, str]) -> tuple[int, Any]:
        size, page = min(int(query.get("page_size", "50")), _PAGE), int(query.get("page", "1"))
        if page > 1 and (page - 1) * size >= len(rows):
            raise RefusedError(404, {"detail": "Invalid page."})
        more = f"{BASE}?page={page + 1}" if page * size < len(rows) else None
        some = [_item(row) if "variations" in row and "items" not in row else row for row in rows]
        return 200, {"count": len(rows), "next": more, "results": some[(page - 1) * size : page * size]}


def _item(item: Json) -> Json:
    shown = {**item, "has_variations": bool(item["variations"])}
    for name in ("name", "description"):
        shown[name] = _text(shown[name])
    shown["default_price"] = f"{Decimal(item['default_price']):.2f}"
    shown["variations"] = [_variation(item, each) for each in item["variations"]]
    return deepcopy(shown)


def _variation(item: Json, variation: Json) -> Json:
    return {**variation, "price": variation["default_price"] or item["default_price"]}


def _text(text: Any) -> Any:
    """Keep a text that is empty in all languages as no language at all."""
    return {} if isinstance(text, dict) and not any(text.values()) else text


def _searched(item: Json) -> str:
    return json.dumps([item["internal_name"], item["name"]], ensure_ascii=False).lower()


def _by_id(rows: list[Json], number: str) -> Json:
    for row in rows:
        if str(row["id"]) == number:
            return row
    raise RefusedError(404, _GONE)


def _require(body: Json, *names: str) -> None:
    missing = {name: ["This field is required."] for name in names if name not in body}
    if missing:
        raise RefusedError(400, missing)
