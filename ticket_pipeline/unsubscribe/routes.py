"""`/unsubscribe/<token>`: a page with a button, and what the button and mail programs post to (RFC 8058).

https://www.rfc-editor.org/rfc/rfc8058

Looking at the page changes nothing, since mail filters follow links; a POST with any body does, without login,
redirect or cookie. What was posted is not even read: the token says all.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from ticket_pipeline.audiences.base import Audience
from ticket_pipeline.errors import TicketPipelineError
from ticket_pipeline.store.database import Database
from ticket_pipeline.unsubscribe.links import PATH
from ticket_pipeline.unsubscribe.take import take
from ticket_pipeline.unsubscribe.token import Unsubscription, read
from ticket_pipeline.wix.budget import TokenBucket

log = logging.getLogger(__name__)

#: Whoever tries tokens out is slowed down; those with a real one never are.
_GUESSES_PER_MINUTE = 600
#: More would wait for the same file or tool anyway.
_AT_ONCE = 4
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 15vh auto; padding: 0 1.5rem }}
button {{ font: inherit; padding: .6rem 1.4rem; cursor: pointer }}
:root {{ color-scheme: light dark }}
</style>
<h1>{title}</h1>
{body}
</html>
"""
_BUTTON = '<form method="post"><button type="submit">Unsubscribe</button></form>'


@dataclass(frozen=True, kw_only=True)
class UnsubscribeParts:
    """What taking unsubscriptions needs."""

    database: Database
    #: Of each site that announces.
    audiences: Mapping[str, Audience]
    secret: str = field(repr=False)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


def unsubscribe_routes(parts: UnsubscribeParts) -> list[Route]:
    """Make the addresses under which unsubscriptions are taken."""
    desk = _Desk(parts)
    return [Route(f"{PATH}/{{token}}", desk.show), Route(f"{PATH}/{{token}}", desk.take, methods=["POST"])]


class _Desk:
    """Where people come to unsubscribe."""

    def __init__(self, parts: UnsubscribeParts) -> None:
        """Nobody is there yet."""
        self._parts = parts
        self._guesses = TokenBucket(_GUESSES_PER_MINUTE)
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def show(self, request: Request) -> Response:
        """Show the button."""
        if self._wanted(request) is None:
            return self._no_such_link()
        return _page("Unsubscribe", f"<p>You will get no more messages about ticket sales from us.</p>\n{_BUTTON}")

    async def take(self, request: Request) -> Response:
        """Take the unsubscription; say so once it is durable."""
        wanted = self._wanted(request)
        if wanted is None:
            return self._no_such_link()
        audience = self._parts.audiences.get(wanted.site)
        try:
            async with self._room:
                await asyncio.to_thread(take, self._parts.database, audience, wanted, now=self._parts.clock())
        except TicketPipelineError as error:
            log.error("cannot_unsubscribe", extra={"site": wanted.site, "reason": str(error)})
            return _page("Not yet", "<p>This did not work just now. Please try again in a minute.</p>\n" + _BUTTON, 503)
        return _page("You are unsubscribed", "<p>You will get no more messages about ticket sales from us.</p>")

    def _wanted(self, request: Request) -> Unsubscription | None:
        return read([self._parts.secret], request.path_params["token"])

    def _no_such_link(self) -> Response:
        wait = self._guesses.take()
        if wait:
            return Response(status_code=429, headers={**_HEADERS, "Retry-After": str(round(wait) + 1)})
        text = "This link is not complete, or not ours. Please copy it whole from the message, or answer the message."
        return _page("No such link", f"<p>{escape(text)}</p>", 404)


def _page(title: str, body: str, status: int = 200) -> Response:
    return HTMLResponse(_PAGE.format(title=escape(title), body=body), status_code=status, headers=_HEADERS)
