"""An external ticketing database, reached by a SQLAlchemy URL: SQLite or PostgreSQL.

https://docs.sqlalchemy.org/en/21/core/engines.html#database-urls

The table (`tickets` unless said) holds one row per ticket definition: `id` is the external id, `archived` says
that it is no longer sold, `wix_ticket_definition_id` is unique, written by the INSERT and by nothing else, and each
field of the mapping is a column. Price options are rows of `<table>_prices`. Tables are created when missing and
adopted when present; columns we do not know keep their values. On SQLite a decimal is a number (65, 19.99) and an
instant the text 2026-11-23T09:00:00+00:00; both come back exactly.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from ticket_pipeline.destinations._sql_engine import awaited_file, identity, open_engine
from ticket_pipeline.destinations._sql_errors import VALUE_ERRORS, meaning
from ticket_pipeline.destinations._sql_tables import build_tables, check_fit, create, missing
from ticket_pipeline.destinations._sql_writes import read, write
from ticket_pipeline.errors import ConfigError, RejectedError, TicketPipelineError, TransientError
from ticket_pipeline.mapping.mapping import FieldMapping
from ticket_pipeline.mapping.rules import ID_FIELD
from ticket_pipeline.model.change import Change, Held, Outcome
from ticket_pipeline.model.finding import Finding, Level

DEFAULT_MAPPING: Mapping[str, Any] = {
    "wix_event_id": "event_id",
    "event_title": "event.title",
    "title": "name",
    "description": "description",
    "policy": "policy_text",
    "price": {"from": "price.value", "as": "decimal"},
    "currency": "price.currency",
    "pricing": "pricing.method",
    "minimum_price": "minimum_price",
    "free": "free",
    "capacity": "capacity",
    "hidden": "hidden",
    "fee_type": "fee_type",
    "sale_start": "sale_start",
    "sale_end": "sale_end",
    "show_when_not_on_sale": "display_not_on_sale",
    "price_options": {
        "each": "options",
        "fields": {"wix_option_id": "id", "name": "name", "price": "price.value", "currency": "price.currency"},
    },
}

_READ_AT_ONCE = 500
_WRITTEN_AT_ONCE = 250


class Config(BaseModel):
    """Where the ticketing database is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(
        repr=False, description="SQLAlchemy URL: sqlite:///ticketing.db, postgresql+psycopg://user:pw@host/db"
    )
    table: str = Field(
        default="tickets",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        max_length=30,
        description="Table of tickets; price options go to <table>_prices",
    )


def connect(config: Config, mapping: FieldMapping) -> "SqlDestination":
    """Make the destination; the database is first spoken to when something is read or written.

    Raises:
        ConfigError: the URL cannot be used, its driver is not installed, or a field cannot be a column.
    """
    return SqlDestination(config, mapping)


