"""The page at /api: what can be asked of this sandbox."""

from collections.abc import Sequence
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from ticket_pipeline.sandbox.desk import Desk
from ticket_pipeline.sandbox.operation import Operation

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Wix on your desk</title>
<style>body{{font:16px/1.5 system-ui;max-width:46rem;margin:2rem auto;padding:0 1rem}}</style>
<h1>A Wix on your desk</h1>
<p>This is the sandbox of ticket_pipeline: it answers as Wix's REST API does, from made-up data.
<a href="/">Its box office</a> is open.
It holds {events} events and {definitions} ticket definitions around {seeded_at}.</p>
<p>API key <code>{api_key}</code>, site id <code>{site_id}</code>.</p>
<ul>{operations}</ul>
</html>
"""


def home_route(operations: Sequence[Operation]) -> Route:
    """Give the route of the page, which lists these operations."""
    listed = "".join(f"<li><code>{escape(operation.name)}</code></li>" for operation in operations)

    async def home(request: Request) -> HTMLResponse:
        desk: Desk = request.app.state.desk
        page = PAGE.format(
            events=len(desk.world.events),
            definitions=len(desk.world.definitions),
            seeded_at=f"{desk.world.seeded_at:%Y-%m-%d %H:%M} UTC",
            api_key=escape(desk.settings.api_key),
            site_id=escape(desk.settings.site_id),
            operations=listed,
        )
        return HTMLResponse(page)

    return Route("/api", home)
