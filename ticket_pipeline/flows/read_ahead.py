"""Read several sources at once, in bounded memory."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from queue import Queue
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class _Ended:
    error: BaseException | None = None


def read_ahead(sources: Sequence[Callable[[], Iterator[T]]], *, depth: int = 2) -> Iterator[tuple[int, T | None]]:
    """Yield `(index, item)` as items come, and `(index, None)` when that source has ended.

    Each source is read in a thread of its own, at most `depth` items ahead of the consumer. The first error of
    any source is raised here, and the others stop.
    """
    items: Queue[tuple[int, T | _Ended]] = Queue(maxsize=depth * max(1, len(sources)))
    stopped = threading.Event()
    threads = [
        threading.Thread(target=_drain, args=(index, source, items, stopped), daemon=True)
        for index, source in enumerate(sources)
    ]
    for thread in threads:
        thread.start()
    try:
        yield from _consume(items, len(sources))
    finally:
        stopped.set()
        _release(items, threads)


def _consume(items: "Queue[tuple[int, T | _Ended]]", running: int) -> Iterator[tuple[int, T | None]]:
    while running:
        index, item = items.get()
        if not isinstance(item, _Ended):
            yield index, item
            continue
        if item.error is not None:
            raise item.error
        running -= 1
        yield index, None


def _drain(
    index: int,
    source: Callable[[], Iterator[T]],
    items: "Queue[tuple[int, T | _Ended]]",
    stopped: threading.Event,
) -> None:
    ended = _Ended()
    try:
        for item in source():
            if stopped.is_set():
                return
            items.put((index, item))
    except BaseException as error:  # noqa: BLE001 - handed over whole to the thread that asked
        ended = _Ended(error)
    items.put((index, ended))


def _release(items: "Queue[tuple[int, T | _Ended]]", threads: Sequence[threading.Thread]) -> None:
    """Let threads that wait for room in the queue see that they were stopped."""
    while any(thread.is_alive() for thread in threads):
        while not items.empty():
            items.get_nowait()
        for thread in threads:
            thread.join(timeout=0.01)
