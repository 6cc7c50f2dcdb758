"""The processes of many machines, all on this one: kept running as an init system would, and killed at any moment."""

import os
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_LOOK_EVERY = 0.2
_PATIENCE = 60.0
#: Every process we start, and all that it starts, bears this.
_MARK = "TICKET_PIPELINE_FLEET"


@dataclass
class _Member:
    command: str
    folder: Path
    process: "subprocess.Popen[bytes]"


class Fleet:
    """Shell commands that are begun again whenever they end; a context manager that leaves none behind."""

    def __init__(self, variables: Mapping[str, str], logs: Path) -> None:
        """Give all of them these variables; what they print goes to a file each."""
        self._mark = f"{_MARK}={logs}"
        self._environment = {**os.environ, **variables, _MARK: str(logs)}
        self._logs = logs
        self._members: dict[str, _Member] = {}
        self._turn = threading.Lock()
        self._stopping = threading.Event()
        self._keeping = threading.Thread(target=self._keep, daemon=True)
        #: How often each was begun again.
        self.begun_again: Counter[str] = Counter()

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        self._keeping.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._keeping.join()
        for each in self._members.values():
            each.process.terminate()
        for each in self._members.values():
            with suppress(subprocess.TimeoutExpired):
                each.process.wait(_PATIENCE)
        for pid in self._alive():
            _kill(pid)
        for each in self._members.values():
            each.process.wait()

    def start(self, name: str, command: str, *, folder: Path) -> None:
        """Start a member of the fleet on its machine, which is a folder here."""
        with self._turn:
            self._members[name] = _Member(command, folder, self._begin(name, command, folder))

    def log(self, name: str) -> str:
        """Read what a member has printed."""
        return (self._logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def kill(self, pid: int) -> None:
        """Kill one of our processes, without a warning.

        Raises:
            ProcessLookupError: it has ended.
        """
        self._see_ours(pid)
        os.kill(pid, signal.SIGKILL)

    def stop_member_of(self, pid: int) -> str:
        """Tell the member that a process belongs to, and nobody else, to stop; give its name.

        Raises:
            ProcessLookupError: that process has ended.
        """
        self._see_ours(pid)
        first = os.getpgid(pid)
        with self._turn:
            (name,) = (name for name, each in self._members.items() if each.process.pid == first)
            os.kill(first, signal.SIGTERM)
        return name

    def kill_all_of(self, pid: int) -> None:
        """Kill the member that a process belongs to with all that it started, as if its machine had lost its power.

        Raises:
            ProcessLookupError: that process has ended.
        """
        self._see_ours(pid)
        os.killpg(os.getpgid(pid), signal.SIGKILL)

    def _see_ours(self, pid: int) -> None:
        """Leave alone whoever has the number of a process that ended."""
        if not self._is_ours(Path(f"/proc/{pid}")):
            raise ProcessLookupError(pid)

    def _keep(self) -> None:
        while not self._stopping.wait(_LOOK_EVERY):
            with self._turn:
                for name, each in self._members.items():
                    if each.process.poll() is not None:
                        self.begun_again[name] += 1
                        each.process = self._begin(name, each.command, each.folder)

    def _begin(self, name: str, command: str, folder: Path) -> "subprocess.Popen[bytes]":
        with (self._logs / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                ["/bin/sh", "-c", f"exec {command}"],
                cwd=folder,
                env={**self._environment, "DAGSTER_HOME": str(folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _alive(self) -> list[int]:
        return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit() and self._is_ours(each)]

    def _is_ours(self, process: Path) -> bool:
        try:
            return self._mark.encode() in (process / "environ").read_bytes().split(b"\0")
        except OSError:
            return False


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
