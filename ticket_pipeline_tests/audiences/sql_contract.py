"""What the audience `sql` must keep on every database, beside the contract of all audiences."""

import gc
import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from ticket_pipeline.audiences.sql import Config, SqlAudience, connect
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.model.finding import Level
from ticket_pipeline_tests.audiences.contract import AudienceContract
from ticket_pipeline_tests.audiences.people import (
    ANNA,
    BEN,
    CHLOE,
    PENDING,
    SUBSCRIBED,
    SUPPRESSED,
    UNSUBSCRIBED,
    Person,
    by_address,
)

COLUMNS = "email TEXT, name TEXT, status TEXT, locale TEXT, opt_ins TEXT"


class Database:
    """A table of subscribers and its audience."""

    def __init__(self, url: str, table: str) -> None:
        self.url, self.table = url, table
        self.owner = create_engine(url)
        self.make(COLUMNS)
        self.audience = connect(Config(url=url, table=table))

    def make(self, columns: str) -> None:
        self.run(f"DROP TABLE IF EXISTS {self.table}", f"CREATE TABLE {self.table} ({columns})")

    def run(self, *statements: str, rows: Iterable[dict[str, Any]] = ()) -> list[Any]:
        """Do what the owner of the database may do."""
        with self.owner.begin() as connection:
            for statement in statements:
                result = connection.execute(text(statement), list(rows) or None)
            return list(result) if result.returns_rows else []

    def hold(self, people: Iterable[Person]) -> None:
        rows = [
            {"email": each.email, "name": each.name, "status": each.status, "opt_ins": ";".join(each.opt_ins)}
            for each in people
        ]
        self.run(f"DELETE FROM {self.table}")
        if rows:
            self.run(f"INSERT INTO {self.table} VALUES (:email, :name, :status, '', :opt_ins)", rows=rows)

    def fold_odd_status(self) -> None:
        self.hold([Person(email="odd@example.org", status="cleaned", opt_ins=("gala",))])

    def fail_midway(self) -> None:
        self.run(f"ALTER TABLE {self.table} RENAME COLUMN status TO state")

    def query(self, query: str, **settings: Any) -> SqlAudience:
        return connect(Config(url=self.url, query=query.format(t=self.table), **settings))

    def close(self) -> None:
        self.audience.close()
        self.run(f"DROP TABLE IF EXISTS {self.table}")
        self.owner.dispose()


