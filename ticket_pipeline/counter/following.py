"""From the database to the feed: what any process has kept is shown here, soon, and in one order.

Asked again after each read of ours, whenever another process says so, and every now and then anyway.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from ticket_pipeline.counter.feed import Feed, Shown
from ticket_pipeline.errors import TicketPipelineError
from ticket_pipeline.model.tally import Tally

log = logging.getLogger(__name__)

#: Seconds between two looks when nobody says anything.
_EVERY = 0.25
#: Seconds between two writings of when values were pushed.
_NOTE_EVERY = 1.0
#: Seconds before the database is asked again after a failure.
_AFTER_FAILURE = 2.0


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The way to what was kept; called in threads."""

    #: Gives what was kept after a number, in order.
    after: Callable[[int], Sequence[tuple[int, Tally]]]
    #: Notes that these were sent to browsers at this instant.
    pushed: Callable[[Sequence[Tally], datetime], None]
    #: Comes back whenever another process may have kept something, until the event is set; None where nobody tells.
    notices: Callable[[threading.Event], Iterator[None]] | None = None


class Following:
    """Keeps a feed in step with the database; lives on the event loop."""

    def __init__(
        self, feed: Feed, kept: Kept, *, clock: Callable[[], datetime], seconds: Callable[[], float] = time.monotonic
    ) -> None:
        """Hold what is needed; nothing is read yet. `seconds` is a clock that never goes back."""
        self._feed = feed
        self._kept = kept
        self._clock = clock
        self._seconds = seconds
        self._seq = 0
        self._turn = asyncio.Lock()
        self._woken = asyncio.Event()
        self._pushes: list[tuple[datetime, Tally]] = []
        #: The value of each definition that was told last.
        self._told: dict[str, Tally] = {}
        self._has_begun = False
        self._stopping = threading.Event()
        self._listening: threading.Thread | None = None
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="counters-read")
        self._noting = ThreadPoolExecutor(1, thread_name_prefix="counters-note")

    @property
    def last_seq(self) -> int:
        """The number of the newest value known here."""
        return self._seq

    def tell(self, shown: Shown, *, watched: bool) -> None:
        """Note that a value is being pushed to somebody, to be written down later.

        What was kept before we began may have been pushed then, and that a value is still so is no push of it.
        """
        before = self._told.get(shown.tally.definition_id)
        self._told[shown.tally.definition_id] = shown.tally
        is_change = before is None or before.shown() != shown.tally.shown()
        if watched and is_change and self._has_begun:
            self._pushes.append((self._clock(), shown.tally))

    async def catch_up(self) -> list[Tally]:
        """Show what was kept since; returns what is new here.

        Raises:
            TransientError, ConfigError: the database cannot be read.
        """
        async with self._turn:
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(self._reading, self._kept.after, self._seq)
            now = self._seconds()
            taken = [tally for seq, tally in found if self._feed.offer(seq, tally, now=now)]
            self._seq = max([self._seq, *(seq for seq, _ in found)])
            self._has_begun = True
            return taken

    async def run(self, catch_up: Callable[[], Awaitable[object]]) -> None:
        """Have it caught up with until cancelled."""
        if self._listening is None:
            loop = asyncio.get_running_loop()
            self._listening = threading.Thread(target=self._listen, args=(loop,), daemon=True)
            self._listening.start()
        while True:
            pause = _EVERY
            try:
                await catch_up()
            except TicketPipelineError as error:
                log.warning("counters_not_followed", extra={"reason": str(error)})
                pause = _AFTER_FAILURE
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._woken.wait()
            self._woken.clear()

    async def note(self) -> None:
        """Write down, now and then until cancelled, what was pushed when."""
        while True:
            await asyncio.sleep(_NOTE_EVERY)
            await self.write_down()

    async def write_down(self) -> None:
        """Write down what was pushed when; what cannot be written is lost, and nothing but a proof with it."""
        pushes, self._pushes = self._pushes, []
        if not pushes:
            return
        try:
            await asyncio.get_running_loop().run_in_executor(self._noting, self._write_down, pushes)
        except TicketPipelineError as error:
            log.warning("pushes_not_noted", extra={"pushes": len(pushes), "reason": str(error)})

    def close(self) -> None:
        """Let go of the threads."""
        self._stopping.set()
        self._reading.shutdown(wait=False)
        self._noting.shutdown(wait=False)

    def _write_down(self, pushes: Sequence[tuple[datetime, Tally]]) -> None:
        for at, some in groupby(pushes, key=lambda push: push[0]):
            self._kept.pushed([tally for _, tally in some], at)

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wake the follower whenever somebody says so; runs in a thread, and begins anew when the line breaks."""
        if self._kept.notices is None:
            return
        while not self._stopping.is_set():
            try:
                for _ in self._kept.notices(self._stopping):
                    loop.call_soon_threadsafe(self._woken.set)
            except RuntimeError:  # the loop is closed
                return
            except TicketPipelineError as error:
                log.warning("counters_not_notified", extra={"reason": str(error)})
                self._stopping.wait(_AFTER_FAILURE)
