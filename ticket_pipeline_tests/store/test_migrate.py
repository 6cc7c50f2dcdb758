import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.store.database import Database, open_database
from ticket_pipeline.store.migrate import VERSION_TABLE, versions
from ticket_pipeline.store.schema import metadata
from ticket_pipeline_tests.store.conftest import FreshUrl

_PROCESSES = 3
_ROUNDS = 5


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
