import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import StatementError

from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.store import checkpoints
from ticket_pipeline.store.database import Database, Transaction, open_database
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.store.bodies import NOON
from ticket_pipeline_tests.store.conftest import POSTGRESQL


def put(tx: Transaction, value: object, name: str = "name") -> None:
    checkpoints.put(tx, "site", name, value, at=NOON)


def write(database: Database, *steps: Callable[[Transaction], object]) -> None:
    with database.writing() as tx:
        for step in steps:
            step(tx)


def sql(statement: str) -> Callable[[Transaction], object]:
    return lambda tx: tx.exec_driver_sql(statement)


def get(database: Database) -> object:
    with database.reading() as tx:
        return checkpoints.get(tx, "site", "name")


class TestTransactions:
    def test_a_block_that_ends_is_kept(self, database: Database, url: str) -> None:
        with database.writing() as tx:
            put(tx, 1)
        again = open_database(url)
        assert get(again) == 1
        again.close()

    def test_a_block_that_raises_is_undone(self, database: Database) -> None:
        with pytest.raises(ZeroDivisionError):
            write(database, lambda tx: put(tx, 1), lambda _: 1 / 0)
        assert get(database) is None

    def test_a_view_does_not_move_while_others_write(self, database: Database) -> None:
        with database.reading() as view:
            assert checkpoints.get(view, "site", "name") is None
            with database.writing() as tx:
                put(tx, 1)
            assert checkpoints.get(view, "site", "name") is None
        assert get(database) == 1

    def test_nothing_can_be_written_in_a_view(self, database: Database) -> None:
        with pytest.raises(ConfigError, match="read-only"), database.reading() as tx:
            put(tx, 1)
        with database.writing() as tx:
            put(tx, 2)
        assert get(database) == 2

    def test_a_mistake_of_ours_passes_as_it_is_and_undoes_the_block(self, database: Database) -> None:
        naive = NOON.replace(tzinfo=None)
        with pytest.raises(StatementError, match="time zone"):
            write(database, lambda tx: put(tx, 1), lambda tx: checkpoints.put(tx, "site", "other", 1, at=naive))
        assert get(database) is None

    def test_an_error_never_quotes_the_values(self, database: Database) -> None:
        with pytest.raises(ConfigError) as caught, database.writing() as tx:
            tx.execute(text("SELECT :address FROM nowhere"), {"address": "ada@example.org"})
        assert "ada@example.org" not in f"{caught.value} {caught.value.__cause__}"

    def test_two_writers_of_one_row_are_told_to_try_again(self, database: Database) -> None:
        row = "INSERT INTO checkpoints (site, name, updated_at) VALUES ('s', 'n', '2026-01-01 00:00:00')"
        with pytest.raises(TransientError, match="try again"):
            write(database, sql(row), sql(row))

    def test_a_site_delegates_to_its_database(self, database: Database) -> None:
        state = SiteState(database=database, site="site")
        with state.writing() as tx:
            put(tx, 1)
        with state.reading() as tx:
            assert checkpoints.get(tx, "site", "name") == 1


