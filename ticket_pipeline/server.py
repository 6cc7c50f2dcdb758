"""The ASGI app: webhooks, health and metrics, and what others add to it."""

import asyncio
import gc
import logging
import resource
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ticket_pipeline.counter.stream import STREAM_PATH, TRANSPORT
from ticket_pipeline.errors import ConfigError, TicketPipelineError
from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.store import checkpoints, inbox
from ticket_pipeline.store.database import Database
from ticket_pipeline.webhooks.endpoint import Endpoint
from ticket_pipeline.webhooks.landing import Landing
from ticket_pipeline.webhooks.log_lines import LogLines
from ticket_pipeline.webhooks.meters import Meters
from ticket_pipeline.webhooks.receiver import Receiver
from ticket_pipeline.webhooks.verify import DEFAULT_LEEWAY

log = logging.getLogger(__name__)

DEFAULT_PORT = 8787
#: More are answered 503 at once. Each may hold a body of 256 kB while it is read.
MOST_REQUESTS = 2_000
#: Streams of counters hold nothing, and leave room for webhooks.
MOST_CONNECTIONS = 13_000
#: Bytes that come before a body at most, give or take what is received at once, and in how many seconds.
LONGEST_HEAD, HEAD_PATIENCE = 65_536, 30.0
_PROBE_PATIENCE = 1.0
_PROBE_LASTS = timedelta(seconds=1)

#: Told on the event loop which webhooks of a site are durable now; repeats are left out.
OnLanded = Callable[[str, Sequence[Envelope]], None]
Lifespan = Callable[[], AbstractAsyncContextManager[Any]]
Waiting = dict[str, tuple[int, datetime]]


def utc_now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class ServerParts:
    """What the server is built from."""

    database: Database
    endpoints: Sequence[Endpoint]
    #: How long after its expiry a webhook's token is still taken.
    leeway: timedelta = DEFAULT_LEEWAY
    #: Further addresses: counters, unsubscribe.
    routes: Sequence[BaseRoute] = ()
    on_landed: OnLanded | None = None
    #: What runs beside the server, on its event loop, as long as it does.
    lifespans: Sequence[Lifespan] = ()
    #: Called on the event loop when the server is to stop, before it waits for answers under way: ends streams.
    on_stopping: Sequence[Callable[[], None]] = ()
    #: Further figures, as Prometheus reads them.
    figures: Sequence[Callable[[], bytes]] = ()
    clock: Callable[[], datetime] = utc_now


def build_server(parts: ServerParts) -> Starlette:
    """Build the app; nothing runs before its lifespan begins."""
    meters = Meters(each.site for each in parts.endpoints)

    def listen(site: str, new: Sequence[Envelope], repeats: int) -> None:
        meters.landed(site, new=len(new), repeats=repeats)
        log.info("landed", extra={"site": site, "new": len(new), "repeats": repeats})
        if parts.on_landed and new:
            parts.on_landed(site, new)

    landing = Landing(parts.database, clock=parts.clock, listener=listen)
    receiver = Receiver(
        endpoints=parts.endpoints, landing=landing, meters=meters, clock=parts.clock, leeway=parts.leeway
    )
    health = _Health(parts.database, meters, parts.clock, parts.figures)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(landing.close)
            for each in parts.lifespans:
                await stack.enter_async_context(each())
            yield

    app = Starlette(routes=[*receiver.routes(), *health.routes(), *parts.routes], lifespan=lifespan)
    app.add_middleware(_Crowd)
    return app


def serve(parts: ServerParts, *, host: str = "127.0.0.1", port: int = DEFAULT_PORT) -> None:
    """Serve until SIGINT or SIGTERM; answers under way are finished, and what waits is landed.

    Raises:
        ConfigError: the address cannot be listened on.
    """
    logging.basicConfig()
    logging.getLogger("ticket_pipeline").setLevel(logging.INFO)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(LogLines())
    _allow_many_connections()
    gc.freeze()  # what is here now stays; looking through it again would hold up answers
    with listening(host, port) as listener:
        log.info("serving", extra={"host": host, "port": port, "sites": len(parts.endpoints)})
        make_server(parts).run(sockets=[listener])