class SqlDestination:
    """A table of tickets in a SQL database; may be used by several threads and processes at once."""

    def __init__(self, config: Config, mapping: FieldMapping) -> None:
        """Keep the engine and the tables; no connection is opened."""
        self.identity = identity(config.url, config.table)
        self.engine = open_engine(config.url)
        self._tables = build_tables(config.table, mapping.columns)
        self._prepared = False
        self._preparing = Lock()

    def find(self, definition_ids: Collection[str] | None = None) -> Iterator[Held]:
        """Read what is held, in short transactions of some hundred rows; rows without a Wix id are not ours."""
        if not self._present():
            return
        chunks = self._every_row() if definition_ids is None else self._rows_of(definition_ids)
        for chunk in chunks:
            yield from chunk

    def apply(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Make the changes, some hundred in a transaction; where one is refused the others are made without it."""
        if changes:
            self._prepare()
        for batch in _batches(changes):
            yield from self._attempt(batch)

    def check(self) -> Iterable[Finding]:
        """Look at reachability, the tables and the right to write; nothing stays written."""
        try:
            yield from self._looked_at()
        except TicketPipelineError as error:
            yield Finding(
                level=Level.ERROR,
                what="sql",
                seen=str(error).removeprefix("sql: "),
                remedy=_remedy(error),
                transient=isinstance(error, TransientError),
            )

    def close(self) -> None:
        """Close idle connections."""
        self.engine.dispose()

    def _present(self) -> bool:
        if awaited_file(self.engine):
            return False
        if not self._prepared:
            with self._transaction() as connection:
                check_fit(connection, self._tables)
                return not missing(connection, self._tables)
        return True

    def _every_row(self) -> Iterator[list[Held]]:
        wix_id = self._tables.tickets.columns[ID_FIELD]
        last = ""
        while True:
            page = select(self._tables.tickets).where(wix_id > last).order_by(wix_id).limit(_READ_AT_ONCE)
            with self._transaction() as connection:
                found = read(connection, self._tables, connection.execute(page).mappings().fetchall())
            if not found:
                return
            yield found
            last = found[-1].definition_id

    def _rows_of(self, definition_ids: Collection[str]) -> Iterator[list[Held]]:
        wix_id = self._tables.tickets.columns[ID_FIELD]
        wanted = iter(dict.fromkeys(definition_ids))
        while some := list(islice(wanted, _READ_AT_ONCE)):
            page = select(self._tables.tickets).where(wix_id.in_(some)).order_by(wix_id)
            with self._transaction() as connection:
                found = read(connection, self._tables, connection.execute(page).mappings().fetchall())
            yield found

    def _attempt(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Make the changes in one transaction; if it is refused, halve it until what is refused stands alone."""
        try:
            with self._transaction(writing=True) as connection:
                outcomes = write(connection, self._tables, changes)
        except RejectedError as error:
            if len(changes) > 1:
                middle = len(changes) // 2
                yield from self._attempt(changes[:middle])
                yield from self._attempt(changes[middle:])
                return
            outcomes = [Outcome(change=changes[0], code=error.code, reason=str(error))]
        yield from outcomes

    def _prepare(self) -> None:
        """Create or adopt the tables, once in a process."""
        with self._preparing:
            if self._prepared:
                return
            with self._transaction(writing=True) as connection:
                check_fit(connection, self._tables)
                create(connection, missing(connection, self._tables))
            self._prepared = True

    @contextmanager
    def _transaction(self, *, writing: bool = False) -> Iterator[Connection]:
        engine = self.engine.execution_options(writing=writing)
        try:
            with engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, *VALUE_ERRORS) as error:
            raise meaning(error) from error

    def _looked_at(self) -> Iterator[Finding]:
        if file := awaited_file(self.engine):
            yield Finding(level=Level.OK, what="sql: reachable", seen=f"{file} will be made by the first write")
            yield Finding(level=Level.OK, what="sql: table", seen="will be created by the first write")
            yield _rights_in(file.parent)
            return
        with self._transaction() as connection:
            connection.execute(select(1))
        yield Finding(level=Level.OK, what="sql: reachable", seen=self.identity)
        with self._transaction() as connection:
            seen = self._table_state(connection)
        yield Finding(level=Level.OK, what="sql: table", seen=seen)
        self._try_to_write()
        yield Finding(level=Level.OK, what="sql: rights", seen="may be written (tried, and rolled back)")

    def _table_state(self, connection: Connection) -> str:
        check_fit(connection, self._tables)
        if absent := [table.name for table in missing(connection, self._tables)]:
            return f"{' and '.join(absent)} will be created by the first write"
        rows = connection.scalar(select(func.count()).select_from(self._tables.tickets))
        return f"{self._tables.tickets.name} fits the mapping and holds {rows} rows"

    def _try_to_write(self) -> None:
        """Write a row and roll it back; a constraint that refuses an empty row shows that we were let in."""
        try:
            with self._transaction(writing=True) as connection:
                create(connection, missing(connection, self._tables))
                connection.execute(insert(self._tables.tickets), {ID_FIELD: f"check-{uuid4()}", "archived": False})
                connection.rollback()
        except RejectedError:
            return


def _rights_in(folder: Path) -> Finding:
    if os.access(folder, os.W_OK | os.X_OK):
        return Finding(level=Level.OK, what="sql: rights", seen="its folder may be written")
    remedy = f"give this user the right to write {folder}"
    return Finding(level=Level.ERROR, what="sql: rights", seen=f"{folder} may not be written", remedy=remedy)


def _remedy(error: TicketPipelineError) -> str:
    if isinstance(error, ConfigError):
        return "do what the message says, then check again"
    return "wait for the database, or see to it, then check again"


def _batches(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """Part the changes into batches; two changes of one ticket never share a batch, so their order is kept."""
    batch: dict[str, Change] = {}
    for change in changes:
        if change.definition_id in batch or len(batch) == _WRITTEN_AT_ONCE:
            yield list(batch.values())
            batch = {}
        batch[change.definition_id] = change
    if batch:
        yield list(batch.values())