class TestSqliteFile:
    def test_missing_folders_are_made(self, tmp_path: Path) -> None:
        open_database(f"sqlite:///{tmp_path}/a b/c%d/state.db").close()
        assert (tmp_path / "a b" / "c%d" / "state.db").is_file()

    def test_a_commit_survives_a_crash(self, tmp_path: Path) -> None:
        database = open_database(f"sqlite:///{tmp_path}/state.db")
        with database.reading() as tx:
            settings = [tx.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
            foreign_keys, patience = (
                tx.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("foreign_keys", "busy_timeout")
            )
        database.close()
        full = 2
        assert settings == ["wal", full]
        assert (foreign_keys, patience) == (1, 30_000)

    def test_each_transaction_has_its_own_rights_and_care_whatever_came_before(self, tmp_path: Path) -> None:
        database = open_database(f"sqlite:///{tmp_path}/state.db")
        seen = []
        for opened in (database.noting, database.writing, database.reading, database.noting, database.writing) * 2:
            with opened() as tx:
                seen.append([tx.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("query_only", "synchronous")])
        database.close()
        normal, full = 1, 2
        assert seen == [[0, normal], [0, full], [1, full], [0, normal], [0, full]] * 2

    def test_a_folder_that_cannot_be_made_is_a_wrong_setting(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(ConfigError, match=r"the folder .*file/folder cannot be made"):
            open_database(f"sqlite:///{tmp_path}/file/folder/state.db")

    def test_a_folder_in_place_of_the_file_is_a_wrong_setting(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="cannot be opened"):
            open_database(f"sqlite:///{tmp_path}")

    def test_a_file_of_another_kind_is_a_wrong_setting(self, tmp_path: Path) -> None:
        (tmp_path / "state.db").write_text("name,price\n" * 500)
        with pytest.raises(ConfigError, match="no SQLite database"):
            open_database(f"sqlite:///{tmp_path}/state.db")

    def test_a_file_without_the_right_to_write_can_be_read(self, tmp_path: Path) -> None:
        writable = open_database(f"sqlite:///{tmp_path}/state.db")
        with writable.writing() as tx:
            put(tx, 1)
        database = open_database(f"sqlite:///file:{tmp_path}/state.db?mode=ro&uri=true")
        assert get(database) == 1
        with pytest.raises(ConfigError, match="read-only"), database.writing() as tx:
            put(tx, 2)
        database.close()
        writable.close()

    def test_a_lock_held_for_too_long_is_a_reason_to_wait(self, tmp_path: Path) -> None:
        database = open_database(f"sqlite:///{tmp_path}/state.db?timeout=0")
        other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TransientError, match=r"state\.db: .*lock"), database.writing():
            pass
        other.close()
        with database.writing() as tx:
            put(tx, 1)
        database.close()

    def test_a_file_that_others_hold_at_the_first_opening_is_waited_for(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr("time.sleep", lambda _: other.rollback())
        database = open_database(f"sqlite:///{tmp_path}/state.db?timeout=0")
        with database.reading() as tx:
            assert tx.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        database.close()
        other.close()

    def test_a_full_disk_is_a_reason_to_wait_and_loses_nothing(self, tmp_path: Path) -> None:
        database = open_database(f"sqlite:///{tmp_path}/state.db")
        with database.writing() as tx:
            put(tx, "before")
        with pytest.raises(TransientError, match=r"disk is full; make room"):
            write(database, sql("PRAGMA max_page_count=1"), lambda tx: put(tx, "x" * 1_000_000))
        assert get(database) == "before"
        database.close()


class TestPostgresqlServer:
    def test_the_tests_of_this_folder_run_there_too(self, postgresql_url: str) -> None:
        assert postgresql_url, f"skipped until {POSTGRESQL} is set"

    def test_a_server_that_is_not_there_is_a_reason_to_wait(self) -> None:
        with pytest.raises(TransientError, match="cannot be reached") as caught:
            open_database("postgresql://me:hunter2@127.0.0.1:1/db")
        assert "hunter2" not in str(caught.value)

    def test_a_wrong_password_is_a_wrong_setting(self, postgresql_url: str) -> None:
        with pytest.raises(ConfigError, match="refuses this user or password"):
            open_database(make_url(postgresql_url).set(password="wrong").render_as_string(hide_password=False))  # noqa: S106 - wrong on purpose

    def test_a_missing_database_is_a_wrong_setting(self, postgresql_url: str) -> None:
        with pytest.raises(ConfigError, match="no such database"):
            open_database(make_url(postgresql_url).set(database="nowhere").render_as_string(hide_password=False))

    def test_a_missing_schema_is_a_wrong_setting(self, postgresql_url: str) -> None:
        with pytest.raises(ConfigError, match="no such database, schema"):
            open_database(postgresql_url.replace("test_", "missing_"))

    def test_a_server_without_the_right_to_write_is_a_wrong_setting(self, postgresql_url: str) -> None:
        with pytest.raises(ConfigError, match="read-only"):
            open_database(f"{postgresql_url}%20-cdefault_transaction_read_only=on")

    def test_a_missing_right_is_a_wrong_setting(self, postgresql_url: str) -> None:
        database = open_database(postgresql_url)
        schema = make_url(postgresql_url).query["options"].removeprefix("-csearch_path=")  # type: ignore[union-attr]  # one
        grant, become = sql(f"GRANT USAGE ON SCHEMA {schema} TO pg_monitor"), sql("SET LOCAL ROLE pg_monitor")
        with pytest.raises(ConfigError, match="grant"):
            write(database, become, lambda tx: put(tx, 1))
        with pytest.raises(ConfigError, match="we lack a right there; grant it"):
            write(database, grant, become, lambda tx: put(tx, 1))
        database.close()

    def test_a_lock_held_for_too_long_is_a_reason_to_wait(self, postgresql_url: str) -> None:
        database = open_database(postgresql_url)
        with database.writing() as tx:
            put(tx, 1)
            with pytest.raises(TransientError, match="lock"):
                write(database, sql("SET LOCAL lock_timeout = 1"), lambda late: put(late, 2))
        assert get(database) == 1
        database.close()

    def test_a_lost_connection_is_a_reason_to_wait_and_the_next_one_is_new(self, postgresql_url: str) -> None:
        database = open_database(postgresql_url)
        with pytest.raises(TransientError, match="try again"):
            write(database, lambda tx: put(tx, 1), sql("SELECT pg_terminate_backend(pg_backend_pid())"))
        assert get(database) is None
        database.close()

    def test_both_ends_miss_one_that_lost_its_power(self, postgresql_url: str) -> None:
        database = open_database(postgresql_url)
        with database.reading() as tx:
            assert tx.scalar(text("SHOW tcp_keepalives_idle")) == "30"
            line = tx.connection.dbapi_connection
            assert line is not None
            assert line.info.get_parameters()["keepalives_idle"] == "30"
        database.close()
