"""Run a command beside a private PostgreSQL: `python -m ticket_pipeline_tests.real.with_postgresql pytest …`.

The command finds its address in TICKET_PIPELINE_TEST_POSTGRESQL_URL; the server is gone when the command is done.
https://www.postgresql.org/docs/15/app-initdb.html
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ticket_pipeline_tests.orchestration.free_port import free_port
from ticket_pipeline_tests.real.servers import HOST

ADDRESS = "TICKET_PIPELINE_TEST_POSTGRESQL_URL"
#: Where Debian and Ubuntu keep what is not for everybody's path, by version.
_DEBIANS = Path("/usr/lib/postgresql")
#: As root it refuses to run; Debian's package brings a user of its own.
_USERS = ("postgres", "nobody")
_NAME = "tests"
_PATIENCE = 60.0


def main(command: Sequence[str]) -> int:
    """Run the command; say plainly where there is no PostgreSQL, which is no failure."""
    programs = _programs()
    if programs is None:
        print("PostgreSQL is not installed (Debian: apt-get install postgresql): its tests are skipped")  # noqa: T201 - this is for a terminal
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with running_postgresql(programs) as url:
        return subprocess.run(command, env={**os.environ, ADDRESS: url}, check=False).returncode


@contextmanager
def running_postgresql(programs: Path) -> Iterator[str]:
    """Run a server with an empty database for the block; give its address."""
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="ticket-pipeline-postgresql-"))
    try:
        password, secret = secrets.token_hex(16), folder / "password"
        secret.write_text(password)
        if user:
            shutil.chown(folder, user)
            shutil.chown(secret, user)
        init: list[str | Path] = [
            programs / "initdb",
            "--pgdata",
            folder / "data",
            f"--username={_NAME}",
            "--pwfile",
            secret,
        ]
        more = ["--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync"]
        subprocess.run([*init, *more], cwd=folder, user=user, check=True, stdout=subprocess.DEVNULL)
        port = free_port()
        with _serving(programs, folder, port, user):
            yield f"postgresql+psycopg://{_NAME}:{password}@{HOST}:{port}/postgres"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _serving(programs: Path, folder: Path, port: int, user: str | None) -> Iterator[None]:
    settings = {"listen_addresses": HOST, "port": port, "unix_socket_directories": folder, "fsync": "off"}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (folder / "postgresql.log").open("wb") as log:
        command: list[str | Path] = [programs / "postgres", "-D", folder / "data", *options]
        process = subprocess.Popen(command, cwd=folder, user=user, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait(programs, port, process)
        yield
    finally:
        # Fast shutdown: whoever is still connected is sent away.
        process.send_signal(signal.SIGINT)
        process.wait(timeout=_PATIENCE)


def _wait(programs: Path, port: int, process: "subprocess.Popen[bytes]") -> None:
    look: list[str | Path] = [programs / "pg_isready", "--quiet", "--host", HOST, "--port", str(port)]
    deadline = time.monotonic() + _PATIENCE
    while subprocess.run(look, check=False).returncode != 0:
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("PostgreSQL did not come up")
        time.sleep(0.1)


def _programs() -> Path | None:
    """Find the folder of the newest PostgreSQL, or of the one on the path."""
    by_version = sorted(_DEBIANS.glob("*/bin/initdb"), key=lambda each: float(each.parts[-3]))
    found = by_version[-1] if by_version else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _user() -> str | None:
    """Give whom to run it as; None where we are somebody it takes."""
    if os.geteuid() != 0:
        return None
    known = {each.pw_name for each in pwd.getpwall()}
    return next(each for each in _USERS if each in known)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
