"""How long an evaluation may wait: a code server has few threads, and each evaluation that waits holds one."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg

#: More than this wait in no process, however many threads there are.
_MOST = 4


def places() -> int:
    """Tell how many evaluations may wait at a time in this process: half the threads that Dagster gives it, or less."""
    return min(_MOST, _threads() // 2)


def places_under(instance: dg.DagsterInstance) -> int:
    """Tell how many may wait under a daemon that has this instance's settings: half its sensors' threads, for it holds
    a thread for each, and has other sensors; without threads none, or all others would wait for that one.
    """
    settings = instance.get_settings("sensors")
    return (settings.get("num_workers") or _threads()) // 2 if settings.get("use_threads") else 0


def _threads() -> int:
    return min(32, (os.cpu_count() or 1) + 4)


class LongPolls:
    """Evaluations that wait for something to happen; those that find no place look once and come back later."""

    def __init__(self, places: int) -> None:
        """Let so many wait at a time."""
        self._places = places
        self._taken = 0
        self._lock = threading.Lock()

    @contextmanager
    def waiting(self, seconds: float, *, most: int = _MOST) -> Iterator[Callable[[float], bool]]:
        """Give a way to pause for some seconds, unless `most` wait already; it tells whether to go on: time is left,
        and nobody stops us.
        """
        placed = self._take(most)
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
                self._give_back()

    def _take(self, most: int) -> bool:
        with self._lock:
            if self._taken >= min(self._places, most):
                return False
            self._taken += 1
            return True

    def _give_back(self) -> None:
        with self._lock:
            self._taken -= 1
