"""The address Wix delivers to: verify, unwrap, land, answer; nothing else happens inside the request.

200 is a promise: the webhook is durable. 400, 401, 404 and 413 say that it never will be as it is; 503 that it was our
fault, or that it took too long. Wix repeats whatever is not answered 200, for 47 hours. So a webhook for a site that
nobody declared, or whose public key nobody did, is not waved through: once it is declared, its repeats land.
Verifying takes some 30 microseconds, less than handing it to a thread would, so it stays on the event loop. The routes
speak ASGI themselves: Starlette's request and response objects would cost as much again.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import perf_counter

from starlette.requests import ClientDisconnect
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ticket_pipeline.errors import TransientError
from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.tracing import span
from ticket_pipeline.webhooks.endpoint import Endpoint, all_keys, choose
from ticket_pipeline.webhooks.landing import Landing
from ticket_pipeline.webhooks.meters import Meters
from ticket_pipeline.webhooks.refusal_log import RefusalLog
from ticket_pipeline.webhooks.refused import Refusal, RefusedWebhook
from ticket_pipeline.webhooks.unwrap import unwrap
from ticket_pipeline.webhooks.verify import DEFAULT_LEEWAY, check_audience, verify

#: An order of fifty tickets, wrapped three times and in base64, has about 100 kB.
MOST_BYTES = 256 * 1024
#: Seconds from the first byte to the answer; Wix waits 1.25.
PATIENCE = 1.0

#: The address of an app, for all its sites, and that of one site.
APP_PATH = "/webhooks/wix"
SITE_PATH = "/webhooks/{site}"

_STATUS = {Refusal.MALFORMED: 400, Refusal.TOO_LARGE: 413, Refusal.NO_PUBLIC_KEY: 404}
_NOT_AUTHENTIC = 401


@dataclass(frozen=True)
class Answer:
    """A status and a word."""

    status: int
    word: str

    async def send(self, send: Send) -> None:
        """Send it as plain text."""
        body = self.word.encode()
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
        if self.status == 503:
            headers.append((b"retry-after", b"60"))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


LANDED = Answer(200, "landed")
UNKNOWN_SITE = Answer(404, "unknown_site")
TRY_AGAIN = Answer(503, "try_again")


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """What the routes need."""

    endpoints: Sequence[Endpoint]
    landing: Landing
    meters: Meters
    clock: Callable[[], datetime]
    #: The sites of ours; those that have no endpoint have no public key.
    sites: Collection[str] = ()
    leeway: timedelta = DEFAULT_LEEWAY
    patience: float = PATIENCE
    refusals: RefusalLog = field(default_factory=RefusalLog)

    def routes(self) -> list[Route]:
        """Give the addresses."""
        doors = ((APP_PATH, _AppDoor(self)), (SITE_PATH, _SiteDoor(self)))
        return [Route(path, door, methods=["POST"]) for path, door in doors]

    async def receive(self, scope: Scope, receive: Receive, endpoints: Sequence[Endpoint], site: str = "") -> Answer:
        """Land the webhook for one of these endpoints, and say how to answer it.

        Raises:
            ClientDisconnect: there is nobody left to answer.
        """
        started = perf_counter()
        try:
            with span("webhook.receive") as note:
                async with asyncio.timeout(self.patience):
                    raw = await _body(scope, receive)
                    found, envelope = self._opened(raw, endpoints)
                    note(site=found, topic=envelope.topic, inbox_key=envelope.key)
                    await self.landing.land(found, envelope)
        except RefusedWebhook as refusal:
            return self._refuse(refusal, site)
        except (TransientError, TimeoutError):
            self.meters.postponed()
            return TRY_AGAIN
        self.meters.acknowledged(perf_counter() - started)
        return LANDED

    def closed(self, site: str) -> Answer:
        """Say why nothing is taken for a site that has no endpoint."""
        if site not in self.sites:
            return UNKNOWN_SITE
        return self._refuse(RefusedWebhook(Refusal.NO_PUBLIC_KEY, "its site has no public key"), site)

    def _opened(self, raw: bytes, endpoints: Sequence[Endpoint]) -> tuple[str, Envelope]:
        verified = verify(raw, all_keys(endpoints), now=self.clock(), leeway=self.leeway)
        envelope = unwrap(verified.claims)
        endpoint = choose(endpoints, verified.key, envelope.instance_id)
        check_audience(verified.claims, endpoint.app_id)
        return endpoint.site, envelope

    def _refuse(self, refusal: RefusedWebhook, site: str) -> Answer:
        self.meters.refused(refusal.code)
        self.refusals.note(site, refusal.code, at=self.clock())
        return Answer(_STATUS.get(refusal.code, _NOT_AUTHENTIC), refusal.code)


class _AppDoor:
    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._receiver.receive(scope, receive, self._receiver.endpoints)
        except ClientDisconnect:
            return
        await answer.send(send)


class _SiteDoor:
    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        site = scope["path_params"]["site"]
        named = [each for each in self._receiver.endpoints if each.site == site]
        try:
            answer = await self._receiver.receive(scope, receive, named, site) if named else self._receiver.closed(site)
        except ClientDisconnect:
            return
        await answer.send(send)


async def _body(scope: Scope, receive: Receive) -> bytes:
    """Read the body as it was sent, and of a longer one no more than the limit.

    Raises:
        RefusedWebhook: too_large.
        ClientDisconnect: its sender went away.
    """
    announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    if announced.isdigit() and int(announced[:12]) > MOST_BYTES:
        raise _too_large()
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MOST_BYTES:
            raise _too_large()
    return bytes(body)


def _too_large() -> RefusedWebhook:
    return RefusedWebhook(Refusal.TOO_LARGE, f"it has more than {MOST_BYTES} bytes")
