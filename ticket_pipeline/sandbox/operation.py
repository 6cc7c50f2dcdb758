"""One operation of the API, from the request to the answer: count, trouble, let in, limit, do, write."""

import asyncio
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ticket_pipeline.sandbox.desk import Desk
from ticket_pipeline.sandbox.doorkeeper import Caller
from ticket_pipeline.sandbox.entities import Document
from ticket_pipeline.sandbox.refusals import Refusal, invalid, plain, wrong_format


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request that was understood and let in."""

    desk: Desk
    caller: Caller
    path: Mapping[str, str]
    params: QueryParams
    body: Document = field(default_factory=dict)


Handler = Callable[[Call], Document]
#: What a browser says of a request that no foreign page caused; other clients say nothing.
OURS = frozenset({"same-origin", "none"})
NOBODY = Caller(budget="", reads_drafts=False)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What answers at a method and path."""

    method: str
    path: str
    handler: Handler
    #: other spellings of the path; requests are counted under the first
    aliases: tuple[str, ...] = ()
    #: whether a credential is needed
    guarded: bool = True
    #: whether it belongs to the sandbox and not to Wix: no faults, no counts
    own: bool = False
    #: whether it may wait for something: it does so beside the other requests, without the world's lock
    patient: bool = False

    @property
    def name(self) -> str:
        """Name the route as the counts do."""
        return f"{self.method} {self.path}"

    def routes(self) -> list[Route]:
        """Give Starlette's routes."""
        return [Route(path, self.answer, methods=[self.method]) for path in (self.path, *self.aliases)]

    async def answer(self, request: Request) -> Response:
        """Answer a request."""
        desk: Desk = request.app.state.desk
        raw = await request.body()
        mishap = None if self.own else desk.faults.draw(self.name)
        if mishap is not None and mishap.delay:
            await asyncio.sleep(mishap.delay)
        try:
            if mishap is not None and mishap.refusal is not None:
                raise mishap.refusal
            response = written(200, await self._awaited(desk, request, raw))
        except Refusal as refusal:
            response = written(refusal.status, refusal.body, refusal.headers)
        if not self.own:
            desk.stats.count(self.name, response.status_code)
        return CutResponse(response) if mishap is not None and mishap.truncated else response

    async def _awaited(self, desk: Desk, request: Request, raw: bytes) -> Document:
        if self.patient:
            return await asyncio.to_thread(self._result, desk, request, raw)
        return self._result(desk, request, raw)

    def _result(self, desk: Desk, request: Request, raw: bytes) -> Document:
        if self.own and self.method != "GET" and request.headers.get("sec-fetch-site", "none") not in OURS:
            raise plain(403, "Only the sandbox's own pages may do this")
        caller = NOBODY
        if self.guarded:
            caller = desk.doorkeeper.admit(request.headers)
            desk.rate_limit.spend(caller.budget, desk.faults.faults.retry_after)
            desk.faults.check_installed()
        body = _parsed(raw, request.headers.get("content-type", ""))
        call = Call(desk=desk, caller=caller, path=request.path_params, params=request.query_params, body=body)
        with desk.world.lock:
            desk.world.settle()
            if not self.patient:
                return self.handler(call)
        return self.handler(call)


def own(method: str, path: str, handler: Handler, *, patient: bool = False) -> Operation:
    """Make an operation of the sandbox's own: nobody needs a credential for it."""
    return Operation(method=method, path=f"/sandbox{path}", handler=handler, guarded=False, own=True, patient=patient)


class CutResponse(Response):
    """An answer that breaks off in the middle: the length is promised, half is sent, the line goes dead."""

    def __init__(self, whole: Response) -> None:
        super().__init__(whole.body, whole.status_code, dict(whole.headers))

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the first half and leave."""
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        await send(start)
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})


def written(status: int, document: Document, headers: Mapping[str, str] | None = None) -> Response:
    """Write an answer as JSON, with the id by which Wix's support finds a request."""
    content = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    marks = {"x-wix-request-id": f"{uuid.uuid4()}", **(headers or {})}
    return Response(content, status, marks, "application/json")


def _parsed(raw: bytes, content_type: str) -> Document:
    if not raw.strip():
        return {}
    if content_type.startswith("application/x-www-form-urlencoded"):
        return dict(QueryParams(raw.decode()))
    try:
        body: Any = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise plain(400, "The body is not valid JSON") from error
    if not isinstance(body, dict):
        raise invalid([wrong_format("body", "must be an object")])
    return body
