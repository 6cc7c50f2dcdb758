"""The address Wix delivers to: verify, unwrap, land, answer; nothing else happens inside the request.

200 is a promise: the webhook is durable. 401, 404, 413 and 400 say that it will never be, 503 and 408 that it was our
fault or the network's; Wix repeats whatever is not answered 200, for 47 hours.
Verifying takes some 60 microseconds, less than handing it to a thread would, so it stays on the event loop.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import perf_counter

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ticket_pipeline.errors import TransientError
from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.webhooks.endpoint import Endpoint, all_keys, choose
from ticket_pipeline.webhooks.landing import Landing
from ticket_pipeline.webhooks.meters import Meters
from ticket_pipeline.webhooks.refusal_log import RefusalLog
from ticket_pipeline.webhooks.refused import Refusal, RefusedWebhook
from ticket_pipeline.webhooks.unwrap import unwrap
from ticket_pipeline.webhooks.verify import DEFAULT_LEEWAY, check_audience, verify

#: An order of fifty tickets, wrapped three times and in base64, has about 100 kB.
MOST_BYTES = 256 * 1024
#: Seconds; Wix has given up long before.
READ_PATIENCE = 3.0

#: The address of an app, for all its sites, and that of one site.
APP_PATH = "/webhooks/wix"
SITE_PATH = "/webhooks/{site}"

_STATUS = {Refusal.MALFORMED: 400, Refusal.TOO_LARGE: 413}
_NOT_AUTHENTIC = 401
_LATER = {"Retry-After": "60"}

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """What the routes need."""

    endpoints: Sequence[Endpoint]
    landing: Landing
    meters: Meters
    clock: Callable[[], datetime]
    leeway: timedelta = DEFAULT_LEEWAY
    refusals: RefusalLog = field(default_factory=RefusalLog)

    def routes(self) -> list[Route]:
        """Give the addresses; a site without a key has none."""
        return [
            Route(APP_PATH, self._for_any, methods=["POST"]),
            Route(SITE_PATH, self._for_one, methods=["POST"]),
        ]

    async def _for_any(self, request: Request) -> Response:
        return await self._receive(request, self.endpoints)

    async def _for_one(self, request: Request) -> Response:
        named = [each for each in self.endpoints if each.site == request.path_params["site"]]
        if not named:
            return PlainTextResponse("unknown_site", 404)
        return await self._receive(request, named, site=named[0].site)

    async def _receive(self, request: Request, endpoints: Sequence[Endpoint], site: str = "") -> Response:
        started = perf_counter()
        try:
            raw = await _body(request)
            found, envelope = self._opened(raw, endpoints)
            await self.landing.land(found, envelope)
        except RefusedWebhook as refusal:
            return self._refuse(refusal, site)
        except TransientError:
            self.meters.postponed()
            return PlainTextResponse("try_again", 503, headers=_LATER)
        except TimeoutError:
            return PlainTextResponse("too_slow", 408)
        except ClientDisconnect:
            return Response(status_code=400)
        self.meters.acknowledged(perf_counter() - started)
        return PlainTextResponse("landed")

    def _opened(self, raw: bytes, endpoints: Sequence[Endpoint]) -> tuple[str, Envelope]:
        verified = verify(raw, all_keys(endpoints), now=self.clock(), leeway=self.leeway)
        envelope = unwrap(verified.claims)
        endpoint = choose(endpoints, verified.key, envelope.instance_id)
        check_audience(verified.claims, endpoint.app_id)
        return endpoint.site, envelope

    def _refuse(self, refusal: RefusedWebhook, site: str) -> Response:
        self.meters.refused(refusal.code)
        self.refusals.note(site, refusal.code, at=self.clock())
        return PlainTextResponse(refusal.code, _STATUS.get(refusal.code, _NOT_AUTHENTIC))


async def _body(request: Request) -> bytes:
    """Read the body as it was sent, and of a longer one no more than the limit.

    Raises:
        RefusedWebhook: too_large.
        TimeoutError: it did not arrive in time.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > MOST_BYTES:
        raise _too_large()
    body = bytearray()
    async with asyncio.timeout(READ_PATIENCE):
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BYTES:
                raise _too_large()
    return bytes(body)


def _too_large() -> RefusedWebhook:
    return RefusedWebhook(Refusal.TOO_LARGE, f"it has more than {MOST_BYTES} bytes")
