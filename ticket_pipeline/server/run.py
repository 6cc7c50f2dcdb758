"""Running the app: its address, its limits, its end."""

import gc
import logging
import resource
import socket
from collections.abc import Callable, Sequence

import uvicorn
from starlette.applications import Starlette

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.log_lines import write_logs
from ticket_pipeline.server.app import ServerParts, build_server
from ticket_pipeline.server.connections import Connection

log = logging.getLogger(__name__)

DEFAULT_PORT = 8787
#: Streams of counters hold nothing, and leave room for webhooks.
MOST_CONNECTIONS = 13_000


def serve(parts: ServerParts, *, host: str = "127.0.0.1", port: int = DEFAULT_PORT, json_logs: bool = False) -> None:
    """Serve until SIGINT or SIGTERM; answers under way are finished, and what waits is landed.

    Raises:
        ConfigError: the address cannot be listened on.
    """
    write_logs(as_json=json_logs, level=logging.INFO)
    _allow_many_connections()
    gc.freeze()  # what is here now stays; looking through it again would hold up answers
    with listening(host, port) as listener:
        counted = {"sites": len(parts.sites), "webhooks": len(parts.endpoints)}
        log.info("serving", extra={"host": host, "port": port, **counted})
        make_server(parts).run(sockets=[listener])


def make_server(parts: ServerParts) -> uvicorn.Server:
    """Make what runs the app, and stops in a moment however many streams are open."""
    return _Server(uvicorn_config(build_server(parts)), parts.on_stopping)


def listening(host: str, port: int) -> socket.socket:
    """Listen on an address; port 0 is any that is free.

    Raises:
        ConfigError: it is taken, or not ours to take.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        why = (error.strerror or str(error)).partition(" (while ")[0]
        raise ConfigError(f"server: cannot listen on {host}:{port} ({why}); choose another --port") from error


def uvicorn_config(app: Starlette) -> uvicorn.Config:
    """Give the settings under which the app is run."""
    return uvicorn.Config(
        app,
        http=Connection,
        lifespan="on",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=2048,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
    )


def _allow_many_connections() -> None:
    """Raise how many files we may have open to what the system lets us; every stream is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + 1_000 if hard == resource.RLIM_INFINITY else min(hard, MOST_CONNECTIONS + 1_000)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class _Server(uvicorn.Server):
    """Says that it stops before it waits for answers under way: a stream is one that would never end."""

    def __init__(self, config: uvicorn.Config, on_stopping: Sequence[Callable[[], None]]) -> None:
        super().__init__(config)
        self._on_stopping = on_stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for each in self._on_stopping:
            each()
        await super().shutdown(sockets)