class SqlContract(AudienceContract):
    """What holds on every database."""

    @pytest.fixture
    def url(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def table(self) -> str:
        return "people"

    @pytest.fixture
    def tool(self, url: str, table: str) -> Iterator[Database]:
        made = Database(url, table)
        yield made
        made.close()

    def test_columns_called_otherwise_are_read(self, tool: Database) -> None:
        tool.make("key INTEGER, mail TEXT, state TEXT, topics TEXT, endpoint TEXT, p256dh TEXT, auth TEXT")
        tool.run(
            f"INSERT INTO {tool.table} VALUES (7, 'A@example.org', 'Subscribed', 'a;b', 'https://p.test/1', 'B', 'C'),"
            " (8, NULL, 'pending', NULL, 'https://p.test/2', 'B', 'C'), (9, NULL, 'subscribed', 'a', NULL, NULL, NULL)"
        )
        names = {"id": "key", "email": "mail", "status": "state", "opt_ins": "topics"}
        names |= {"push_endpoint": "endpoint", "push_p256dh": "p256dh", "push_auth": "auth"}
        audience = connect(Config(url=tool.url, table=tool.table, columns=names))
        first, second, third = sorted(audience.subscribers(), key=lambda each: each.id)
        assert (first.id, first.email, first.status) == ("7", "A@example.org", SUBSCRIBED)
        assert first.opt_ins == {"a", "b"}
        assert second.push is not None
        assert (second.push.endpoint, second.status, second.flaw) == ("https://p.test/2", PENDING, None)
        assert third.flaw == "no_address"
        assert [each.id for each in audience.consent(["8", "7", "x"])] == ["8", "7"]
        audience.close()

    def test_opt_ins_may_be_the_json_text_of_a_list(self, tool: Database) -> None:
        tool.hold([ANNA])
        tool.run(f"UPDATE {tool.table} SET opt_ins = :marks", rows=[{"marks": json.dumps(["a;b", "ö", 3, " "])}])
        (found,) = tool.audience.subscribers()
        assert found.opt_ins == {"a;b", "ö"}

    def test_an_address_listed_twice_is_as_strict_as_its_strictest_row(self, tool: Database) -> None:
        tool.make(f"id INTEGER, {COLUMNS}")
        tool.run(
            f"INSERT INTO {tool.table} VALUES (1, 'anna@example.org', '', 'subscribed', '', 'a'),"
            " (2, ' Anna@Example.org', '', 'suppressed', '', 'b'), (3, 'ben@example.org', '', 'subscribed', '', '')"
        )
        found = {each.id: each.status for each in tool.audience.consent(["1", "2", "3"])}
        assert found == {"1": SUPPRESSED, "2": SUPPRESSED, "3": SUBSCRIBED}

    def test_unsubscribing_changes_the_rows_of_the_address_and_no_other(self, tool: Database) -> None:
        tool.make(f"id INTEGER, {COLUMNS}")
        tool.run(
            f"INSERT INTO {tool.table} VALUES (1, 'anna@example.org', '', 'subscribed', '', 'a'),"
            " (2, ' Anna@Example.org', '', NULL, '', 'b'), (3, 'ben@example.org', '', 'subscribed', '', ''),"
            " (4, 'anna@example.org', '', 'Suppressed', '', '')"
        )
        assert hasattr(tool.audience, "unsubscribe")
        tool.audience.unsubscribe("1")
        rows = tool.run(f"SELECT id, status FROM {tool.table} ORDER BY id")
        assert [tuple(row) for row in rows] == [
            (1, "unsubscribed"),
            (2, "unsubscribed"),
            (3, "subscribed"),
            (4, "Suppressed"),
        ]

    def test_a_query_is_read_with_whatever_stands_in_it(self, tool: Database) -> None:
        tool.hold([ANNA, BEN, CHLOE])
        audience = tool.query(
            "SELECT email AS \"EMAIL\", CASE WHEN status LIKE 'sub%' THEN 'subscribed' END AS status,"
            " 'event:x' AS opt_ins, CAST('at :30 100%' AS TEXT) AS t FROM {t};\n"
        )
        found = by_address(audience.subscribers())
        assert [found[each.email].status for each in (ANNA, BEN)] == [SUBSCRIBED, PENDING]
        assert found[ANNA.email].opt_ins == {"event:x"}
        assert [each.id for each in audience.consent([CHLOE.email])] == [CHLOE.email]
        assert not hasattr(audience, "unsubscribe")
        audience.close()

    def test_a_statement_of_the_owners_unsubscribes(self, tool: Database) -> None:
        tool.make(f"id INTEGER, {COLUMNS}")
        tool.run(f"INSERT INTO {tool.table} VALUES (7, 'a@example.org', '', 'subscribed', '', '')")
        statement = f"UPDATE {tool.table} SET status = 'unsubscribed' WHERE id = :id"
        audience = tool.query("SELECT * FROM {t}", unsubscribe=statement)
        assert hasattr(audience, "unsubscribe")
        audience.unsubscribe("7")
        assert [each.status for each in audience.subscribers()] == [UNSUBSCRIBED]
        audience.close()

    def test_a_query_can_write_nothing(self, tool: Database) -> None:
        tool.hold([ANNA])
        audience = tool.query("DELETE FROM {t} RETURNING *")
        with pytest.raises(ConfigError):
            list(audience.subscribers())
        assert len(list(tool.audience.subscribers())) == 1
        audience.close()

    @pytest.mark.parametrize("column", ["email", "status", "opt_ins"])
    def test_a_missing_column_is_named(self, tool: Database, column: str) -> None:
        tool.run(f"ALTER TABLE {tool.table} RENAME COLUMN {column} TO other")
        with pytest.raises(ConfigError, match=rf"'{column}'.*other"):
            list(tool.audience.subscribers())
        (finding,) = tool.audience.check()
        assert (finding.level, bool(finding.remedy)) == (Level.ERROR, True)

    def test_a_missing_table_is_named(self, tool: Database) -> None:
        audience = connect(Config(url=tool.url, table="no_such_people"))
        with pytest.raises(ConfigError, match="no_such_people"):
            list(audience.subscribers())
        audience.close()

    def test_a_reading_that_is_given_up_leaves_nothing_open(self, tool: Database) -> None:
        tool.hold([ANNA, BEN])
        reading = tool.audience.subscribers()
        next(reading)
        del reading
        gc.collect()
        tool.run(f"DROP TABLE {tool.table}")
