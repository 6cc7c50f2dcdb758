"""A real server in a thread, on a free port of loopback."""

import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from ticket_pipeline.server import ServerParts, listening, make_server
from ticket_pipeline.store.database import Database, open_database


@contextmanager
def serving(parts: ServerParts) -> Iterator["Client"]:
    """Serve until the block ends, then stop gracefully."""
    with listening("127.0.0.1", 0) as listener:
        server = make_server(parts)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            with requests.Session() as session:
                yield Client(session, listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(timeout=20)
            assert not thread.is_alive()


class Client:
    """What posts to a server."""

    def __init__(self, session: requests.Session, port: int) -> None:
        self.session = session
        self.port = port
        self.base = f"http://127.0.0.1:{port}"

    def post(self, body: Any, path: str = "/webhooks/wix") -> tuple[int, str]:
        answer = self.session.post(self.base + path, data=body, timeout=10)
        return answer.status_code, answer.text

    def get(self, path: str) -> requests.Response:
        return self.session.get(self.base + path, timeout=10)

    def raw(self, request: bytes) -> socket.socket:
        """Send bytes as they are; the caller reads and closes."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        connection.sendall(request)
        return connection


def impatient(path: Path) -> Database:
    """Open a database that says at once when somebody else holds its lock."""
    return open_database(f"sqlite:///{path}?timeout=0.05")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the write lock of a SQLite file."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def rows(path: Path, columns: str = "key") -> list[Any]:
    """Read the inbox through a connection of our own, as after a crash."""
    connection = sqlite3.connect(path)
    try:
        found = connection.execute(f"SELECT {columns} FROM inbox ORDER BY seq").fetchall()
        return [row[0] if len(row) == 1 else row for row in found]
    finally:
        connection.close()
