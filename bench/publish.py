"""Publish: the whole way into an SQL destination, and the same again with nothing changed."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import product
from pathlib import Path
from typing import Any

from bench.rig.figures import Target
from bench.rig.memory import peak_rss_mb
from bench.rig.pipeline import TABLE, declare, destination_file, opened, temporary_folder
from bench.rig.sandbox import sandbox
from bench.rig.timed_sync import timed_sync

SIZE, QUICK_SIZE = (1000, 10_000), (50, 500)
TARGETS = {"second.rows_written": Target(at_most=0), "second.commits": Target(at_most=0)}


def run(*, quick: bool = False) -> dict[str, Any]:
    """Sync twice; what the destination is written in between is counted by the destination's own triggers."""
    events, definitions = QUICK_SIZE if quick else SIZE
    with temporary_folder() as folder, sandbox(folder, events=events, definitions=definitions) as there:
        with opened(declare(folder, there)) as site:
            first = timed_sync(site)
        with opened(folder / "pipeline.yaml") as site, _counted(destination_file(folder)) as written:
            second = timed_sync(site)
    return {"first": first, "second": {**second, **written}, "peak_rss_mb": peak_rss_mb()}


@contextmanager
def _counted(database: Path) -> Iterator[dict[str, int]]:
    """Count the rows that others insert, update or delete in the destination, and whether anybody committed at all."""
    written: dict[str, int] = {}
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE bench_writes (row INTEGER)")
        for table, verb in product((TABLE, f"{TABLE}_prices"), ("INSERT", "UPDATE", "DELETE")):
            after = f"CREATE TRIGGER bench_{table}_{verb} AFTER {verb} ON {table}"
            connection.execute(f"{after} BEGIN INSERT INTO bench_writes VALUES (1); END")  # noqa: S608 - our own names
        before = _version(connection)
        yield written
        (rows,) = connection.execute("SELECT count(*) FROM bench_writes").fetchone()
        written.update(rows_written=rows, commits=int(_version(connection) != before))


def _version(connection: sqlite3.Connection) -> int:
    """Read SQLite's mark that changes with every commit of another connection."""
    version: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return version
