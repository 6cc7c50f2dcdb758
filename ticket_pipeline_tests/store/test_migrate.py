import multiprocessing
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from hashlib import sha256
from threading import Barrier
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, select, text

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.store.address import read_address
from ticket_pipeline.store.database import Database, open_database
from ticket_pipeline.store.engines import WRITING, make_engine
from ticket_pipeline.store.migrate import MIGRATIONS, VERSION_TABLE, versions
from ticket_pipeline.store.schema import approvals, metadata
from ticket_pipeline_tests.store.bodies import NOON
from ticket_pipeline_tests.store.conftest import FreshUrl

_PROCESSES = 3
_ROUNDS = 5
DOOMED = ("balcony", "gallery", "stalls")


def test_the_migrations_make_the_tables_of_the_schema(database: Database) -> None:
    options = {"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": True}
    with database.reading() as tx:
        assert compare_metadata(MigrationContext.configure(tx, opts=options), metadata) == []


def test_the_migrations_are_numbered_in_a_row() -> None:
    assert versions() == tuple(f"{number:04}" for number in range(1, len(versions()) + 1))


def test_a_database_opened_again_is_left_as_it_is(url: str) -> None:
    for _ in range(2):
        database = open_database(url)
        with database.reading() as tx:
            assert tx.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}")) == versions()[-1]
        database.close()


def test_a_database_newer_than_the_code_asks_for_an_upgrade(url: str) -> None:
    database = open_database(url)
    with database.writing() as tx:
        tx.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    database.close()
    with pytest.raises(ConfigError, match=r"version 9999.*upgrade"):
        open_database(url)


def test_other_peoples_tables_under_our_names_are_left_alone(url: str) -> None:
    database = open_database(url)
    with database.writing() as tx:
        tx.execute(text(f"DROP TABLE {VERSION_TABLE}"))
    database.close()
    with pytest.raises(ConfigError, match=f"other tables named {', '.join(sorted(metadata.tables))};"):
        open_database(url)


def test_an_approval_from_before_it_named_records_keeps_what_it_still_lets_through(fresh_url: FreshUrl) -> None:
    whole, half = fresh_url(), fresh_url()
    _approve_at_version_4(whole, still_held=DOOMED)
    _approve_at_version_4(half, still_held=DOOMED[1:])
    assert (_approved(whole), _approved(half)) == ({(NOON, "box_office", "sql:box", each) for each in DOOMED}, set())


def test_an_opened_database_needs_no_alembic(url: str) -> None:
    open_database(url).close()
    with pool(1) as processes:
        assert not processes.submit(_open_and_tell_imports, url).result()


def test_processes_that_open_a_fresh_database_at_once_all_succeed(fresh_url: FreshUrl) -> None:
    rounds = [fresh_url() for _ in range(_ROUNDS)]
    with pool(_PROCESSES) as processes:
        opened = [processes.submit(_open_together, rounds) for _ in range(_PROCESSES)]
        assert [each.result(timeout=60) for each in opened] == [_ROUNDS] * _PROCESSES


def pool(processes: int) -> ProcessPoolExecutor:
    spawn = multiprocessing.get_context("spawn")
    together = spawn.Barrier(processes)
    return ProcessPoolExecutor(processes, mp_context=spawn, initializer=_meet_at, initargs=(together,))


_barriers: list[Barrier] = []


def _meet_at(barrier: Barrier) -> None:
    _barriers.append(barrier)


def _open_together(urls: list[str]) -> int:
    opened = 0
    for url in urls:
        _barriers[0].wait(timeout=30)
        open_database(url).close()
        opened += 1
    return opened


def _open_and_tell_imports(url: str) -> bool:
    sys.modules.pop("alembic", None)
    open_database(url).close()
    return "alembic" in sys.modules


def _approve_at_version_4(url: str, *, still_held: Sequence[str]) -> None:
    """Make an older database, where a person let all that was doomed go, and this much of it is still there."""
    engine = make_engine(read_address(url)).execution_options(**WRITING)
    with engine.begin() as tx:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = tx
        command.upgrade(config, "0004")
        tables = MetaData()
        tables.reflect(tx)
        for name, rows in _rows(still_held).items():
            tx.execute(tables.tables[name].insert(), [{"site": "box_office", **row} for row in rows])
    engine.dispose()


def _rows(still_held: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    digest = sha256("\n".join(DOOMED).encode()).hexdigest()[:16]
    at_box = {"destination": "sql:box"}
    return {
        "ticket_definitions": [
            {
                "id": each,
                "event_id": "gala",
                "revision": 1,
                "body": "{}",
                "deleted_at": NOON if each in DOOMED else None,
            }
            for each in (*DOOMED, "alive")
        ],
        "links": [
            {"definition_id": each, "event_id": "gala", "state": state, "fields": "{}", "written_at": NOON, **at_box}
            for each in (*DOOMED, "alive")
            for state in ["linked" if each in (*still_held, "alive") else "archived"]
        ],
        "approvals": [
            {"digest": digest, "approved_at": NOON, **at_box},
            {"digest": "of another time", "approved_at": NOON, **at_box},
            {"digest": digest, "approved_at": NOON, "destination": "sql:other"},
        ],
    }


def _approved(url: str) -> set[tuple[datetime, str, str, str]]:
    database = open_database(url)
    with database.reading() as tx:
        columns = [approvals.c[name] for name in ("approved_at", "site", "destination", "definition_id")]
        found = {(at, *names) for at, *names in tx.execute(select(*columns))}
    database.close()
    return found
