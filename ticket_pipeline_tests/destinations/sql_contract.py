"""What the destination `sql` must keep on every database, beside the contract of all destinations."""

import threading
from collections.abc import Iterator
from decimal import Decimal
from types import ModuleType
from typing import Any, ClassVar

import pytest
from sqlalchemy import event, inspect, text

from ticket_pipeline.destinations import sql
from ticket_pipeline.destinations.base import Destination
from ticket_pipeline.destinations.sql import Config, SqlDestination, connect
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.model.change import Action
from ticket_pipeline_tests.destinations.changes import create, refused, removal, update, wix_id
from ticket_pipeline_tests.destinations.contract import DestinationContract
from ticket_pipeline_tests.mapping.tickets import options, ticket


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

    def test_price_options_go_with_their_ticket(self, destination: Watched) -> None:
        for action in (Action.ARCHIVE, Action.DELETE):
            wanted = ticket(id=wix_id(), pricing=options(("a", "Adult", "20")))
            held = self.create(destination, wanted)
            list(destination.apply([removal(action, self.record(wanted), held)]))
        assert self.run(destination, "SELECT count(*) FROM {t}_prices") == [(1,)]

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
