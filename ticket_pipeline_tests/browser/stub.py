"""A server of counters that says, and fails to say, what a test wants; on a port it keeps when it is started again."""

import json
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from ticket_pipeline_tests.browser.values import NOON, Value, instant

SCRIPT = (files("ticket_pipeline.counter") / "ticket-counter.js").read_text(encoding="utf-8")
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tickets</title>
<link rel="icon" href="data:,">{head}</head><body><main><h1>Tickets</h1>{body}</main></body></html>"""
_LOAD = '<script src="/ticket-counter.js" defer></script>'

Headers = dict[str, str]


class Stub:
    """Pages, counters and streams."""

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}
        self.now: datetime = NOON
        self.freshness_limit = 900
        #: Whether streams are refused, as by a proxy that knows none.
        self.refuses_streams = False
        #: Paths asked for, in order.
        self.asked: list[str] = []
        self._pages: dict[str, tuple[str, Headers]] = {}
        self._streams: dict[SimpleQueue[bytes | None], list[str]] = {}
        self._server: _Server | None = None
        self._port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def streams(self) -> int:
        """Count the open streams."""
        return len(self._streams)

    @property
    def asked_for_streams(self) -> int:
        """Count how often a stream was asked for."""
        return sum("/counters/stream" in each for each in self.asked)

    def start(self) -> None:
        """Listen, on the same port as before."""
        self._server = _Server(("127.0.0.1", self._port), self)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        """Stop listening, and end all streams."""
        if self._server:
            self._server.shutdown()
            self.cut()
            self._server.server_close()
            self._server = None

    def cut(self) -> None:
        """End all streams."""
        for each in list(self._streams):
            each.put(None)

    def page(self, body: str, *, head: str = _LOAD, headers: Headers | None = None) -> str:
        """Put a page there; give its address."""
        path = f"/page/{len(self._pages)}"
        self._pages[path] = (_PAGE.format(head=head, body=body), headers or {})
        return self.base + path

    def set(self, *values: Value) -> None:
        """Have these counters, without telling anybody."""
        self.values |= {each["definition_id"]: each for each in values}

    def push(self, value: Value, *, keep: bool = True) -> None:
        """Send a value to all who watch it; what is not kept is sent all the same, as by a server gone wrong."""
        if keep:
            self.set(value)
        for queue, ids in list(self._streams.items()):
            if value["definition_id"] in ids:
                queue.put(_event(value))

    def said(self, path: str) -> tuple[int, Headers, bytes]:
        """Answer a request that is not for a stream."""
        if path in self._pages:
            text, headers = self._pages[path]
            return 200, {"Content-Type": "text/html; charset=utf-8", **headers}, text.encode()
        if path == "/ticket-counter.js":
            return 200, {"Content-Type": "text/javascript; charset=utf-8"}, SCRIPT.encode()
        value = self.values.get(path.removeprefix("/counters/"))
        limit = {"X-Freshness-Limit": str(self.freshness_limit), "Content-Type": "application/json"}
        return (200, limit, json.dumps(value).encode()) if value else (404, {}, b"{}")

    def watch(self, ids: list[str]) -> SimpleQueue[bytes | None]:
        """Open a stream; it begins with the settings and what there is."""
        queue: SimpleQueue[bytes | None] = SimpleQueue()
        settings = {"freshness_limit": self.freshness_limit, "now": instant(self.now)}
        queue.put(b"event: settings\ndata: %b\n\n" % json.dumps(settings).encode())
        for each in ids:
            if each in self.values:
                queue.put(_event(self.values[each]))
        self._streams[queue] = ids
        return queue

    def leave(self, queue: SimpleQueue[bytes | None]) -> None:
        del self._streams[queue]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], stub: Stub) -> None:
        self.stub = stub
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of browsers that hung up."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        stub, path = self.server.stub, urlsplit(self.path).path
        stub.asked.append(self.path)
        if path != "/counters/stream":
            status, headers, body = stub.said(path)
            self._begin(status, {"Content-Length": str(len(body)), **headers})
            self.wfile.write(body)
        elif stub.refuses_streams:
            self._begin(503, {"Content-Length": "0"})
        else:
            self._begin(200, {"Content-Type": "text/event-stream"})
            self._tell(stub, parse_qs(urlsplit(self.path).query)["ids"][0].split(","))

    def _begin(self, status: int, headers: Headers) -> None:
        self.send_response_only(status)
        for name, text in ({"Access-Control-Allow-Origin": "*"} | headers).items():
            self.send_header(name, text)
        self.end_headers()

    def _tell(self, stub: Stub, ids: list[str]) -> None:
        queue = stub.watch(ids)
        try:
            while (said := _next(queue)) is not None:
                self.wfile.write(said)
        finally:
            stub.leave(queue)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _next(queue: "SimpleQueue[bytes | None]") -> bytes | None:
    """Give what is to be said; in silence a comment, by which a reader that left is noticed."""
    try:
        return queue.get(timeout=0.2)
    except Empty:
        return b":\n\n"


def _event(value: Value) -> bytes:
    return b"id: %d\ndata: %b\n\n" % (value["version"], json.dumps(value).encode())
