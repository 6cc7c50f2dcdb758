"""Services: other processes run from one terminal, started, waited for and stopped as one."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from ticket_pipeline.errors import ConfigError, TicketPipelineError

#: What ends a terminal's work.
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LOOK_EVERY = 0.1
_PATIENCE = 90.0
#: How long a process may take to end by itself, and then what it started.
_GRACE = 10.0
_LEFTOVERS = 3.0
_LAST_LINES = 20


class ServiceDiedError(TicketPipelineError):
    """A service ended, or never answered; its last lines are in the sentence."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """A process to run beside others."""

    name: str
    command: Sequence[str]
    #: What it is called where people read its address; its name, if nothing is said.
    title: str = ""
    #: Answers once the service is ready; None: it is as soon as it runs.
    ready_url: str | None = None
    #: The port it listens on, and the option that chooses another.
    port: int | None = None
    port_option: str | None = None
    #: More ports that it listens on, by the option that chooses another.
    more_ports: Mapping[str, int] = field(default_factory=dict)
    #: The page of it worth looking at.
    page: str = "/"
    #: Added to the supervisor's environment.
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Running:
    service: Service
    process: subprocess.Popen[bytes]
    log: Path


def refuse_ports_in_use(services: Iterable[Service], *, host: str = "127.0.0.1") -> None:
    """Look, before anything starts, whether each port is free.

    Raises:
        ConfigError: naming each port in use and what to do.
    """
    taken = [
        _taken(port, each.name, option)
        for each in services
        for option, port in ((each.port_option, each.port), *each.more_ports.items())
        if port is not None and not _is_free(host, port)
    ]
    if taken:
        raise ConfigError("\n".join(taken))


class Supervisor:
    """Runs services, each in a process group of its own; a context manager that leaves none behind."""

    def __init__(self, environment: Mapping[str, str], logs: Path) -> None:
        """Give the services this environment; what they print goes to a file each in the folder `logs`."""
        self._environment = environment
        self._logs = logs
        self._running: list[_Running] = []

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, service: Service) -> None:
        """Start a service; a terminal's Ctrl-C does not reach it, for it is ours to stop."""
        log = self._logs / f"{service.name}.log"
        with _signals_wait(), log.open("wb") as file:
            process = subprocess.Popen(  # noqa: S603 - our own commands, no shell
                list(service.command),
                env={**self._environment, **service.environment},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running.append(_Running(service, process, log))

    def wait_ready(self, service: Service, *, patience: float = _PATIENCE) -> None:
        """Wait until a started service answers.

        Raises:
            ServiceDiedError: it, or another one, ended; or it did not answer in time.
        """
        deadline = time.monotonic() + patience
        while service.ready_url is not None and not _answers(service.ready_url):
            self.look()
            if time.monotonic() > deadline:
                raise ServiceDiedError(f"{service.name} did not answer within {patience:.0f} s{self._tail(service)}")
            time.sleep(_LOOK_EVERY)

    def look(self) -> None:
        """Look after all services.

        Raises:
            ServiceDiedError: one has ended by itself.
        """
        for each in self._running:
            status = each.process.poll()
            if status is not None:
                raise ServiceDiedError(f"{each.service.name} ended with status {status}{self._tail(each.service)}")

    def watch(self) -> None:
        """Look after all services until one ends; never returns otherwise.

        Raises:
            ServiceDiedError: one has ended by itself.
        """
        while True:
            self.look()
            time.sleep(_LOOK_EVERY)

    def stop(self) -> None:
        """End all services, the last started first, and whatever they started themselves."""
        for each in reversed(self._running):
            if each.process.poll() is None:
                each.process.terminate()
        deadline = time.monotonic() + _GRACE
        for each in reversed(self._running):
            _await_end(each.process, deadline)
            _end_group(each.process.pid)
            each.process.wait()
        self._running.clear()

    def _tail(self, service: Service) -> str:
        log = next(each.log for each in self._running if each.service is service)
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:]
        return "".join([f"; all it said is in {log}", *(f"\n  {line}" for line in lines)])


@contextmanager
def _signals_wait() -> Iterator[None]:
    """Let a signal that comes now take effect right after: between its start and our note of it a process is lost."""
    came: list[int] = []
    before = {number: signal.signal(number, lambda came_by, _: came.append(came_by)) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for each in came:
        signal.raise_signal(each)


def _await_end(process: subprocess.Popen[bytes], deadline: float) -> None:
    try:
        process.wait(timeout=max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return


def _end_group(group: int) -> None:
    """Ask what is left of a process group to end, then make it; its leader may be gone already."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + _LEFTOVERS
        while _signal(group, number) and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY)


def _signal(group: int, number: signal.Signals) -> bool:
    """Send a signal; tell whether anybody was there."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _taken(port: int, name: str, option: str | None) -> str:
    remedy = f", or choose another with {option}" if option else ""
    return f"port {port}, for {name}, is in use; stop what uses it{remedy}"
