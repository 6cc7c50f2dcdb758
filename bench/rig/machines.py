"""Where Dagster runs: on one machine over SQLite, or on many over PostgreSQL, Redis and Celery workers."""

import os
import shlex
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from sqlalchemy import create_engine, text

from bench.rig.children import running
from bench.rig.dagster import Dagster, dagster, environment_of
from bench.rig.machine import ROOT
from ticket_pipeline_tests.real.postgresql_server import PostgresqlServer, programs, running_postgresql
from ticket_pipeline_tests.real.redis_server import running_redis

_CELERY = ROOT / "deploy" / "celery"
_PATIENCE = 120.0


@dataclass(frozen=True, kw_only=True)
class Machines:
    """What Dagster and our state are told of where they are."""

    #: The state's address; None for a file in the folder.
    state: str | None = None
    settings: Path = ROOT / "dagster.yaml"
    variables: Mapping[str, str] = field(default_factory=dict)
    #: The address of an empty database for a ticketing system, where there is a server.
    destination: str | None = None

    @contextmanager
    def dagster(self, folder: Path, declared: Path) -> Iterator[Dagster]:
        """Run Dagster for the block, without workers."""
        with dagster(folder, declared, settings=self.settings, variables=self.variables) as there:
            yield there

    @contextmanager
    def workers(self, folder: Path, declared: Path, names: Sequence[str], *, concurrency: int = 1) -> Iterator[None]:
        """Run Celery workers of these names for the block, which are ready for work."""
        # The worker finds its settings there; elsewhere that is the folder where it is started.
        shutil.copy(_CELERY / "dagster_celery_config.py", folder)
        environment = {**environment_of(folder, declared), **self.variables, "PYTHONPATH": str(folder)}
        with ExitStack() as stack:
            logs = [folder / f"{name}.log" for name in names]
            for log in logs:
                stack.enter_context(running(_worker(log.stem, concurrency), log=log, environment=environment))
            _wait_for(logs)
            yield


@contextmanager
def many_machines(folder: Path) -> Iterator[Machines]:
    """Run a PostgreSQL and a Redis for the block; the bench's own process finds them, too."""
    found = programs()
    if found is None:
        raise RuntimeError("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with running_postgresql(found) as postgresql, running_redis(folder) as redis:
        variables = {
            "TICKET_PIPELINE_DAGSTER_STORAGE": _database(postgresql, "dagster", driver="psycopg2"),
            "TICKET_PIPELINE_BROKER": redis.url(0),
            "TICKET_PIPELINE_RESULTS": redis.url(1),
        }
        before = dict(os.environ)
        os.environ.update(variables)
        try:
            yield Machines(
                state=_database(postgresql, "tickets"),
                settings=_CELERY / "dagster.yaml",
                variables=variables,
                destination=_database(postgresql, "ticketing"),
            )
        finally:
            os.environ.clear()
            os.environ.update(before)


def _database(postgresql: PostgresqlServer, name: str, *, driver: str = "psycopg") -> str:
    engine = create_engine(postgresql.url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return postgresql.url(name, driver=driver)


def _worker(name: str, concurrency: int) -> list[str]:
    """Give the command of deploy/celery/Procfile, under this name and with so many runs at once."""
    processes = yaml.safe_load((_CELERY / "Procfile").read_text(encoding="utf-8"))
    program, *arguments = shlex.split(processes["worker"].replace("$PORT", name))
    arguments[arguments.index("--concurrency") + 1] = str(concurrency)
    return [str(Path(sys.executable).parent / program), *arguments]


def _wait_for(logs: list[Path]) -> None:
    until = time.monotonic() + _PATIENCE
    while not all(" ready." in log.read_text(encoding="utf-8", errors="replace") for log in logs):
        if time.monotonic() > until:
            raise RuntimeError(f"a worker did not start:\n{logs[-1].read_text(encoding='utf-8')[-3000:]}")
        time.sleep(0.1)
