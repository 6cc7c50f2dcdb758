"""The ASGI app: webhooks, health and metrics, and what others add to it."""

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from ticket_pipeline.counter.stream import STREAM_PATH
from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.server.health import Health
from ticket_pipeline.server.pipeline_figures import PipelineFigures
from ticket_pipeline.store.database import Database
from ticket_pipeline.webhooks.endpoint import Endpoint
from ticket_pipeline.webhooks.landing import Landing
from ticket_pipeline.webhooks.meters import Meters
from ticket_pipeline.webhooks.receiver import Receiver
from ticket_pipeline.webhooks.verify import DEFAULT_LEEWAY

log = logging.getLogger(__name__)

#: More are answered 503 at once. Each may hold a body of 256 kB while it is read.
MOST_REQUESTS = 2_000

#: Told on the event loop which webhooks of a site are durable now; repeats are left out.
OnLanded = Callable[[str, Sequence[Envelope]], None]
Lifespan = Callable[[], AbstractAsyncContextManager[Any]]


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
    #: The declared sites, whose standing Prometheus is told, each with its limit at Wix.
    requests_per_minute: Mapping[str, int] = field(default_factory=dict)
    #: Further figures, as Prometheus reads them.
    figures: Sequence[Callable[[], bytes]] = ()
    clock: Callable[[], datetime] = utc_now

    @property
    def sites(self) -> list[str]:
        """The names of the sites that are served, in order; webhooks come in for those with an endpoint."""
        return sorted({*self.requests_per_minute, *(each.site for each in self.endpoints)})


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
        endpoints=parts.endpoints,
        landing=landing,
        meters=meters,
        clock=parts.clock,
        sites=parts.sites,
        leeway=parts.leeway,
    )
    pipeline = PipelineFigures(parts.database, parts.requests_per_minute, parts.clock)
    health = Health(parts.database, meters, parts.clock, pipeline, parts.figures, parts.sites)

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
