"""Announce several sale starts side by side, each at its own instant: a long one holds up no other."""

import threading
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from queue import SimpleQueue

from ticket_pipeline.flows.announce import announce
from ticket_pipeline.flows.announce_parts import AnnounceParts
from ticket_pipeline.flows.count_audience import CountedAudience
from ticket_pipeline.model.announcement import AnnounceReport, AudienceCounts, PlannedStart

#: How many sale starts one process announces at once: each may hold a connection to the mail server. What is left
#: over stays unclaimed, for whoever asks next.
AT_ONCE = 8
#: Seconds after which whoever waits sees that it is to stop.
_STOPS_WITHIN = 0.5


@dataclass(frozen=True, kw_only=True)
class Announced:
    """One sale start that is done with: what came of it, or what stopped it."""

    planned: PlannedStart
    report: AnnounceReport | None = None
    error: Exception | None = None


class StoppedError(Exception):
    """Nobody waits for it any more; the announcement is free for the next to go on with."""


def announce_all(
    parts: AnnounceParts, planned: Sequence[PlannedStart], *, counted: Sequence[PlannedStart] = ()
) -> Generator[Announced | AudienceCounts, None, None]:
    """Announce these; yield what comes of each as it comes, and counts of the audience once it was read.

    `counted` are the sale starts by which the audience is counted.

    Whoever closes the iterator early stops those under way: at once where they wait, else between two batches.
    """
    news = SimpleQueue[Announced | AudienceCounts]()
    stop = _Stop(parts)
    heard = replace(parts, audience=CountedAudience(parts=parts, coming=counted, tell=news.put), sleep=stop.sleep)
    threads = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="announce")
    try:
        for each in planned:
            threads.submit(lambda one: news.put(_announced(heard, one, stop)), each)
        left = len(planned)
        while left:
            new = news.get()
            left -= isinstance(new, Announced)
            yield new
    finally:
        stop.now.set()
        threads.shutdown(cancel_futures=True)


class _Stop:
    """Stops those under way where it does no harm."""

    def __init__(self, parts: AnnounceParts) -> None:
        """Go on for now."""
        self.now = threading.Event()
        self._sleep = parts.sleep

    def sleep(self, seconds: float) -> None:
        """Wait, unless it is to stop."""
        while seconds > 0:
            self.look()
            self._sleep(min(seconds, _STOPS_WITHIN))
            seconds -= _STOPS_WITHIN

    def progress(self, step: str, done: int, total: int | None) -> None:  # noqa: ARG002  any news will do
        """Hear that a batch is done."""
        self.look()

    def look(self) -> None:
        """Stop, if it is to.

        Raises:
            StoppedError: it is.
        """
        if self.now.is_set():
            raise StoppedError


def _announced(parts: AnnounceParts, planned: PlannedStart, stop: _Stop) -> Announced:
    try:
        return Announced(planned=planned, report=announce(parts, planned, progress=stop.progress))
    except Exception as error:  # noqa: BLE001  each is told to who asked, beside what came of the others
        return Announced(planned=planned, error=error)
