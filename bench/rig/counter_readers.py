"""Readers of counters in a process of their own: `python -m bench.rig.counter_readers <port> <id,id,…>`.

One loop over plain sockets, so that what is measured is the server. Orders come on stdin, a line each: `connect <many>`
opens so many streams more and waits until each has all its first values; `take` tells what arrived since, as JSON.
"""

import json
import random
import re
import resource
import select
import socket
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.rig.machine import ROOT

#: Connections that wait for their first values at the same time.
_TOGETHER = 200
_EVENT = re.compile(rb"id: (\d+)\ndata: (.*)\n\n")
_PATIENCE = 60.0


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One value as it came to the readers; instants in seconds since 1970."""

    body: dict[str, Any]
    readers: int
    first: float
    median: float
    last: float
    #: At a reader picked by chance.
    any: float


class CounterReaders:
    """The process, spoken to."""

    def __init__(self, process: "subprocess.Popen[str]", log: Path) -> None:
        self._process = process
        self._log = log

    def connect(self, many: int) -> float:
        """Open so many streams more; give the seconds until all have their first values."""
        seconds: float = self._ask(f"connect {many}")
        return seconds

    def take(self) -> list[Arrival]:
        """Tell what arrived since this was last asked, oldest value first; first values are left out."""
        return [Arrival(**each) for each in self._ask("take")]

    def _ask(self, order: str) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the readers have no pipes")
        stdin.write(order + "\n")
        stdin.flush()
        answer = stdout.readline()
        if not answer:
            self._process.wait()
            raise RuntimeError(f"the readers ended:\n{self._log.read_text(encoding='utf-8')[-2000:]}")
        return json.loads(answer)


@contextmanager
def counter_readers(port: int, definition_ids: Sequence[str], *, log: Path) -> Iterator[CounterReaders]:
    """Run readers of these counters for the block; none is connected yet. They end with whoever started them."""
    command = [sys.executable, "-m", "bench.rig.counter_readers", str(port), ",".join(definition_ids)]
    with (
        log.open("wb") as errors,
        subprocess.Popen(  # noqa: S603 - our own
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        try:
            yield CounterReaders(process, log)
        finally:
            process.kill()


class _Streams:
    """All open streams and what they have been sent."""

    def __init__(self, port: int, definition_ids: str) -> None:
        self._address = ("127.0.0.1", port)
        self._request = f"GET /counters/stream?ids={definition_ids} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        self._definitions = len(definition_ids.split(","))
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._rest: dict[int, bytes] = {}
        self._firsts: dict[int, int] = {}
        #: Of chunks that came before, which is most of them: the values inside.
        self._known: dict[bytes, list[int]] = {}
        self._bodies: dict[int, bytes] = {}
        self._arrived: dict[int, array[float]] = {}
        self._poll.register(sys.stdin.fileno(), select.EPOLLIN)

    def connect(self, many: int) -> float:
        """Open streams, some at a time; give the seconds."""
        started = time.perf_counter()
        for first in range(0, many, _TOGETHER):
            for _ in range(first, min(first + _TOGETHER, many)):
                self._open()
            while self._firsts:
                if time.perf_counter() - started > _PATIENCE:
                    raise RuntimeError(f"{len(self._firsts)} streams had no value after {_PATIENCE:.0f} s")
                self.read()
        return time.perf_counter() - started

    def read(self) -> bool:
        """Take in what has come, waiting for it; tell whether an order is waiting, too."""
        ordered = False
        for fd, _ in self._poll.poll(1.0):
            if fd == sys.stdin.fileno():
                ordered = True
            else:
                self._receive(fd)
        return ordered

    def take(self) -> list[dict[str, Any]]:
        """Sum up what arrived, and forget it."""
        told = [_summary(self._bodies[seq], times) for seq, times in sorted(self._arrived.items())]
        self._arrived.clear()
        self._known.clear()
        return told

    def _open(self) -> None:
        connection = socket.create_connection(self._address)
        connection.sendall(self._request)
        connection.setblocking(False)
        self._sockets[connection.fileno()] = connection
        self._firsts[connection.fileno()] = self._definitions
        self._poll.register(connection.fileno(), select.EPOLLIN)

    def _receive(self, fd: int) -> None:
        chunk = self._sockets[fd].recv(262_144)
        at = time.time()
        if not chunk:
            raise RuntimeError("the server ended a stream")
        values = self._values(fd, chunk)
        if fd in self._firsts:
            self._firsts[fd] -= len(values)
            if self._firsts[fd] <= 0:
                del self._firsts[fd]
            return
        for seq in values:
            self._arrived.setdefault(seq, array("d")).append(at)

    def _values(self, fd: int, chunk: bytes) -> list[int]:
        if fd not in self._rest and (known := self._known.get(chunk)) is not None:
            return known
        whole = self._rest.pop(fd, b"") + chunk
        values, end = [], 0
        for found in _EVENT.finditer(whole):
            seq, end = int(found[1]), found.end()
            self._bodies[seq] = found[2]
            values.append(seq)
        if b"id:" in whole[end:] or not whole.endswith(b"\r\n"):
            self._rest[fd] = whole[end:]
        elif whole == chunk:
            self._known[chunk] = values
        return values


def _summary(body: bytes, times: "array[float]") -> dict[str, Any]:
    return {
        "body": json.loads(body),
        "readers": len(times),
        "first": times[0],
        "median": times[len(times) // 2],
        "last": times[-1],
        "any": random.choice(times),  # noqa: S311 - whichever
    }


def main(port: int, definition_ids: str) -> None:
    """Read until stdin ends."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    streams = _Streams(port, definition_ids)
    while True:
        if not streams.read():
            continue
        order, _, many = sys.stdin.readline().rstrip().partition(" ")
        if not order:
            return
        answer = streams.connect(int(many)) if order == "connect" else streams.take()
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
