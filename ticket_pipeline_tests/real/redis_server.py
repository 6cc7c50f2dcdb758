"""A real Redis, from where the system has it, which remembers nothing once it is killed."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ticket_pipeline_tests.orchestration.free_port import free_port
from ticket_pipeline_tests.real.servers import HOST, wait_until


class RedisServer:
    """A server in memory."""

    def __init__(self, program: str, folder: Path) -> None:
        """Describe it; nothing runs yet."""
        self._port = free_port()
        self._folder = folder
        options = {"--port": str(self._port), "--bind": HOST, "--save": "", "--appendonly": "no", "--dir": str(folder)}
        self._command = [program, *(part for option in options.items() for part in option)]
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: int) -> str:
        """Give the address of one of its databases."""
        return f"redis://{HOST}:{self._port}/{database}"

    def start(self) -> None:
        """Serve, and come back when it answers."""
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, start_new_session=True)
        wait_until(self._answers, self._process, self._folder / "redis.log")

    def kill(self) -> None:
        """Kill it without a warning; all it held is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        with closing(socket.create_connection((HOST, self._port), timeout=5)) as line:
            line.sendall(b"PING\r\n")
            return line.recv(16).startswith(b"+PONG")


@contextmanager
def running_redis(folder: Path) -> Iterator[RedisServer]:
    """Run a server for the block."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("Redis is not installed (Debian: apt-get install redis-server)")
    server = RedisServer(program, folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()
