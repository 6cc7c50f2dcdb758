"""A load generator of its own process: keep-alive connections to one address on loopback.

    python -m bench.load PORT PATH CONNECTIONS RATE FILE

FILE holds one body a line. RATE 0 sends as fast as answers come (closed loop); otherwise so many a second, evenly, and
an answer's time counts from when its request was due (open loop). Prints JSON: seconds, statuses, latencies in ms.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import cast

Answers = list[tuple[int, float]]


class Wire(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.answer: asyncio.Future[int] | None = None
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, end, body = self._read.partition(b"\r\n\r\n")
        if end and len(body) >= _length(head) and self.answer:
            self._read, answer, self.answer = b"", self.answer, None
            answer.set_result(int(head[9:12]))

    def send(self, request: bytes) -> asyncio.Future[int]:
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self.answer


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0]) if rest else 0


async def closed_loop(wire: Wire, requests: Iterator[bytes], answers: Answers) -> None:
    """Send the next request as soon as the last is answered."""
    for request in requests:
        began = perf_counter()
        answers.append((await wire.send(request), perf_counter() - began))


async def open_loop(wires: list[Wire], requests: Iterator[bytes], rate: float, answers: Answers) -> None:
    """Send requests when they are due, whatever has become of those before."""
    free: asyncio.Queue[Wire] = asyncio.Queue()
    for wire in wires:
        free.put_nowait(wire)

    async def one(due: float, request: bytes) -> None:
        wire = await free.get()
        answers.append((await wire.send(request), perf_counter() - due))
        free.put_nowait(wire)

    began = perf_counter()
    async with asyncio.TaskGroup() as group:
        for number, request in enumerate(requests):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - perf_counter()))
            group.create_task(one(due, request))


async def load(port: int, path: str, connections: int, rate: float, bodies: list[bytes]) -> dict[str, object]:
    """Send every body once."""
    loop = asyncio.get_running_loop()
    wires = [(await loop.create_connection(Wire, "127.0.0.1", port))[1] for _ in range(connections)]
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n".encode()
    requests = iter([head % len(body) + body for body in bodies])
    answers: Answers = []
    began = perf_counter()
    if rate:
        await open_loop(wires, requests, rate, answers)
    else:
        await asyncio.gather(*(closed_loop(wire, requests, answers) for wire in wires))
    seconds = perf_counter() - began
    for wire in wires:
        wire.transport.close()
    statuses = Counter(str(status) for status, _ in answers)
    return {"seconds": seconds, "statuses": statuses, "latencies": sorted(took * 1000 for _, took in answers)}


if __name__ == "__main__":
    port, path, connections, rate, file = sys.argv[1:]
    bodies = Path(file).read_bytes().splitlines()
    print(json.dumps(asyncio.run(load(int(port), path, int(connections), float(rate), bodies))))  # noqa: T201 - its answer