def _allow_many_connections() -> None:
    """Raise how many files we may have open to what the system lets us; every stream is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + 1_000 if hard == resource.RLIM_INFINITY else min(hard, MOST_CONNECTIONS + 1_000)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def make_server(parts: ServerParts) -> uvicorn.Server:
    """Make what runs the app, and stops in a moment however many streams are open."""
    return _Server(uvicorn_config(build_server(parts)), parts.on_stopping)


def listening(host: str, port: int) -> socket.socket:
    """Listen on an address; port 0 is any that is free.

    Raises:
        ConfigError: it is taken, or not ours to take.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise ConfigError(
            f"server: cannot listen on {host}:{port} ({error.strerror}); choose another --port"
        ) from error


def uvicorn_config(app: Starlette) -> uvicorn.Config:
    """Give the settings under which the app is run."""
    return uvicorn.Config(
        app,
        http=_Protocol,
        lifespan="on",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=2048,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
    )


class _Server(uvicorn.Server):
    """Says that it stops before it waits for answers under way: a stream is one that would never end."""

    def __init__(self, config: uvicorn.Config, on_stopping: Sequence[Callable[[], None]]) -> None:
        super().__init__(config)
        self._on_stopping = on_stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for each in self._on_stopping:
            each()
        await super().shutdown(sockets)


class _Protocol(HttpToolsProtocol):
    """Lets an answer cut its connection off, which ASGI has no word for, and bounds what comes before a body."""

    _head = 0
    _giving_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._giving_up is not None:
            self._head += len(data)
            if self._head > LONGEST_HEAD and not self.transport.is_closing():
                self.send_400_response("The headers are too long.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: self.transport}  # type: ignore[dict-item] # not a table of options
        self._wait_for_head()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    def _wait_for_head(self) -> None:
        self._stop_waiting()
        self._head = 0
        self._giving_up = self.loop.call_later(HEAD_PATIENCE, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None


class _Crowd:
    """Refuses what is too much at once: streams are counted where they are opened, all else here."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == STREAM_PATH:
            await self._app(scope, receive, send)
        elif self._inside >= MOST_REQUESTS:
            await Response("too_many_requests", 503, {"Retry-After": "5"})(scope, receive, send)
        else:
            self._inside += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._inside -= 1


class _Health:
    """`/healthz` and `/metrics`. However often they are asked, the database is tried once a second at most."""

    def __init__(
        self,
        database: Database,
        meters: Meters,
        clock: Callable[[], datetime],
        figures: Sequence[Callable[[], bytes]],
    ) -> None:
        self._figures = figures
        self._database = database
        self._meters = meters
        self._clock = clock
        self._probe: asyncio.Task[Waiting | None] | None = None
        self._probed_at = datetime.min.replace(tzinfo=UTC)

    def routes(self) -> list[Route]:
        return [Route("/healthz", self._healthz), Route("/metrics", self._metrics)]

    async def _healthz(self, _: Request) -> Response:
        waiting = await self._waiting()
        if waiting is None:
            return JSONResponse({"status": "cannot_write", "version": version("ticket-pipeline")}, 503)
        now = self._clock()
        sites = {site: _standing(count, oldest, now) for site, (count, oldest) in sorted(waiting.items())}
        total = sum(count for count, _ in waiting.values())
        standing = _standing(total, min((oldest for _, oldest in waiting.values()), default=now), now)
        return JSONResponse({"status": "ok", "version": version("ticket-pipeline"), "inbox": standing, "sites": sites})

    async def _metrics(self, _: Request) -> Response:
        waiting = await self._waiting()
        if waiting is not None:
            self._meters.waiting(waiting, now=self._clock())
        exposed = b"".join([self._meters.exposed(), *(each() for each in self._figures)])
        return Response(exposed, media_type="text/plain; version=0.0.4; charset=utf-8")

    async def _waiting(self) -> Waiting | None:
        """Try to write, and tell how full the inbox is; None when the database does not write, or not in time."""
        now = self._clock()
        if self._probe is None or (self._probe.done() and now - self._probed_at >= _PROBE_LASTS):
            self._probe, self._probed_at = asyncio.create_task(asyncio.to_thread(self._look, now)), now
        done, _ = await asyncio.wait([self._probe], timeout=_PROBE_PATIENCE)
        return self._probe.result() if done else None

    def _look(self, now: datetime) -> Waiting | None:
        try:
            with self._database.writing() as tx:
                checkpoints.put(tx, "", "server_looked", now.isoformat(), at=now)
                return inbox.depth(tx)
        except TicketPipelineError as error:
            log.error("cannot_write", extra={"reason": str(error)})
            return None


def _standing(count: int, oldest: datetime, now: datetime) -> dict[str, float]:
    return {"depth": count, "oldest_seconds": max(0.0, (now - oldest).total_seconds())}
