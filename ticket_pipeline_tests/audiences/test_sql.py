"""The audience `sql`: its settings, and on SQLite and PostgreSQL, the latter where one is offered."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

import pytest
from pydantic import ValidationError
from sqlalchemy import create_engine, make_url

from ticket_pipeline.audiences.sql import Config, connect
from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline_tests.audiences.people import ANNA, SUBSCRIBED, Person
from ticket_pipeline_tests.audiences.sql_contract import Database, SqlContract

_POSTGRESQL = os.environ.get("TICKET_PIPELINE_TEST_POSTGRESQL_URL", "")


class TestSqlite(SqlContract):
    """SQLite keeps the contract."""

    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'crm.db'}"

    def test_addresses_of_every_script_are_one_whatever_their_case(self, tool: Database) -> None:
        tool.hold([Person(email="ÄNNE@example.org")])
        (found,) = tool.audience.consent(["änne@example.org"])
        assert found.status is SUBSCRIBED

    def test_a_locked_database_is_for_later(self, tool: Database, tmp_path: Path) -> None:
        audience = connect(Config(url=f"{tool.url}?timeout=0", table=tool.table))
        with closing(sqlite3.connect(tmp_path / "crm.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(TransientError, match="locked"):
                list(audience.subscribers())

    def test_no_empty_database_is_made_where_there_is_none(self, tmp_path: Path) -> None:
        audience = connect(Config(url=f"sqlite:///{tmp_path / 'none.db'}", table="people"))
        with pytest.raises(ConfigError, match=r"none\.db"):
            list(audience.subscribers())
        assert not (tmp_path / "none.db").exists()

    def test_a_file_that_is_no_database_is_a_setting_to_mend(self, tmp_path: Path) -> None:
        (tmp_path / "x.db").write_text("this is no database " * 100)
        with pytest.raises(ConfigError):
            list(connect(Config(url=f"sqlite:///{tmp_path / 'x.db'}", table="people")).subscribers())


@pytest.mark.skipif(not _POSTGRESQL, reason="set TICKET_PIPELINE_TEST_POSTGRESQL_URL to a database to run this")
class TestPostgresql(SqlContract):
    """PostgreSQL keeps the contract."""

    secrets: ClassVar[tuple[str, ...]] = tuple(filter(None, [make_url(_POSTGRESQL or "sqlite://").password]))

    @pytest.fixture
    def url(self) -> str:
        return make_url(_POSTGRESQL).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)

    @pytest.fixture
    def table(self) -> str:
        return f"t{uuid4().hex[:12]}"

    def test_arrays_uuids_and_json_are_read(self, tool: Database) -> None:
        tool.make("id UUID, email TEXT, status TEXT, opt_ins TEXT[], push JSONB")
        key = str(uuid4())
        push = '{"endpoint": "https://p.test/1", "keys": {"p256dh": "B", "auth": "C"}}'
        tool.run(
            f"INSERT INTO {tool.table} VALUES (CAST(:key AS UUID), 'a@example.org', 'subscribed', ARRAY['a', 'b;c'],"
            " CAST(:push AS JSONB))",
            rows=[{"key": key, "push": push}],
        )
        (found,) = tool.audience.consent([key, "no uuid"])
        assert found.id == key
        assert found.opt_ins == {"a", "b;c"}
        assert found.push is not None

    def test_a_wrong_password_is_a_setting_to_mend(self, url: str) -> None:
        wrong = make_url(url).set(username="nobody_here", password="wrong")  # noqa: S106 - wrong on purpose
        audience = connect(Config(url=wrong.render_as_string(hide_password=False), table="people"))
        with pytest.raises(ConfigError) as caught:
            list(audience.subscribers())
        assert ":wrong" not in str(caught.value)

    def test_nobody_listening_is_for_later(self, url: str) -> None:
        silent = make_url(url).set(host="127.0.0.1", port=1, query={})
        with pytest.raises(TransientError):
            list(connect(Config(url=silent.render_as_string(hide_password=False), table="people")).subscribers())


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"table": "people", "query": "SELECT 1"},
        {"table": "people; DROP TABLE people"},
        {"table": "people", "columns": {"mail": "email"}},
        {"table": "people", "unsubscribe": "DELETE FROM people"},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Config.model_validate({"url": "sqlite:///x.db", **settings})


@pytest.mark.parametrize("url", ["nonsense:secret", "mysql://u:secret@h/d", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_cannot_work_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ConfigError, match="sqlite:///file") as caught:
        connect(Config(url=url, table="people"))
    assert "secret" not in str(caught.value)


def test_the_place_is_named_without_user_and_password() -> None:
    config = Config(url="postgresql+psycopg://anna:secret@db.example.org/crm", table="public.people")
    assert connect(config).identity == "sql:postgresql://db.example.org:5432/crm#public.people"
    assert "secret" not in repr(config)


def test_a_table_may_stand_in_a_schema(tmp_path: Path) -> None:
    made = Database(f"sqlite:///{tmp_path / 'crm.db'}", "people")
    made.hold([ANNA])
    audience = connect(Config(url=made.url, table="main.people"))
    assert [each.email for each in audience.subscribers()] == [ANNA.email]
    create_engine(made.url).dispose()
    made.close()
