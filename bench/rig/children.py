"""Child processes that never outlive the bench."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bench.rig.machine import ROOT

_PATIENCE = 15.0


@contextmanager
def running(
    command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """Keep a process and all that it starts running for the block; what it writes goes to a file.

    It has a session of its own: Ctrl-C reaches the bench alone, which then stops it.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - commands of ours, no shell
            command,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            _stop(process)


def run_python(module: str, *arguments: str, folder: Path) -> dict[str, Any]:
    """Run a module in a fresh interpreter; give the JSON of its last line, and the seconds of the whole process.

    Raises:
        RuntimeError: it failed; the message holds the end of what it wrote.
    """
    log = folder / "child.log"
    started = time.perf_counter()
    with running([sys.executable, "-m", module, *arguments], log=log) as process:
        status = process.wait()
        seconds = time.perf_counter() - started
    written = log.read_text(encoding="utf-8", errors="replace")
    if status != 0:
        raise RuntimeError(f"{module} ended with {status}:\n{written[-3000:]}")
    figures: dict[str, Any] = json.loads(written.splitlines()[-1])
    return {**figures, "process_seconds": round(seconds, 3)}


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Ask the whole session to stop, then make it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=_PATIENCE)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
