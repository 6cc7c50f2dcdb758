"""The destination `sql` on SQLite."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ticket_pipeline.destinations.base import Destination
from ticket_pipeline.destinations.sql import Config, connect
from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.model.record import Record
from ticket_pipeline_tests.destinations.changes import create, wix_id
from ticket_pipeline_tests.destinations.sql_contract import SqlContract, Watched
from ticket_pipeline_tests.mapping.tickets import fixed, ticket


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

    def test_looking_makes_no_file(self, tmp_path: Path) -> None:
        file = tmp_path / "later.db"
        destination = connect(Config(url=f"sqlite:///{file}"), self.mapping())
        assert list(destination.find()) == []
        assert [finding.level for finding in destination.check()] == ["ok"] * 3
        assert not file.exists()
        self.create(destination, ticket(id=wix_id()))
        assert len(list(destination.find())) == 1

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
