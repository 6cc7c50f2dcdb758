"""The destination `sql` on PostgreSQL, where TICKET_PIPELINE_TEST_POSTGRESQL_URL names a database."""

import os
from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from ticket_pipeline.destinations.base import Destination
from ticket_pipeline.destinations.sql import Config, connect
from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.model.record import Record
from ticket_pipeline_tests.destinations.changes import create, wix_id
from ticket_pipeline_tests.destinations.sql_contract import SqlContract, Watched
from ticket_pipeline_tests.mapping.tickets import ticket

_POSTGRESQL = os.environ.get("TICKET_PIPELINE_TEST_POSTGRESQL_URL", "")


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

    def test_the_server_misses_a_machine_that_lost_its_power(self, config: Config) -> None:
        destination = connect(config, self.mapping())
        with destination.engine.connect() as connection:
            assert connection.scalar(text("SHOW tcp_keepalives_idle")) == "30"
        destination.close()

    def test_a_statement_sent_often_is_planned_for_the_table_as_it_has_become(self, config: Config) -> None:
        destination = connect(config, self.mapping())
        with destination.engine.connect() as connection:
            assert connection.scalar(text("SHOW plan_cache_mode")) == "force_custom_plan"
        destination.close()

    def test_a_constraint_checked_at_commit_refuses_one_row(self, destination: Watched) -> None:
        self.create(destination, ticket(id=wix_id(), name="Taken"))
        self.run(
            destination,
            "ALTER TABLE {t} ADD CONSTRAINT {t}_u UNIQUE (title) DEFERRABLE INITIALLY DEFERRED",
        )
        records = [self.record(ticket(id=wix_id(), name=name)) for name in ("Free", "Taken", "Also free")]
        outcomes = list(destination.apply([create(record) for record in records]))
        assert [outcome.code for outcome in outcomes] == [None, "constraint", None]
