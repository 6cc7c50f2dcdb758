"""How the whole pipeline stands, for Prometheus: what runs in other processes did, as the database tells it."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from ticket_pipeline.errors import TicketPipelineError
from ticket_pipeline.server.pipeline_families import PipelineFamilies
from ticket_pipeline.server.probe import Probe
from ticket_pipeline.store.database import Database
from ticket_pipeline.store.standing import Standing, look

log = logging.getLogger(__name__)


class PipelineFigures:
    """However often it is asked, the database is asked once a second at most."""

    def __init__(
        self, database: Database, requests_per_minute: Mapping[str, int], clock: Callable[[], datetime]
    ) -> None:
        """Tell of these sites, each with its limit at Wix; of others that the database knows nothing is told."""
        self._database = database
        self._limits = requests_per_minute
        self._clock = clock
        self._standing: Probe[Standing] = Probe(self._look, clock)

    async def exposed(self) -> bytes:
        """Write all figures as Prometheus reads them; where the database cannot be read, only that."""
        now = self._clock()
        return self._written(await self._standing.seen(), now)

    def _look(self, _: datetime) -> Standing | None:
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
