"""The sandbox as a process, and as a thread for tests."""

import gc
import logging
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.sandbox.app import build_app
from ticket_pipeline.sandbox.desk import Desk
from ticket_pipeline.sandbox.instants import utc_now
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline.sandbox.stats import Stats
from ticket_pipeline.sandbox.world import World

#: What uvicorn ends with when an app does not start.
_STARTUP_FAILURE = 3


def _untold(_: int) -> None:
    """Tell nobody."""


def serve(
    settings: SandboxSettings,
    *,
    host: str = "127.0.0.1",
    port: int = 8788,
    on_listening: Callable[[int], None] = _untold,
) -> None:
    """Run until SIGINT or SIGTERM; answers under way are finished. `on_listening` is told the port, once it is ours.

    Raises:
        ConfigError: the port, or the one for mail, cannot be had.
    """
    _quieten_cut_answers()
    with _bound(host, port) as listener:
        app = build_app(settings)
        gc.freeze()  # a large world is no garbage; looking through it would hold up answers
        server = uvicorn.Server(_uvicorn_config(app))
        listener.listen(server.config.backlog)
        on_listening(listener.getsockname()[1])
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
    if not server.started:
        sys.exit(_STARTUP_FAILURE)


def _bound(host: str, port: int) -> socket.socket:
    """Take a port, which nobody can connect to yet."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        why = error.strerror or str(error)
        raise ConfigError(
            f"sandbox: port {port} cannot be had ({why}); stop what uses it, or choose another with --port"
        ) from error
    return listener


def _uvicorn_config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(app, access_log=False, log_level="warning", timeout_graceful_shutdown=5)


class RunningSandbox:
    """A sandbox in a thread, on a free port; a context manager."""

    def __init__(self, settings: SandboxSettings, clock: Callable[[], datetime] = utc_now) -> None:
        app = build_app(settings, clock)
        self.desk: Desk = app.state.desk
        self._server = uvicorn.Server(_uvicorn_config(app))
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
