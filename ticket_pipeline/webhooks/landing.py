"""Many webhooks, one durable transaction: all that wait while one is committed share the next.

One writer, on a thread of its own, so that the disk never stops the event loop. Nothing is answered before the commit.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from ticket_pipeline.errors import TicketPipelineError, TransientError
from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.store import inbox
from ticket_pipeline.store.database import Database
from ticket_pipeline.tracing import span
from ticket_pipeline.webhooks.topics import is_known

log = logging.getLogger(__name__)

#: Told, on the event loop, what is now durable: the site, the envelopes that are new, how many were repeats.
Listener = Callable[[str, Sequence[Envelope], int], None]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What bounds a landing."""

    #: More are refused, to be repeated, rather than kept in memory.
    most_waiting: int = 2_000
    #: Rows in one transaction.
    most_at_once: int = 500
    #: Seconds to let more of a crowd in before the next transaction.
    gathering: float = 0.002


@dataclass(frozen=True)
class _Waiting:
    site: str
    envelope: Envelope
    landed: asyncio.Future[None]


@dataclass(frozen=True)
class _Batch:
    site: str
    new: Sequence[Envelope]
    repeats: int


class Landing:
    """The way into the inbox; lives on one event loop."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], datetime],
        listener: Listener,
        limits: Limits | None = None,
    ) -> None:
        """Hold what is needed; the thread starts with the first webhook."""
        self._database = database
        self._clock = clock
        self._listener = listener
        self._limits = limits or Limits()
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="landing")

    async def land(self, site: str, envelope: Envelope) -> None:
        """Come back when the envelope is durable; whoever gives up waiting may still see it land.

        Raises:
            TransientError: it is not.
        """
        if len(self._waiting) >= self._limits.most_waiting:
            raise TransientError("too many webhooks wait to be landed", retry_after=1)
        each = _Waiting(site, envelope, asyncio.get_running_loop().create_future())
        self._waiting.append(each)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await each.landed

    async def close(self) -> None:
        """Finish what waits, then let go of the thread."""
        if self._writing is not None:
            await self._writing
        self._thread.shutdown()

    async def _write(self) -> None:
        crowded = False
        while self._waiting:
            if crowded:
                await asyncio.sleep(self._limits.gathering)
            batch = self._waiting[: self._limits.most_at_once]
            del self._waiting[: len(batch)]
            crowded = len(batch) > 1
            await self._write_one(batch)
        self._writing = None

    async def _write_one(self, batch: Sequence[_Waiting]) -> None:
        loop = asyncio.get_running_loop()
        try:
            done = await loop.run_in_executor(self._thread, self._commit, batch)
        except TicketPipelineError as error:
            log.error("not_landed", extra={"webhooks": len(batch), "reason": str(error)})
            _settle(batch, landed=False)
        except Exception:
            log.exception("not_landed", extra={"webhooks": len(batch)})
            _settle(batch, landed=False)
        else:
            _settle(batch, landed=True)
            self._tell(done)

    def _tell(self, done: Sequence[_Batch]) -> None:
        """Tell the listener; what it makes of it cannot undo a landing."""
        for each in done:
            try:
                self._listener(each.site, each.new, each.repeats)
            except Exception:
                log.exception("listener_failed", extra={"site": each.site})

    def _commit(self, batch: Sequence[_Waiting]) -> list[_Batch]:
        """Land all of them, or none; runs on the thread."""
        by_site: dict[str, list[Envelope]] = defaultdict(list)
        for each in batch:
            by_site[each.site].append(each.envelope)
        at = self._clock()
        done = []
        keys = [each.envelope.key for each in batch]
        with span("webhook.land", sites=list(by_site), inbox_keys=keys), self._database.writing() as tx:
            for site, envelopes in by_site.items():
                ignored = {each.key for each in envelopes if not is_known(each.topic)}
                landed = inbox.land(tx, site, envelopes, at=at, ignored=ignored)
                by_key = {each.key: each for each in envelopes}
                done.append(_Batch(site, [by_key[key] for key in landed.new], len(landed.repeated)))
        return done


def _settle(batch: Sequence[_Waiting], *, landed: bool) -> None:
    for each in batch:
        if each.landed.done():  # its request gave up
            continue
        if landed:
            each.landed.set_result(None)
        else:
            each.landed.set_exception(TransientError("the database took nothing"))
