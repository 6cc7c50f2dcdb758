"""Real servers beside the tests: installed once into a cache, started on 127.0.0.1, stopped for sure."""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

import ticket_pipeline

HOST = "127.0.0.1"
#: Where servers are installed; kept between runs, ignored by git.
CACHE = Path(ticket_pipeline.__file__).parents[1] / ".real"
_PATIENCE = 120.0
_GRACE = 10.0


def installed(name: str, install: Callable[[Path], None]) -> Path:
    """Give the folder of an installation, made now when it is missing; one process at a time makes it.

    Where it cannot be installed the test is skipped, and says why.
    """
    CACHE.mkdir(exist_ok=True)
    folder, ready = CACHE / name, CACHE / f"{name}.ready"
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            folder.mkdir(exist_ok=True)
            try:
                install(folder)
            except (OSError, subprocess.SubprocessError) as error:
                told = getattr(error, "stderr", None) or str(error)
                pytest.skip(f"{name} cannot be installed here: {str(told).strip()[-300:]}")
            ready.touch()
    return folder


def run(command: Sequence[str | Path], *, folder: Path, variables: Mapping[str, str] | None = None) -> str:
    """Run a command to its end, and give what it printed.

    Raises:
        CalledProcessError: it failed.
    """
    done = subprocess.run(
        [str(each) for each in command],
        cwd=folder,
        env={**os.environ, **(variables or {})},
        capture_output=True,
        text=True,
        check=True,
        timeout=900,
    )
    return done.stdout


@contextmanager
def running(
    command: Sequence[str | Path], *, folder: Path, log: Path, variables: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """Keep a process, and all that it starts, running for the block."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(each) for each in command],
            cwd=folder,
            env={**os.environ, **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            _stop(process)


def wait_until(answers: Callable[[], bool], process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until a started server answers; fail with the end of its log when it dies or takes too long."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        with suppress(OSError):
            if answers():
                return
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"{log.stem} did not come up:\n{log.read_text(errors='replace')[-3000:]}")
        time.sleep(0.2)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
