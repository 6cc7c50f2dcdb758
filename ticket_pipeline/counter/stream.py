"""The counters' addresses: one value, a stream of values (server-sent events), and the script that shows them.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from importlib.resources import files

from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from ticket_pipeline.counter import query
from ticket_pipeline.counter.clients import Network, Visits, client_of
from ticket_pipeline.counter.feed import Feed, Shown
from ticket_pipeline.counter.meters import CounterMeters
from ticket_pipeline.counter.origins import Headers, Origins
from ticket_pipeline.counter.readers import Reader, Readers, retry_milliseconds

STREAM_PATH = "/counters/stream"
#: Where a server that can cut a connection off puts it into the scope; see `ticket_pipeline.server`.
TRANSPORT = "ticket_pipeline.transport"

Routes = Sequence[BaseRoute]

_JSON = b"application/json"
_NO_SNIFFING: Headers = [(b"x-content-type-options", b"nosniff"), (b"cross-origin-resource-policy", b"cross-origin")]
_STREAM: Headers = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    # Nothing in between may keep, gather or compress what is to be seen at once.
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer with everything but who may read it."""

    status: int
    body: bytes = b""
    headers: Headers = field(default_factory=list)

    async def send(self, send: Send, *, more: Headers) -> None:
        """Send it."""
        length = [] if self.status in {204, 304} else [(b"content-length", b"%d" % len(self.body))]
        headers = [*self.headers, *length, *_NO_SNIFFING, *more]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


@dataclass(frozen=True, kw_only=True)
class CounterParts:
    """What the addresses need."""

    feed: Feed
    readers: Readers
    meters: CounterMeters
    origins: Origins
    #: Proxies whose X-Forwarded-For is believed.
    proxies: Sequence[Network] = ()
    visits: Visits = field(default_factory=Visits)
    #: Whether it is known what there is to show; before, nobody is told that a counter does not exist.
    ready: Callable[[], bool]
    last_seq: Callable[[], int]
    clock: Callable[[], datetime]


def counter_routes(parts: CounterParts) -> Routes:
    """Give the addresses."""
    doors = ((STREAM_PATH, _Stream), ("/counters/{id}", _Value), ("/ticket-counter.js", _Script))
    return [Route(path, door(parts), methods=["GET", "OPTIONS"]) for path, door in doors]


class _Door:
    """What all have in common: limits, and who may read the answer."""

    def __init__(self, parts: CounterParts) -> None:
        self.parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = _client(scope, self.parts.proxies)
        if scope["method"] == "OPTIONS":
            await Answer(status=204).send(send, more=self.allowed(scope, preflight=True))
        elif not self.parts.visits.allows(client):
            await self.refuse("requests", 429).send(send, more=self.allowed(scope))
        else:
            await self.answer(scope, receive, send, client)

    async def answer(self, scope: Scope, receive: Receive, send: Send, client: str | None) -> None:
        raise NotImplementedError

    def allowed(self, scope: Scope, *, preflight: bool = False) -> Headers:
        return self.parts.origins.headers(_header(scope, b"origin"), preflight=preflight)

    def refuse(self, limit: str, status: int) -> Answer:
        self.parts.meters.refused(limit)
        return _refusal(status, f"too_many_{limit}", retry_after=random.randint(5, 30))  # noqa: S311 - no secret

    def unknown(self) -> Answer:
        """Say the same of what does not exist and of what is not to be seen."""
        return _refusal(404, "unknown_counter") if self.parts.ready() else _refusal(503, "not_yet_read", retry_after=2)


class _Value(_Door):
    async def answer(self, scope: Scope, receive: Receive, send: Send, client: str | None) -> None:  # noqa: ARG002 - a door's
        shown = self.parts.feed.get(scope["path_params"]["id"])
        answer = self._value(shown, scope) if shown else self.unknown()
        await answer.send(send, more=self.allowed(scope))

    def _value(self, shown: Shown, scope: Scope) -> Answer:
        limit = self.parts.feed.freshness_limit([shown.tally.definition_id])
        headers = [
            (b"etag", shown.etag.encode()),
            (b"cache-control", b"no-cache"),
            (b"x-freshness-limit", b"%d" % limit),
        ]
        if _has_already(scope, shown.etag):
            return Answer(status=304, headers=headers)
        return Answer(status=200, body=shown.body, headers=[(b"content-type", _JSON), *headers])


