"""A blocking call in a thread that may hang without holding up the end of the process."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeVar

Result = TypeVar("Result")


class CallsBlocking(Protocol):
    """How a blocking call is made from the event loop; tests do without threads."""

    async def __call__(self, call: Callable[..., Result], *arguments: object) -> Result:
        """Come back with what the call returns, or raises."""


async def in_thread(call: Callable[..., Result], *arguments: object) -> Result:
    """Wait for the call without holding up the event loop; raises what it raises."""
    done: Future[Result] = Future()
    done.set_running_or_notify_cancel()  # whoever waits may go away; the thread then talks to nobody

    def work() -> None:
        try:
            done.set_result(call(*arguments))
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            done.set_exception(error)

    threading.Thread(target=work, name="counters", daemon=True).start()
    return await asyncio.wrap_future(done)
