"""Child processes that never outlive the bench."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.rig.machine import ROOT

_PATIENCE = 15.0


@contextmanager
def running(command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None) -> Iterator[None]:
    """Keep a process and all that it starts running for the block; its output goes to a file.

    It has a session of its own, so that Ctrl-C reaches the bench alone, which then stops it.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            command,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield
        finally:
            _stop(process)


def run_python(module: str, *arguments: str, folder: Path) -> dict[str, Any]:
    """Run a module of ours in a fresh interpreter; give the JSON of its last line and the whole process's seconds.

    Raises:
        RuntimeError: it failed; the message holds the end of what it wrote.
    """
    log = folder / "child.log"
    started = time.perf_counter()
    with running([sys.executable, "-m", module, *arguments], log=log) as _:
        pass
    raise NotImplementedError(started, json)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


_ = resource
