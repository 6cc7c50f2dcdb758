"""The sandbox as a process, and as a thread for tests."""

import gc
import logging
import socket
import threading
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self

import uvicorn

from ticket_pipeline.sandbox.app import build_app
from ticket_pipeline.sandbox.desk import Desk
from ticket_pipeline.sandbox.instants import utc_now
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline.sandbox.stats import Stats
from ticket_pipeline.sandbox.world import World


def serve(settings: SandboxSettings, *, host: str = "127.0.0.1", port: int = 8788) -> None:
    """Run until SIGINT or SIGTERM; answers under way are finished."""
    _quieten_cut_answers()
    app = build_app(settings)
    gc.freeze()  # a large world is no garbage; looking through it would hold up answers
    uvicorn.run(
        app,
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=5,
    )


class RunningSandbox:
    """A sandbox in a thread, on a free port; a context manager."""

    def __init__(self, settings: SandboxSettings, clock: Callable[[], datetime] = utc_now) -> None:
        app = build_app(settings, clock)
        self.desk: Desk = app.state.desk
        config = uvicorn.Config(app, access_log=False, log_level="warning", timeout_graceful_shutdown=5)
        self._server = uvicorn.Server(config)
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(128)
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        self.base_url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    @property
    def world(self) -> World:
        """Give the world, to look at and to change."""
        return self.desk.world

    @property
    def mail_port(self) -> int:
        """Give the port that mails are taken at."""
        assert self.desk.mail_server is not None, "mail_port=0 in the settings has mails taken"  # noqa: S101
        return self.desk.mail_server.port

    @property
    def stats(self) -> Stats:
        """Give the counts of requests."""
        return self.desk.stats

    def __enter__(self) -> Self:
        _quieten_cut_answers()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])


def running(settings: SandboxSettings, clock: Callable[[], datetime] = utc_now) -> RunningSandbox:
    """Run a sandbox beside a test: `with running(settings) as sandbox: … sandbox.base_url …`."""
    return RunningSandbox(settings, clock)


def _quieten_cut_answers() -> None:
    logger = logging.getLogger("uvicorn.error")
    if _is_news not in logger.filters:
        logger.addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    return "without completing response" not in record.getMessage()
