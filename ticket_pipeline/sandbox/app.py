"""The sandbox as an ASGI app."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ticket_pipeline.sandbox.desk import Desk
from ticket_pipeline.sandbox.instants import utc_now
from ticket_pipeline.sandbox.operation import written
from ticket_pipeline.sandbox.routes import (
    control,
    event_control,
    events,
    home,
    mail,
    oauth,
    orders,
    site,
    ticket_definitions,
    webhooks,
)
from ticket_pipeline.sandbox.settings import SandboxSettings

OPERATIONS = (
    *oauth.OPERATIONS,
    *ticket_definitions.OPERATIONS,
    *events.OPERATIONS,
    *orders.OPERATIONS,
    *control.OPERATIONS,
    *event_control.OPERATIONS,
    *webhooks.OPERATIONS,
    *mail.OPERATIONS,
    *site.OPERATIONS,
)


def build_app(settings: SandboxSettings, clock: Callable[[], datetime] = utc_now) -> Starlette:
    """Build a Wix on your desk; `app.state.desk` holds its world, counts and faults."""
    routes = [*site.ROUTES, home.home_route(OPERATIONS), *(r for operation in OPERATIONS for r in operation.routes())]
    desk = Desk(settings, clock)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        desk.open()
        yield
        desk.close()

    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: _unknown})
    app.state.desk = desk
    return app


async def _unknown(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return written(status, {"message": "" if status >= 500 else "Not found", "details": {}})


__all__ = ["SandboxSettings", "build_app"]