class _Stream(_Door):
    async def answer(self, scope: Scope, receive: Receive, send: Send, client: str | None) -> None:
        asked = scope["query_string"]
        try:
            ids = [each for each in query.ids(asked) if self.parts.feed.may_come(each)]
            seen = query.last_seq(asked, _text(_header(scope, b"last-event-id")))
        except query.BadQueryError as error:
            await _refusal(400, str(error)).send(send, more=self.allowed(scope))
            return
        if refusal := self._refusal(ids, client):
            await refusal.send(send, more=self.allowed(scope))
            return
        limit = self.parts.feed.freshness_limit(ids)
        headers = [*_STREAM, (b"x-freshness-limit", b"%d" % limit), *_NO_SNIFFING, *self.allowed(scope)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        reader = Reader(ids, send, client=client, transport=scope.get("extensions", {}).get(TRANSPORT))
        first = b"retry: %d\n\n" % retry_milliseconds()
        await self._until_gone(reader, first + self._settings(asked, limit), seen, receive)

    def _settings(self, asked: bytes, limit: float) -> bytes:
        """Say how long a value may be shown, to a page that asked for it: all other events are counters."""
        if not query.wants_settings(asked):
            return b""
        now = self.parts.clock().isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()
        return b'event: settings\ndata: {"freshness_limit":%d,"now":"%b"}\n\n' % (limit, now)

    def _refusal(self, ids: Sequence[str], client: str | None) -> Answer | None:
        if not ids:
            return self.unknown()
        if self.parts.readers.full:
            return self.refuse("streams", 503)
        return None if self.parts.readers.has_room_for(client) else self.refuse("streams_of_one", 429)

    async def _until_gone(self, reader: Reader, first: bytes, seen: int, receive: Receive) -> None:
        """Tell the reader what is new to it, and then whatever comes, until one of us leaves."""
        known = [shown for each in reader.ids if (shown := self.parts.feed.get(each))]
        if seen > self.parts.last_seq():  # of another database, or of one that was restored
            seen = 0
        self.parts.readers.add(reader, first, [shown for shown in known if shown.seq > seen])
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            self.parts.readers.remove(reader)


class _Script(_Door):
    async def answer(self, scope: Scope, receive: Receive, send: Send, client: str | None) -> None:  # noqa: ARG002 - a door's
        # A module script is fetched with CORS from whichever page; there is nothing in it to keep from anyone.
        more: Headers = [(b"access-control-allow-origin", b"*")]
        headers = [
            (b"etag", self._etag.encode()),
            (b"cache-control", b"public, max-age=300, stale-while-revalidate=86400"),
        ]
        if _has_already(scope, self._etag):
            await Answer(status=304, headers=headers).send(send, more=more)
            return
        kind = (b"content-type", b"text/javascript; charset=utf-8")
        await Answer(status=200, body=self._script, headers=[kind, *headers]).send(send, more=more)

    @cached_property
    def _script(self) -> bytes:
        return (files("ticket_pipeline.counter") / "ticket-counter.js").read_bytes()

    @cached_property
    def _etag(self) -> str:
        return f'"{sha256(self._script).hexdigest()[:16]}"'


def _refusal(status: int, word: str, *, retry_after: int | None = None) -> Answer:
    headers = [(b"content-type", _JSON), (b"cache-control", b"no-store")]
    if retry_after is not None:
        headers.append((b"retry-after", b"%d" % retry_after))
    return Answer(status=status, body=b'{"error":"%b"}' % word.encode(), headers=headers)


def _header(scope: Scope, name: bytes) -> bytes | None:
    return next((value for key, value in scope["headers"] if key == name), None)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1").strip()


def _has_already(scope: Scope, etag: str) -> bool:
    named = (_text(_header(scope, b"if-none-match")) or "").split(",")
    return any(each.strip().removeprefix("W/") in {etag, "*"} for each in named)


def _client(scope: Scope, proxies: Sequence[Network]) -> str | None:
    peer = scope["client"][0] if scope.get("client") else None
    forwarded = [value.decode("latin-1") for key, value in scope["headers"] if key == b"x-forwarded-for"]
    return client_of(peer, forwarded, proxies)
