"""A real PostgreSQL, from where the system has it: a fresh cluster in a folder that goes away.

https://www.postgresql.org/docs/15/app-initdb.html
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ticket_pipeline_tests.orchestration.free_port import free_port
from ticket_pipeline_tests.real.servers import HOST, wait_until

#: Where Debian and Ubuntu keep what is not for everybody's path, by version.
_DEBIANS = Path("/usr/lib/postgresql")
#: As root it refuses to run; Debian's package brings a user of its own.
_USERS = ("postgres", "nobody")
_NAME = "tests"
_PATIENCE = 120.0


def programs() -> Path | None:
    """Find the folder of the newest PostgreSQL, or of the one on the path."""
    by_version = sorted(_DEBIANS.glob("*/bin/initdb"), key=lambda each: float(each.parts[-3]))
    found = by_version[-1] if by_version else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


class PostgresqlServer:
    """A cluster, and the server on it."""

    def __init__(self, programs: Path, folder: Path) -> None:
        """Make the cluster; it is not served yet."""
        self._programs, self._folder, self._user = programs, folder, _user()
        self._password, self._port = secrets.token_hex(16), free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._make()

    def url(self, database: str = "postgres", *, driver: str = "psycopg") -> str:
        """Give the address of a database."""
        return f"postgresql+{driver}://{_NAME}:{self._password}@{HOST}:{self._port}/{database}"

    def start(self) -> None:
        """Serve, and come back when it answers."""
        settings = {
            "listen_addresses": HOST,
            "port": self._port,
            "unix_socket_directories": self._folder,
            "fsync": "off",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self._folder / "postgresql.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._folder / "data", *options],
                cwd=self._folder,
                user=self._user,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait(self._process)

    def stop(self, *, at_once: bool = False) -> None:
        """Stop, and send away whoever is still connected; at once, it has to recover when it is started again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
            self._process.wait(timeout=_PATIENCE)
            self._process = None

    def _make(self) -> None:
        secret = self._folder / "password"
        secret.write_text(self._password)
        if self._user:
            shutil.chown(self._folder, self._user)
            shutil.chown(secret, self._user)
        init: list[str | Path] = [self._programs / "initdb", "--pgdata", self._folder / "data"]
        init += [f"--username={_NAME}", "--pwfile", secret, "--auth", "scram-sha-256"]
        init += ["--encoding", "UTF8", "--locale", "C", "--no-sync"]
        subprocess.run(init, cwd=self._folder, user=self._user, check=True, stdout=subprocess.DEVNULL)

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        look: list[str | Path] = [self._programs / "pg_isready", "--quiet", "--host", HOST, "--port", str(self._port)]
        log = self._folder / "postgresql.log"
        wait_until(lambda: subprocess.run(look, check=False).returncode == 0, process, log)


@contextmanager
def running_postgresql(programs: Path) -> Iterator[PostgresqlServer]:
    """Run a server with an empty cluster for the block."""
    folder = Path(tempfile.mkdtemp(prefix="ticket-pipeline-postgresql-"))
    try:
        server = PostgresqlServer(programs, folder)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _user() -> str | None:
    """Give whom to run it as; None where we are somebody it takes."""
    if os.geteuid() != 0:
        return None
    known = {each.pw_name for each in pwd.getpwall()}
    return next(each for each in _USERS if each in known)
