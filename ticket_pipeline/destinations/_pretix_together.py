"""Changes made by several threads at once: those of one ticket in their order, outcomes told in the order asked for."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Lock
from typing import Generic, TypeVar

from ticket_pipeline.model.change import Change, Outcome

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _LeftUndoneError(Exception):
    """The change was not begun, for another one failed."""


class Once(Generic[K, V]):
    """A function whose value for each key is worked out once, however many threads ask."""

    def __init__(self, work_out: Callable[[K], V]) -> None:
        """Keep the function."""
        self._work_out = work_out
        self._found: dict[K, Future[V]] = {}
        self._lock = Lock()

    def __call__(self, key: K) -> V:
        """Give the value, or raise what working it out raised."""
        with self._lock:
            first = key not in self._found
            future = self._found.setdefault(key, Future())
        if first:
            try:
                future.set_result(self._work_out(key))
            except BaseException as error:  # noqa: BLE001 - raised again in every thread that asks
                future.set_exception(error)
        return future.result()


def together(changes: Sequence[Change], make: Callable[[Change], Outcome], *, threads: int) -> Iterator[Outcome]:
    """Make the changes, telling each outcome once it and those before it are durable.

    When one fails nothing more is begun; what was under way is waited for and told, and the failure is raised.
    """
    failed = Event()
    chains: dict[str, list[int]] = {}
    for index, change in enumerate(changes):
        chains.setdefault(change.definition_id, []).append(index)
    waiting: list[Future[Outcome]] = [Future() for _ in changes]
    with ThreadPoolExecutor(threads, thread_name_prefix="destination") as pool:
        for chain in chains.values():
            pool.submit(_follow, [(changes[index], waiting[index]) for index in chain], make, failed)
        try:
            failure: BaseException | None = None
            for future in waiting:
                error = future.exception()
                if error is None:
                    yield future.result()
                elif failure is None or isinstance(failure, _LeftUndoneError):
                    failure = error
            if failure is not None:
                raise failure
        finally:
            failed.set()


def _follow(
    chain: Sequence[tuple[Change, "Future[Outcome]"]], make: Callable[[Change], Outcome], failed: Event
) -> None:
    for change, future in chain:
        if failed.is_set():
            future.set_exception(_LeftUndoneError())
            continue
        try:
            future.set_result(make(change))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            failed.set()
            future.set_exception(error)
