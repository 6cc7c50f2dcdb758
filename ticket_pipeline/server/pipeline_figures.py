"""How the whole pipeline stands, for Prometheus: what runs in other processes did, as the database tells it."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from ticket_pipeline.errors import TicketPipelineError
from ticket_pipeline.server.pipeline_families import PipelineFamilies
from ticket_pipeline.store.database import Database
from ticket_pipeline.store.standing import Standing, look

log = logging.getLogger(__name__)

_PATIENCE = 1.0
_LASTS = timedelta(seconds=1)


class PipelineFigures:
    """However often it is asked, the database is asked once a second at most, and waited for for a second."""

    def __init__(
        self, database: Database, requests_per_minute: Mapping[str, int], clock: Callable[[], datetime]
    ) -> None:
        """Tell of these sites, each with its limit at Wix; of others that the database knows nothing is told."""
        self._database = database
        self._limits = requests_per_minute
        self._clock = clock
        self._looking: asyncio.Task[Standing | None] | None = None
        self._looked_at = datetime.min.replace(tzinfo=UTC)

    async def exposed(self) -> bytes:
        """Write all figures as Prometheus reads them; where the database cannot be read, only that."""
        now = self._clock()
        if self._looking is None or (self._looking.done() and abs(now - self._looked_at) >= _LASTS):
            self._looking, self._looked_at = asyncio.create_task(asyncio.to_thread(self._look)), now
        done, _ = await asyncio.wait([self._looking], timeout=_PATIENCE)
        return self._written(self._looking.result() if done else None, now)

    def _look(self) -> Standing | None:
        try:
            with self._database.reading() as tx:
                return look(tx)
        except TicketPipelineError as error:
            log.warning("cannot_read", extra={"reason": str(error)})
            return None

    def _written(self, standing: Standing | None, now: datetime) -> bytes:
        registry = CollectorRegistry()
        readable = Gauge(
            "ticket_pipeline_database_readable", "Whether this server reads the database", registry=registry
        )
        readable.set(standing is not None)
        if standing is not None:
            registry.register(PipelineFamilies(standing, self._limits, now))
        return generate_latest(registry)
