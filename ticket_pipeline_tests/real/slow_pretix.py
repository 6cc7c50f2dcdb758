"""A door before a real server: it lets requests through, and can keep an answer back."""

import re
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self

import requests

from ticket_pipeline_tests.real.servers import HOST

_PASSED_ON = ("Authorization", "Content-Type", "X-Idempotency-Key", "Accept-Language")


class DoorThatHolds:
    """A proxy that holds back the answer to one request: the server has done it, the caller does not hear of it."""

    def __init__(self, url: str, method: str, path: str, *, after: int = 0) -> None:
        """Hold the request of this method whose path matches, after so many that are let through."""
        self.holding = Event()
        self._url, self._method, self._path, self._left = url, method, re.compile(path), after
        self._go, self._lock = Event(), Lock()
        self._server = ThreadingHTTPServer((HOST, 0), self._handler())
        self._thread = Thread(target=self._server.serve_forever, name="door")
        self.url = f"http://{HOST}:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.let_go()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def let_go(self) -> None:
        """Hold nothing any more."""
        self._go.set()

    def _held(self, method: str, path: str) -> bool:
        with self._lock:
            if self._go.is_set() or method != self._method or not self._path.search(path):
                return False
            self._left -= 1
            return self._left < 0

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        door = self

        class Handler(BaseHTTPRequestHandler):
            def _pass(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                headers = {name: self.headers[name] for name in _PASSED_ON if self.headers[name]}
                answer = requests.request(
                    self.command, door._url + self.path, data=self.rfile.read(length), headers=headers, timeout=60
                )
                if door._held(self.command, self.path):
                    door.holding.set()
                    door._go.wait(120)
                with suppress(OSError):
                    send_on(self, answer)

            do_GET = do_POST = do_PATCH = do_DELETE = _pass  # noqa: N815 - the names http.server asks for

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def send_on(handler: BaseHTTPRequestHandler, answer: requests.Response) -> None:
    """Answer what somebody else has answered."""
    handler.send_response(answer.status_code)
    handler.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
    handler.send_header("Content-Length", str(len(answer.content)))
    handler.end_headers()
    handler.wfile.write(answer.content)
