"""A browser's side of a stream, on a real socket."""

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Stream:
    """An open stream; every wait ends after seconds."""

    def __init__(self, port: int, query: str, headers: dict[str, str] | None = None, *, patience: float = 10.0) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
        self._connection.request("GET", f"/counters/stream?{query}", headers=headers or {})
        self.answer = self._connection.getresponse()
        self.retry = 0

    @property
    def status(self) -> int:
        return self.answer.status

    def fields(self) -> dict[str, str]:
        """Read up to the next empty line; a comment is a field without a name. Empty: the stream has ended."""
        found: dict[str, str] = {}
        while line := self.answer.readline().decode():
            if line == "\n":
                return found or {"": ""}
            name, _, value = line.rstrip("\n").partition(":")
            found[name] = value.removeprefix(" ")
        return {}

    def next(self) -> dict[str, Any]:
        """Read the next counter, past whatever else comes."""
        return self.numbered()[1]

    def numbered(self) -> tuple[str, dict[str, Any]]:
        """Read the next counter and the number it came with."""
        while fields := self.fields():
            if "data" in fields and "event" not in fields:
                return fields["id"], json.loads(fields["data"])
        raise AssertionError("the stream has ended")

    def until(self, **wanted: Any) -> dict[str, Any]:
        """Read on to a counter that shows this."""
        while True:
            counter = self.next()
            if wanted.items() <= counter.items():
                return counter

    def close(self) -> None:
        self.answer.close()
        self._connection.close()


@contextmanager
def stream(port: int, query: str, headers: dict[str, str] | None = None, *, patience: float = 10.0) -> Iterator[Stream]:
    opened = Stream(port, query, headers, patience=patience)
    try:
        yield opened
    finally:
        opened.close()
