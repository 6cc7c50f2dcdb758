"""How long an evaluation may wait: a code server has few threads, and each evaluation that waits holds one."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Half of `sensors.num_workers` in dagster.yaml: the daemon holds a thread for each too, and has other sensors.
_MOST = 4


def places() -> int:
    """Tell how many evaluations may wait at a time in this process: half the threads that Dagster gives it, or less."""
    threads = min(32, (os.cpu_count() or 1) + 4)
    return min(_MOST, threads // 2)


class LongPolls:
    """Evaluations that wait for something to happen; those that find no place look once and come back later."""

    def __init__(self, places: int) -> None:
        """Let so many wait at a time."""
        self._places = threading.BoundedSemaphore(places)

    @contextmanager
    def waiting(self, seconds: float) -> Iterator[Callable[[float], bool]]:
        """Give a way to pause for some seconds; it tells whether to go on: time is left, and nobody stops us."""
        placed = self._places.acquire(blocking=False)
        until = time.monotonic() + (seconds if placed else 0.0)
        parent = os.getppid()

        def pause(length: float) -> bool:
            stopping = os.getppid() != parent or not threading.main_thread().is_alive()
            if stopping or time.monotonic() + length > until:
                return False
            time.sleep(length)
            return True

        try:
            yield pause
        finally:
            if placed:
                self._places.release()
