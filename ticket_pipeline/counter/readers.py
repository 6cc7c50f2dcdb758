"""The open streams: who watches what, and the value each has yet to be sent; lives on the event loop.

A value is written to all its readers from one loop, without a task to wake for each. A reader that does not take its
bytes keeps the latest value of each definition and no more, and is dropped when it stays away for too long.
"""

import asyncio
import logging
import random
import socket
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ticket_pipeline.counter.feed import Shown

log = logging.getLogger(__name__)

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

#: Readers written to before others get their turn on the event loop.
_AT_ONCE = 250
_HEARTBEAT = b":\n\n"
#: Bytes that may wait in our memory, and in the kernel's, for a reader that does not read.
_BUFFERED = 32_768


@dataclass(frozen=True, kw_only=True)
class StreamLimits:
    """What bounds the streams."""

    most: int = 10_000
    per_client: int = 100
    #: Seconds without a byte before a comment is sent, so that nothing in between takes the stream for dead.
    heartbeat: float = 15.0
    #: Seconds a reader may leave its bytes before it is dropped.
    patience: float = 10.0


class Reader:
    """One open stream."""

    __slots__ = ("_send", "_transport", "client", "ids", "stuck_since", "waiting", "written_at")

    def __init__(self, ids: Iterable[str], send: Send, *, client: str | None, transport: Any = None) -> None:
        """Watch these definitions; `transport` is what the stream is cut off by when it is not read."""
        self.ids = tuple(ids)
        self.client = client
        #: The latest value of each definition that is yet to be sent.
        self.waiting: dict[str, Shown] = {}
        self.stuck_since: float | None = None
        self.written_at = 0.0
        self._send = send
        self._transport = transport
        _keep_little(transport)

    def write(self, body: bytes, *, more: bool = True) -> bool:
        """Hand bytes over if that needs no waiting; tell whether they were taken."""
        message = {"type": "http.response.body", "body": body, "more_body": more}
        return _at_once(self._send(message))

    def cut_off(self) -> None:
        """Close the connection, whatever is still to be sent."""
        if self._transport is not None:
            self._transport.abort()


class Readers:
    """All of them."""

    def __init__(self, limits: StreamLimits, *, seconds: Callable[[], float] = time.monotonic) -> None:
        """Begin without any; `seconds` is a clock that never goes back."""
        self.limits = limits
        #: How many were dropped because they did not read.
        self.dropped = 0
        self._seconds = seconds
        self._all: dict[Reader, None] = {}
        self._by_id: dict[str, dict[Reader, None]] = defaultdict(dict)
        self._by_client: Counter[str] = Counter()
        self._to_write: dict[Reader, None] = {}
        self._writing = False
        self.ending = False

    def __len__(self) -> int:
        """Count the open streams."""
        return len(self._all)

    def has_room_for(self, client: str | None) -> bool:
        """Tell whether this client may open one more."""
        return client is None or self._by_client[client] < self.limits.per_client

    @property
    def full(self) -> bool:
        """Whether nobody may open one more."""
        return self.ending or len(self._all) >= self.limits.most

    def add(self, reader: Reader, first: bytes, values: Iterable[Shown]) -> None:
        """Begin to tell a reader, with these bytes and values first."""
        self._all[reader] = None
        for each in reader.ids:
            self._by_id[each][reader] = None
        if reader.client is not None:
            self._by_client[reader.client] += 1
        reader.waiting = {shown.tally.definition_id: shown for shown in values}
        if not self._write(reader, first):
            self._drop(reader)

    def remove(self, reader: Reader) -> None:
        """Tell this reader nothing any more."""
        if reader not in self._all:
            return
        del self._all[reader]
        self._to_write.pop(reader, None)
        for each in reader.ids:
            self._by_id[each].pop(reader, None)
            if not self._by_id[each]:
                del self._by_id[each]
        if reader.client is not None:
            self._by_client[reader.client] -= 1
            if not self._by_client[reader.client]:
                del self._by_client[reader.client]

    def tell(self, shown: Shown) -> bool:
        """Have a value sent to all who watch it, as soon as the event loop comes to it; tell whether anybody does."""
        watching = self._by_id.get(shown.tally.definition_id)
        if not watching:
            return False
        for reader in watching:
            reader.waiting[shown.tally.definition_id] = shown
        self._to_write.update(watching)
        self._write_soon()
        return True

    def tick(self) -> None:
        """Try again those who were busy, drop who was for too long, and let the silent know that we are here."""
        now = self._seconds()
        for reader in list(self._all):
            if reader.stuck_since is not None:
                if self._write(reader) or now - reader.stuck_since < self.limits.patience:
                    continue
                self._drop(reader)
            elif now - reader.written_at >= self.limits.heartbeat:
                self._write(reader, _HEARTBEAT)

    def end(self) -> None:
        """End all streams; new ones are refused."""
        self.ending = True
        for reader in list(self._all):
            self.remove(reader)
            if not reader.write(b"", more=False):
                reader.cut_off()

    def _write_soon(self) -> None:
        if not self._writing:
            self._writing = True
            asyncio.get_running_loop().call_soon(self._write_some)

    def _write_some(self) -> None:
        self._writing = False
        for reader in list(self._to_write)[:_AT_ONCE]:
            self._to_write.pop(reader, None)
            self._write(reader)
        if self._to_write:
            self._write_soon()

    def _write(self, reader: Reader, first: bytes = b"") -> bool:
        """Write what waits, in the order in which it came about; what is not taken waits on."""
        values = sorted(reader.waiting.values(), key=_seq)
        body = first + b"".join(shown.event for shown in values)
        now = self._seconds()
        try:
            taken = reader.write(body or _HEARTBEAT)
        except Exception:
            log.exception("reader_failed")
            self._drop(reader)
            return True
        if not taken:
            reader.stuck_since = now if reader.stuck_since is None else reader.stuck_since
            return False
        reader.waiting = {}
        reader.stuck_since, reader.written_at = None, now
        return True

    def _drop(self, reader: Reader) -> None:
        log.info("reader_dropped", extra={"definitions": len(reader.ids), "streams": len(self._all)})
        self.dropped += 1
        self.remove(reader)
        reader.cut_off()


def retry_milliseconds() -> int:
    """Tell after how long a cut-off reader should come back: not all at the same moment."""
    return random.randint(1_000, 4_000)  # noqa: S311 - not a secret


def _seq(shown: Shown) -> int:
    return shown.seq


def _at_once(sending: Awaitable[None]) -> bool:
    """Run a `send` that can do without waiting; one that cannot has written nothing yet, and is given up."""
    if not isinstance(sending, Coroutine):
        raise TypeError("an ASGI server's send is expected to be a coroutine function")
    try:
        sending.send(None)
    except StopIteration:
        return True
    sending.close()
    return False


def _keep_little(transport: Any) -> None:
    """Bound what lies in buffers for one reader, and have the kernel give up on a peer that vanished."""
    if transport is None:
        return
    transport.set_write_buffer_limits(high=_BUFFERED)
    connection = transport.get_extra_info("socket")
    with suppress(OSError, AttributeError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFERED)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 60_000)
