"""The processes of a pipeline, started as `dev` starts them, to be killed at any moment."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from ticket_pipeline.config import CONFIG_VARIABLE
from ticket_pipeline.orchestration.dev import dagster_services, server_service
from ticket_pipeline.orchestration.instance import HOME_VARIABLE
from ticket_pipeline.orchestration.services import Service

_PATIENCE = 45.0


class Victim(StrEnum):
    """What can be killed."""

    SERVER = "server"
    RUN = "run"
    CODE_SERVER = "code server"
    DAEMON = "daemon"
    #: The daemon, its code servers and their runs, as a power cut would.
    DAGSTER = "daemon, code server and run"


#: What tells them apart on their command lines.
_WORDS: Mapping[Victim, tuple[bytes, ...]] = {
    Victim.SERVER: (b"ticket_pipeline\0serve",),
    Victim.RUN: (b"--multiprocessing-fork",),
    Victim.CODE_SERVER: (b"\0api\0grpc",),
    Victim.DAEMON: (b"dagster._daemon",),
    Victim.DAGSTER: (b"dagster._daemon", b"\0api\0grpc", b"--multiprocessing-fork"),
}


class Processes:
    """Our server and Dagster's daemon on one pipeline, and all that they start; leaves none of them behind."""

    def __init__(self, declared: Path, home: Path, port: int) -> None:
        """Describe them; what they print goes to files beside the pipeline.yaml."""
        _, daemon = dagster_services(home, 0)
        self._services = {Victim.SERVER: server_service(port), Victim.DAEMON: daemon}
        self._mark = f"{CONFIG_VARIABLE}={declared}"
        self._environment = {**_without_ours(os.environ), CONFIG_VARIABLE: str(declared)}
        self._logs = declared.parent
        self._leaders: dict[Victim, subprocess.Popen[bytes]] = {}
        self._one_at_a_time = Lock()

    def __enter__(self) -> Self:
        for each in self._services:
            self._start(each)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pid in self.alive():
            _kill(pid)
        for leader in self._leaders.values():
            leader.wait()

    def alive(self, victim: Victim | None = None) -> dict[int, bytes]:
        """Find the processes of a kind (None: of all): their command lines, by process id."""
        words = _WORDS[victim] if victim else (b"",)
        found = {int(each.name): _command(each, self._mark) for each in Path("/proc").iterdir() if each.name.isdigit()}
        return {pid: line for pid, line in found.items() if line and any(word in line for word in words)}

    def kill(self, victim: Victim) -> bool:
        """Kill all of a kind without a warning and start again what `dev` starts; tell whether there was any."""
        with self._one_at_a_time:
            found = self.alive(victim)
            for pid in found:
                _kill(pid)
            for each, leader in self._leaders.items():
                if leader.pid in found:
                    leader.wait()
                    self._start(each)
            return bool(found)

    def died(self) -> list[Victim]:
        """Tell which of server and daemon ended though nobody killed them."""
        return [each for each, leader in self._leaders.items() if leader.poll() is not None]

    def stop(self) -> dict[int, bytes]:
        """Ask server and daemon to end; give what is still there when they had time to."""
        for leader in self._leaders.values():
            leader.terminate()
        until = time.monotonic() + _PATIENCE
        for leader in self._leaders.values():
            with suppress(subprocess.TimeoutExpired):
                leader.wait(timeout=max(0.0, until - time.monotonic()))
        while (left := self.alive()) and time.monotonic() < until:
            time.sleep(0.1)
        return left

    def _start(self, name: Victim) -> None:
        service: Service = self._services[name]
        with (self._logs / f"{service.name}.log").open("ab") as file:
            self._leaders[name] = subprocess.Popen(
                list(service.command),
                env={**self._environment, **service.environment},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


def _without_ours(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name not in {CONFIG_VARIABLE, HOME_VARIABLE}}


def _command(process: Path, mark: str) -> bytes | None:
    """Give the command line of a process that bears the mark in its environment; the dead have none."""
    try:
        marked = mark.encode() in (process / "environ").read_bytes().split(b"\0")
        return (process / "cmdline").read_bytes() if marked else None
    except OSError:
        return None


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
