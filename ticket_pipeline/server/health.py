"""How the server stands: for a load balancer, and for Prometheus."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ticket_pipeline.errors import TicketPipelineError
from ticket_pipeline.server.pipeline_figures import PipelineFigures
from ticket_pipeline.server.probe import Probe
from ticket_pipeline.store import checkpoints, inbox
from ticket_pipeline.store.database import Database
from ticket_pipeline.webhooks.meters import Meters

log = logging.getLogger(__name__)

Waiting = dict[str, tuple[int, datetime]]


class Health:
    """`/healthz` and `/metrics`. However often they are asked, the database is tried once a second at most."""

    def __init__(
        self,
        database: Database,
        meters: Meters,
        clock: Callable[[], datetime],
        pipeline: PipelineFigures,
        figures: Sequence[Callable[[], bytes]],
        sites: Sequence[str],
    ) -> None:
        """Hold what is looked at; `figures` are what others tell Prometheus, `sites` are told of also when idle."""
        self._sites = sites
        self._pipeline = pipeline
        self._figures = figures
        self._database = database
        self._meters = meters
        self._clock = clock
        self._waiting: Probe[Waiting] = Probe(self._look, clock)

    def routes(self) -> list[Route]:
        """Give the addresses."""
        return [Route("/healthz", self._healthz), Route("/metrics", self._metrics)]

    async def _healthz(self, _: Request) -> Response:
        waiting = await self._waiting.seen()
        if waiting is None:
            return JSONResponse({"status": "cannot_write", "version": version("ticket-pipeline")}, 503)
        now = self._clock()
        known = dict.fromkeys(self._sites, (0, now)) | waiting
        sites = {site: _standing(count, oldest, now) for site, (count, oldest) in sorted(known.items())}
        total = sum(count for count, _ in waiting.values())
        standing = _standing(total, min((oldest for _, oldest in waiting.values()), default=now), now)
        return JSONResponse({"status": "ok", "version": version("ticket-pipeline"), "inbox": standing, "sites": sites})

    async def _metrics(self, _: Request) -> Response:
        waiting, pipeline = await asyncio.gather(self._waiting.seen(), self._pipeline.exposed())
        if waiting is not None:
            self._meters.waiting(waiting, now=self._clock())
        exposed = b"".join([self._meters.exposed(), pipeline, *(each() for each in self._figures)])
        return Response(exposed, media_type="text/plain; version=0.0.4; charset=utf-8")

    def _look(self, now: datetime) -> Waiting | None:
        """Try to write, and tell how full the inbox is; None when the database does not write."""
        try:
            with self._database.writing() as tx:
                checkpoints.put(tx, "", "server_looked", now.isoformat(), at=now)
                return inbox.depth(tx)
        except TicketPipelineError as error:
            log.error("cannot_write", extra={"reason": str(error)})
            return None


def _standing(count: int, oldest: datetime, now: datetime) -> dict[str, float]:
    return {"depth": count, "oldest_seconds": max(0.0, (now - oldest).total_seconds())}
