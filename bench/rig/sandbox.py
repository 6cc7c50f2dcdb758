"""A sandbox in a process of its own."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from bench.rig.children import running

_START = 60.0


@dataclass(frozen=True)
class Sandbox:
    """Where it is, and what it was asked."""

    base_url: str

    def requests_counted(self) -> int:
        """Tell how many requests the sandbox has answered since it was last told to count from nought."""
        total: int = requests.get(f"{self.base_url}/sandbox/stats", timeout=10).json()["total"]
        return total

    def count_from_nought(self) -> None:
        """Forget the requests so far."""
        requests.post(f"{self.base_url}/sandbox/stats/reset", json={}, timeout=10).raise_for_status()


@contextmanager
def sandbox(folder: Path, *, events: int, definitions: int, latency_ms: float = 0.0) -> Iterator[Sandbox]:
    """Run a sandbox with a world of this size for the block; every answer takes `latency_ms` longer."""
    port = free_port()
    command = [sys.executable, "-m", "ticket_pipeline.sandbox", "--port", str(port), "--events", str(events)]
    command += ["--definitions", str(definitions), "--latency-ms", str(latency_ms)]
    log = folder / f"sandbox-{port}.log"
    with running(command, log=log) as process:
        there = Sandbox(f"http://127.0.0.1:{port}")
        _wait(there, process, log)
        yield there


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait(there: Sandbox, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + _START
    while time.monotonic() < until and process.poll() is None:
        try:
            there.requests_counted()
            return
        except requests.ConnectionError:
            time.sleep(0.05)
    raise RuntimeError(f"the sandbox did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")
