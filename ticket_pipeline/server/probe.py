"""A look at the database, which many may ask for at any time."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")

_PATIENCE = 1.0
_LASTS = timedelta(seconds=1)


class Probe(Generic[T]):
    """However often it is asked, it looks once a second at most, in a thread, and is waited for for a second."""

    def __init__(self, look: Callable[[datetime], T | None], clock: Callable[[], datetime]) -> None:
        """Look by this function, which is told the time; None says that nothing could be seen."""
        self._look = look
        self._clock = clock
        self._looking: asyncio.Task[T | None] | None = None
        self._looked_at = datetime.min.replace(tzinfo=UTC)

    async def seen(self) -> T | None:
        """Give what was seen last; None when nothing could be seen, or not in time."""
        now = self._clock()
        if self._looking is None or (self._looking.done() and abs(now - self._looked_at) >= _LASTS):
            self._looking, self._looked_at = asyncio.create_task(asyncio.to_thread(self._look, now)), now
        done, _ = await asyncio.wait([self._looking], timeout=_PATIENCE)
        return self._looking.result() if done else None
