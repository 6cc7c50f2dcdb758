"""Somebody who receives webhooks: keeps what comes, answers what it is told to."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event, Thread
from typing import Any

import jwt
from jwt.types import Options

from ticket_pipeline.sandbox import SANDBOX_WEBHOOK_PUBLIC_KEY

UNTIMED: Options = {"verify_exp": False, "verify_iat": False}


@dataclass(frozen=True, kw_only=True)
class Received:
    """One webhook that came, opened and verified."""

    token: str
    headers: dict[str, str]

    @property
    def claims(self) -> Any:
        """Give the outermost level."""
        return jwt.decode(self.token, SANDBOX_WEBHOOK_PUBLIC_KEY, algorithms=["RS256"], options=UNTIMED)

    @property
    def notice(self) -> Any:
        """Give the middle level."""
        return json.loads(self.claims["data"])

    @property
    def topic(self) -> str:
        """Give the eventType."""
        return str(self.notice["eventType"])

    @property
    def payload(self) -> Any:
        """Give the innermost level."""
        return json.loads(self.notice["data"])


class Subscriber:
    """A server on a free port. What comes is in `tokens`; `answers` are given one by one, then 200 for ever."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        #: while it is cleared, nobody gets an answer
        self.awake = Event()
        self.awake.set()
        self._came = Condition()
        self._received: list[Received] = []
        subscriber = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = subscriber.take(Received(token=body.decode(), headers=dict(self.headers)))
                subscriber.awake.wait(10)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                if status == 302:
                    self.send_header("Location", subscriber.url)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/webhooks/wix"

    def take(self, received: Received) -> int:
        """Keep what came and decide on the answer."""
        with self._came:
            self._received.append(received)
            self._came.notify_all()
            return self.answers.pop(0) if self.answers else 200

    @property
    def received(self) -> list[Received]:
        """List what came, in order."""
        with self._came:
            return list(self._received)

    @property
    def topics(self) -> list[str]:
        """List what came by the last word of its eventType, in order."""
        return [one.topic.rpartition(".")[2] for one in self.received]

    def wait_for(self, count: int) -> None:
        """Wait until so many came."""
        with self._came:
            assert self._came.wait_for(lambda: len(self._received) >= count, timeout=10)

    def forget(self) -> None:
        """Forget what came."""
        with self._came:
            self._received.clear()


class Server(ThreadingHTTPServer):
    """Does not complain when a client has gone away."""

    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def subscriber() -> Iterator[Subscriber]:
    """Run a subscriber beside a test."""
    made = Subscriber()
    thread = Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.awake.set()
        made.server.shutdown()
        thread.join(timeout=5)
        made.server.server_close()
