"""The destination `sql` on SQLite, and on PostgreSQL where TICKET_PIPELINE_TEST_POSTGRESQL_URL names one."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from pydantic import ValidationError
from sqlalchemy import create_engine, event, inspect, text

from ticket_pipeline.destinations import sql
from ticket_pipeline.destinations.base import Destination
from ticket_pipeline.destinations.sql import Config, SqlDestination, connect
from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.mapping.mapping import build_mapping
from ticket_pipeline.model.record import Record
from ticket_pipeline_tests.destinations.contract import DestinationContract, create, refused, update, wix_id
from ticket_pipeline_tests.mapping.tickets import fixed, options, ticket

_POSTGRESQL = os.environ.get("TICKET_PIPELINE_TEST_POSTGRESQL_URL", "")


class Watched(SqlDestination):
    """A destination whose writing statements are kept."""

    def __init__(self, config: Config, mapping: Any) -> None:
        super().__init__(config, mapping)
        self.statements: list[str] = []
        event.listen(self.engine, "before_cursor_execute", self._keep)

    def _keep(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            self.statements.append(statement)


class SqlContract(DestinationContract):
    """What holds on every database."""

    kind: ClassVar[ModuleType] = sql

    @pytest.fixture
    def config(self) -> Config:
        raise NotImplementedError

    @pytest.fixture
    def destination(self, config: Config) -> Iterator[Watched]:
        made = Watched(config, self.mapping())
        yield made
        made.close()

    def writes(self, destination: Destination) -> int:
        assert isinstance(destination, Watched)
        return len(destination.statements)

    def run(self, destination: SqlDestination, *statements: str) -> list[Any]:
        """Do what an owner of the database may do; `{t}` stands for the table of tickets."""
        name = destination.identity.partition("#")[2]
        with destination.engine.execution_options(writing=True).begin() as connection:
            results = [connection.execute(text(statement.format(t=name))) for statement in statements]
            return list(results[-1]) if results[-1].returns_rows else []

    def test_the_wix_id_is_in_no_update(self, destination: Watched) -> None:
        held = self.create(destination, ticket(id=wix_id()))
        list(destination.apply([update(self.record(ticket(id=held.definition_id, name="VIP")), held)]))
        list(destination.apply([create(self.record(ticket(id=held.definition_id, name="VIP 2")))]))
        written = [statement for statement in destination.statements if "SET" in statement]
        assert len(written) >= 3
        for statement in written:
            assert "wix_ticket_definition_id" not in statement.partition("SET")[2].partition("WHERE")[0]

    def test_price_options_that_did_not_change_are_not_written(self, destination: Watched) -> None:
        pricing = options(("a", "Adult", "20"), ("b", "Child", "9.50"))
        held = self.create(destination, ticket(id=wix_id(), pricing=pricing))
        destination.statements.clear()
        list(destination.apply([update(self.record(ticket(id=held.definition_id, name="X", pricing=pricing)), held)]))
        assert len(destination.statements) == 1

    def test_columns_we_do_not_know_keep_their_values(self, destination: Watched) -> None:
        held = self.create(destination, ticket(id=wix_id(), pricing=options(("a", "Adult", "20"))))
        name = destination._tables.tickets.name
        self.run(
            destination,
            "ALTER TABLE {t} ADD COLUMN seat TEXT",
            "ALTER TABLE {t}_prices ADD COLUMN note TEXT",
            "UPDATE {t} SET seat = 'A1'",
            "UPDATE {t}_prices SET note = 'ours'",
        )
        after = ticket(id=held.definition_id, name="VIP", pricing=options(("b", "Child", "1"), ("a", "Adult", "21")))
        again = connect(sql.Config(url=str(destination.engine.url.render_as_string(False)), table=name), self.mapping())
        list(again.apply([update(self.record(after), held)]))
        self.assert_holds(again, after)
        again.close()
        seen = self.run(destination, "SELECT seat, (SELECT note FROM {t}_prices WHERE name = 'Adult') FROM {t}")
        assert seen == [("A1", "ours")]

    def test_a_table_that_lacks_columns_is_one_error_with_the_statements_that_add_them(
        self, config: Config, destination: Watched
    ) -> None:
        name = config.table
        self.run(destination, "CREATE TABLE {t} (id INTEGER PRIMARY KEY, wix_ticket_definition_id TEXT, title TEXT)")
        change = create(self.record(ticket(id=wix_id())))
        with pytest.raises(ConfigError) as caught:
            list(destination.apply([change]))
        message = str(caught.value)
        assert f"ALTER TABLE {name} ADD COLUMN price NUMERIC;" in message
        assert f"{name} has no column 'archived'" in message
        assert "no unique index" in message
        statements = [line.strip() for line in message.splitlines() if line.startswith("  ")]
        self.run(destination, *statements)
        list(destination.find())

    def test_a_table_made_after_the_message_is_adopted(self, destination: Watched) -> None:
        counted = "INTEGER" if destination.engine.dialect.name == "sqlite" else "BIGSERIAL"
        self.run(
            destination, "CREATE TABLE {t} (id " + counted + " PRIMARY KEY, wix_ticket_definition_id TEXT, extra TEXT)"
        )
        self.run(destination, "INSERT INTO {t} (extra) VALUES ('not from Wix')")
        with pytest.raises(ConfigError) as caught:
            list(destination.find())
        self.run(destination, *[line.strip() for line in str(caught.value).splitlines() if line.startswith("  ")])
        wanted = ticket(id=wix_id(), pricing=options(("a", "Adult", "20")))
        self.create(destination, wanted)
        self.assert_holds(destination, wanted)
        assert len(list(destination.find())) == 1

    def test_looking_at_a_place_without_tables_creates_none(self, config: Config, destination: Watched) -> None:
        assert list(destination.find()) == []
        assert not inspect(destination.engine).has_table(config.table)

    def test_a_batch_with_several_refused_rows_makes_all_the_others(self, destination: Watched) -> None:
        records = [self.record(ticket(id=wix_id(), name=f"T{n}")) for n in range(600)]
        for n in (0, 1, 250, 599):
            records[n] = self.refuse(destination, records[n])
        outcomes = list(destination.apply([create(record) for record in records]))
        assert [n for n, outcome in enumerate(outcomes) if outcome.refused] == [0, 1, 250, 599]
        assert len(list(destination.find())) == 596
        assert len(list(destination.find([record.definition_id for record in records]))) == 596

    def test_a_unique_column_of_theirs_refuses_one_row_as_a_constraint(self, destination: Watched) -> None:
        self.create(destination, ticket(id=wix_id(), name="Taken"))
        self.run(destination, "CREATE UNIQUE INDEX {t}_title ON {t} (title)")
        records = [self.record(ticket(id=wix_id(), name=name)) for name in ("Free", "Taken", "Also free")]
        outcomes = list(destination.apply([create(record) for record in records]))
        assert [outcome.code for outcome in outcomes] == [None, "constraint", None]

    def test_names_given_away_and_taken_in_one_call_find_their_order(self, destination: Watched) -> None:
        first = self.create(destination, ticket(id=wix_id(), name="A"))
        self.run(destination, "CREATE UNIQUE INDEX {t}_title ON {t} (title)")
        renamed = update(self.record(ticket(id=first.definition_id, name="B")), first)
        taken = create(self.record(ticket(id=wix_id(), name="A")))
        assert refused(list(destination.apply([renamed, taken]))) == []

    def test_several_threads_write_the_same_place(self, config: Config, destination: Watched) -> None:
        ids = [wix_id() for _ in range(40)]
        failures: list[BaseException] = []

        def work() -> None:
            mine = connect(config, self.mapping())
            try:
                for definition_id in ids:
                    (outcome,) = mine.apply([create(self.record(ticket(id=definition_id)))])
                    assert not outcome.refused, outcome.reason
            except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
                failures.append(error)
            finally:
                mine.close()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert sorted(held.definition_id for held in destination.find()) == sorted(ids)

    def test_what_others_wrote_into_our_columns_can_be_read(self, destination: Watched) -> None:
        held = self.create(destination, ticket(id=wix_id()))
        self.run(destination, "UPDATE {t} SET price = 12.5, sale_start = '2026-05-02 00:00:00+02'")
        fields = self.held(destination, held.definition_id).fields
        assert fields["price"] == Decimal("12.5")
        assert str(fields["sale_start"]) in {"2026-05-01 22:00:00+00:00", "2026-05-02 00:00:00+02"}

    def test_a_check_before_the_first_write_leaves_nothing_behind(self, config: Config, destination: Watched) -> None:
        findings = list(destination.check())
        assert [finding.level for finding in findings] == ["ok"] * 3
        assert "will be created" in findings[1].seen
        assert not inspect(destination.engine).has_table(config.table)

    def test_a_check_of_a_table_in_use_counts_and_leaves_no_row(self, destination: Watched) -> None:
        self.create(destination, ticket(id=wix_id()))
        findings = list(destination.check())
        assert [finding.level for finding in findings] == ["ok"] * 3
        assert "holds 1 rows" in findings[1].seen
        assert len(list(destination.find())) == 1


class TestSqlite(SqlContract):
    """SQLite keeps the contract."""

    @pytest.fixture
    def config(self, tmp_path: Path) -> Config:
        return Config(url=f"sqlite:///{tmp_path / 'ticketing.db'}")

    def refuse(self, _: Destination, record: Record) -> Record:
        return replace(record, fields={**record.fields, "price": Decimal("1.2345678901234567890123")})

    def test_a_reader_of_the_file_sees_numbers_words_and_plain_instants(
        self, tmp_path: Path, destination: Watched
    ) -> None:
        self.create(destination, ticket(id="w1", pricing=fixed("65.00")))
        self.create(destination, ticket(id="w2", pricing=fixed("19.99"), hidden=True))
        with closing(sqlite3.connect(tmp_path / "ticketing.db")) as connection:
            rows = connection.execute(
                "SELECT wix_ticket_definition_id, price, hidden, sale_start, archived, datetime(sale_start)"
                " FROM tickets WHERE price > 9 ORDER BY price DESC"
            ).fetchall()
            total = connection.execute("SELECT sum(price) FROM tickets").fetchone()
        assert rows == [
            ("w1", 65, 0, "2026-05-01T22:30:00+00:00", 0, "2026-05-01 22:30:00"),
            ("w2", 19.99, 1, "2026-05-01T22:30:00+00:00", 0, "2026-05-01 22:30:00"),
        ]
        assert total == (84.99,)

    def test_a_trigger_that_raises_refuses_one_row(self, destination: Watched) -> None:
        self.create(destination, ticket(id=wix_id()))
        for mode in ("ABORT", "FAIL", "ROLLBACK"):
            self.run(
                destination,
                f"CREATE TRIGGER no_{mode} BEFORE INSERT ON tickets WHEN NEW.title = '{mode}'"
                f" BEGIN SELECT RAISE({mode}, 'sold by hand'); END",
            )
        names = ["a", "ABORT", "b", "ROLLBACK", "c", "FAIL", "d"]
        outcomes = list(destination.apply([create(self.record(ticket(id=wix_id(), name=name))) for name in names]))
        assert [outcome.code for outcome in outcomes] == [None, "constraint"] * 3 + [None]
        assert "sold by hand" in str(outcomes[1].reason)
        assert len(list(destination.find())) == 5

    @pytest.mark.parametrize("value", ["\ud800", 2**70])
    def test_a_value_the_driver_cannot_take_is_refused_alone(self, destination: Watched, value: Any) -> None:
        record = self.record(ticket(id=wix_id()))
        field = "title" if isinstance(value, str) else "capacity"
        bad = replace(record, fields={**record.fields, field: value})
        outcomes = list(destination.apply([create(bad), create(self.record(ticket(id=wix_id())))]))
        assert [outcome.code for outcome in outcomes] == ["value", None]

    def test_a_locked_database_is_for_later(self, tmp_path: Path) -> None:
        destination = connect(Config(url=f"sqlite:///{tmp_path / 'ticketing.db'}?timeout=0"), self.mapping())
        self.create(destination, ticket(id=wix_id()))
        with closing(sqlite3.connect(tmp_path / "ticketing.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(TransientError, match="locked"):
                list(destination.apply([create(self.record(ticket(id=wix_id())))]))
            with pytest.raises(TransientError, match="locked"):
                list(destination.find())

    def test_a_database_in_a_missing_folder_is_a_setting_to_mend(self, tmp_path: Path) -> None:
        destination = connect(Config(url=f"sqlite:///{tmp_path}/no/such/ticketing.db"), self.mapping())
        with pytest.raises(ConfigError, match="folder"):
            list(destination.find())
        (finding,) = destination.check()
        assert (finding.level, bool(finding.remedy)) == ("error", True)

    def test_a_file_that_is_no_database_is_a_setting_to_mend(self, tmp_path: Path) -> None:
        (tmp_path / "x.db").write_text("this is no database " * 100)
        with pytest.raises(ConfigError, match="no SQLite database"):
            list(connect(Config(url=f"sqlite:///{tmp_path / 'x.db'}"), self.mapping()).find())

    def test_a_database_that_may_only_be_read_says_so(self, tmp_path: Path, destination: Watched) -> None:
        self.create(destination, ticket(id=wix_id()))
        url = f"sqlite:///file:{tmp_path / 'ticketing.db'}?mode=ro&uri=true"
        readonly = connect(Config(url=url), self.mapping())
        assert len(list(readonly.find())) == 1
        with pytest.raises(ConfigError, match="right to write"):
            list(readonly.apply([create(self.record(ticket(id=wix_id())))]))
        assert [finding.level for finding in readonly.check()] == ["ok", "ok", "error"]

    def test_a_damaged_price_is_read_as_the_text_it_is(self, destination: Watched) -> None:
        held = self.create(destination, ticket(id=wix_id()))
        self.run(destination, "UPDATE tickets SET price = 'cheap', sale_start = 'soon'")
        fields = self.held(destination, held.definition_id).fields
        assert (fields["price"], fields["sale_start"]) == ("cheap", "soon")

    def test_ids_are_not_used_again(self, destination: Watched) -> None:
        held = self.create(destination, ticket(id=wix_id()))
        self.run(destination, "DELETE FROM tickets")
        assert self.create(destination, ticket(id=wix_id())).external_id != held.external_id


@pytest.mark.skipif(not _POSTGRESQL, reason="set TICKET_PIPELINE_TEST_POSTGRESQL_URL to a database to run this")
class TestPostgresql(SqlContract):
    """PostgreSQL keeps the contract."""

    @pytest.fixture
    def config(self) -> Iterator[Config]:
        config = Config(url=_POSTGRESQL, table=f"t{uuid4().hex[:12]}")
        yield config
        engine = create_engine(_POSTGRESQL)
        with engine.begin() as connection:
            connection.execute(text(f"DROP TABLE IF EXISTS {config.table}, {config.table}_prices"))
        engine.dispose()

    def refuse(self, _: Destination, record: Record) -> Record:
        return replace(record, fields={**record.fields, "title": "a\x00b"})

    def test_a_wrong_password_is_a_setting_to_mend(self, config: Config) -> None:
        engine = create_engine(config.url)
        url = engine.url.set(username="nobody_here", password="wrong").render_as_string(False)  # noqa: S106 - wrong on purpose
        with pytest.raises(ConfigError) as caught:
            list(connect(Config(url=url), self.mapping()).find())
        assert "wrong" not in str(caught.value)

    def test_a_missing_database_is_a_setting_to_mend(self, config: Config) -> None:
        url = create_engine(config.url).url.set(database="no_such_database").render_as_string(False)
        with pytest.raises(ConfigError, match="database"):
            list(connect(Config(url=url), self.mapping()).find())

    def test_nobody_listening_is_for_later(self, config: Config) -> None:
        url = create_engine(config.url).url.set(host="127.0.0.1", port=1, query={}).render_as_string(False)
        with pytest.raises(TransientError):
            list(connect(Config(url=url), self.mapping()).find())

    def test_a_constraint_checked_at_commit_refuses_one_row(self, destination: Watched) -> None:
        self.create(destination, ticket(id=wix_id(), name="Taken"))
        self.run(
            destination,
            "ALTER TABLE {t} ADD CONSTRAINT {t}_u UNIQUE (title) DEFERRABLE INITIALLY DEFERRED",
        )
        records = [self.record(ticket(id=wix_id(), name=name)) for name in ("Free", "Taken", "Also free")]
        outcomes = list(destination.apply([create(record) for record in records]))
        assert [outcome.code for outcome in outcomes] == [None, "constraint", None]


def test_the_place_has_one_name_whoever_looks() -> None:
    mapping = build_mapping(sql.DEFAULT_MAPPING)
    names = [
        connect(Config(url=url), mapping).identity
        for url in (
            "postgresql+psycopg://anna:secret@db.example.org/box",
            "postgresql://ben:other@db.example.org:5432/box",
        )
    ]
    assert names == ["sql:postgresql://db.example.org:5432/box#tickets"] * 2


def test_a_relative_path_is_named_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    destination = connect(Config(url="sqlite:///x.db", table="t"), build_mapping(sql.DEFAULT_MAPPING))
    assert destination.identity == f"sql:sqlite:{tmp_path}/x.db#t"


@pytest.mark.parametrize(
    "url",
    [
        "nonsense:secret",
        "postgres://u:secret@h/d",
        "mysql://u:secret@h/d",
        "sqlite://",
        "sqlite:///:memory:",
        "oracle://u:secret@h",
    ],
)
def test_a_url_that_cannot_work_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ConfigError, match="sqlite:///file") as caught:
        connect(Config(url=url), build_mapping(sql.DEFAULT_MAPPING))
    assert "secret" not in str(caught.value)


def test_a_missing_driver_is_named() -> None:
    with pytest.raises(ConfigError, match="psycopg2"):
        connect(Config(url="postgresql+psycopg2://u:pw@h/d"), build_mapping(sql.DEFAULT_MAPPING))


def test_the_settings_show_no_password_and_take_nothing_else() -> None:
    assert "secret" not in repr(Config(url="postgresql://u:secret@h/d"))
    with pytest.raises(ValidationError):
        Config.model_validate({"url": "sqlite:///x.db", "tabel": "t"})


@pytest.mark.parametrize("name", ["id", "archived", "ID", "two words", "Title"])
def test_a_field_that_cannot_be_a_column_is_refused(name: str) -> None:
    mapping = build_mapping(sql.DEFAULT_MAPPING, {name: "name"})
    with pytest.raises(ConfigError, match=name):
        connect(Config(url="sqlite:///x.db"), mapping)


def test_only_one_list_of_parts_is_held() -> None:
    mapping = build_mapping(sql.DEFAULT_MAPPING, {"more": {"each": "options", "fields": {"n": "name"}}})
    with pytest.raises(ConfigError, match="price_options, more"):
        connect(Config(url="sqlite:///x.db"), mapping)


def test_parts_without_an_option_id_are_told_apart_by_their_place(tmp_path: Path) -> None:
    mapping = build_mapping({"prices": {"each": "options", "fields": {"label": "name"}}})
    destination = connect(Config(url=f"sqlite:///{tmp_path}/x.db"), mapping)
    record = mapping.record(ticket(pricing=options(("a", "A", "1"), ("b", "B", "2"))), None)
    list(destination.apply([create(record)]))
    (held,) = destination.find()
    assert held.fields == {"prices": ({"label": "A"}, {"label": "B"})}


def test_a_mapping_without_parts_needs_no_second_table(tmp_path: Path) -> None:
    mapping = build_mapping({"title": "name"})
    destination = connect(Config(url=f"sqlite:///{tmp_path}/x.db"), mapping)
    list(destination.apply([create(mapping.record(ticket(), None))]))
    assert inspect(destination.engine).get_table_names() == ["tickets"]
    (held,) = destination.find()
    assert held.fields == {"title": "General Admission"}
