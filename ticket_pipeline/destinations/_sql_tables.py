"""The tables of the `sql` destination: made of a mapping, created when missing, adopted when they fit."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    func,
    inspect,
    select,
)
from sqlalchemy.schema import CreateTable

from ticket_pipeline.destinations._sql_types import COUNTED, column_type
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.mapping.mapping import Column as Field
from ticket_pipeline.mapping.rules import ID_FIELD

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_OPTION_ID = "wix_option_id"
#: PostgreSQL's IF NOT EXISTS loses a race between two creators; this lock, a number of ours, keeps them apart.
_CREATING = 7_340_001
_OURS = {"id", "archived", ID_FIELD}


@dataclass(frozen=True, kw_only=True)
class Tables:
    """The table of tickets, and the one of their price options where the mapping has a list of parts."""

    tickets: Table
    #: The mapped fields that are columns of `tickets`.
    fields: tuple[str, ...]
    prices: Table | None = None
    #: The mapped field whose parts are rows of `prices`.
    parts: str = ""
    #: The column of `prices` that tells a ticket's parts apart.
    key: str = "position"

    @property
    def all(self) -> tuple[Table, ...]:
        """Both tables, or the one there is."""
        return (self.tickets,) if self.prices is None else (self.tickets, self.prices)


def build_tables(name: str, fields: Sequence[Field]) -> Tables:
    """Make the tables a mapping needs, in memory only.

    Raises:
        ConfigError: a field's name cannot be a column's, or there is more than one list of parts.
    """
    scalars = [field for field in fields if field.type != "parts"]
    lists = [field for field in fields if field.type == "parts"]
    if problems := [*_problems(scalars, lists)]:
        raise ConfigError("\n".join(f"sql: {problem}" for problem in problems))
    metadata = MetaData()
    tickets = _tickets(name, metadata, scalars)
    names = tuple(field.name for field in scalars)
    if not lists:
        return Tables(tickets=tickets, fields=names)
    key = _OPTION_ID if any(part.name == _OPTION_ID for part in lists[0].parts) else "position"
    prices = _prices(f"{name}_prices", metadata, lists[0].parts, key)
    return Tables(tickets=tickets, fields=names, prices=prices, parts=lists[0].name, key=key)


def _tickets(name: str, metadata: MetaData, fields: Sequence[Field]) -> Table:
    return Table(
        name,
        metadata,
        Column("id", COUNTED, primary_key=True),
        Column(ID_FIELD, Text, unique=True, nullable=False),
        *(Column(field.name, column_type(field.type)) for field in fields),
        Column("archived", Boolean, nullable=False, server_default=false()),
        sqlite_autoincrement=True,
    )


def _prices(name: str, metadata: MetaData, parts: Sequence[Field], key: str) -> Table:
    return Table(
        name,
        metadata,
        Column(ID_FIELD, Text, nullable=False),
        Column("position", Integer, nullable=False),
        *(Column(part.name, column_type(part.type)) for part in parts),
        UniqueConstraint(ID_FIELD, key),
    )


def _problems(scalars: Sequence[Field], lists: Sequence[Field]) -> Iterator[str]:
    yield from _misnamed(scalars, _OURS)
    for each in lists:
        yield from _misnamed(each.parts, {"position", ID_FIELD})
    if len(lists) > 1:
        yield f"it holds one list of parts; keep one of {', '.join(each.name for each in lists)}"


def _misnamed(fields: Sequence[Field], ours: set[str]) -> Iterator[str]:
    seen = set(ours)
    for field in fields:
        if not _NAME.fullmatch(field.name):
            yield f"field {field.name!r} cannot be a column; use letters, digits and underscores"
        if field.name.lower() in ours:
            yield f"field {field.name!r} is written by the destination itself; rename it in the mapping"
        elif field.name.lower() in seen:
            yield f"field {field.name!r} is there twice, written in large and small letters; rename one"
        seen.add(field.name.lower())


def missing(connection: Connection, tables: Tables) -> list[Table]:
    """List the tables that are not there yet."""
    present = inspect(connection)
    return [table for table in tables.all if not present.has_table(table.name)]


def create(connection: Connection, tables: Sequence[Table]) -> None:
    """Create tables; one that another process made meanwhile is left as it is."""
    if tables and connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_CREATING)))
    for table in tables:
        connection.execute(CreateTable(table, if_not_exists=True))


def check_fit(connection: Connection, tables: Tables) -> None:
    """See whether the tables that are there can be used; columns we do not know do no harm.

    Raises:
        ConfigError: columns or the unique index are missing; all of them are named, with the statements that help.
    """
    absent = {table.name for table in missing(connection, tables)}
    found = [it for table in tables.all if table.name not in absent for it in _misfits(connection, table, tables)]
    if found:
        what = "; ".join(sentence for sentence, _ in found)
        statements = "\n".join(f"  {statement}" for _, statement in found)
        raise ConfigError(f"sql: the table does not fit the mapping: {what}. To mend it:\n{statements}")


def _misfits(connection: Connection, table: Table, tables: Tables) -> Iterator[tuple[str, str]]:
    fold = str.lower if connection.dialect.name == "sqlite" else str
    present = {fold(column["name"]) for column in inspect(connection).get_columns(table.name)}
    for column in table.columns:
        if fold(column.name) not in present:
            yield f"{table.name} has no column {column.name!r}", _add_column(connection, column)
    if table is tables.tickets and not _is_unique(connection, table.name):
        statement = f"CREATE UNIQUE INDEX {table.name}_{ID_FIELD} ON {_quoted(connection, table.name)} ({ID_FIELD});"
        yield f"{table.name} has no unique index on {ID_FIELD!r}", statement


def _is_unique(connection: Connection, name: str) -> bool:
    present = inspect(connection)
    if [each.lower() for each in present.get_pk_constraint(name)["constrained_columns"]] == [ID_FIELD]:
        return True
    unique = [each["column_names"] for each in present.get_unique_constraints(name)]
    for index in present.get_indexes(name):
        partial = any(key.endswith("_where") for key in index.get("dialect_options", {}))
        if index["unique"] and not partial:
            unique.append([each or "" for each in index["column_names"]])
    return any([each.lower() for each in columns] == [ID_FIELD] for columns in unique)


def _add_column(connection: Connection, column: Column[object]) -> str:
    table = _quoted(connection, column.table.name)
    if column.name == "id":
        if connection.dialect.name == "sqlite":
            return f"-- SQLite cannot add it: rebuild {table} with a column id INTEGER PRIMARY KEY AUTOINCREMENT"
        return f"ALTER TABLE {table} ADD COLUMN id BIGINT GENERATED BY DEFAULT AS IDENTITY UNIQUE;"
    declared = (
        "BOOLEAN NOT NULL DEFAULT false" if column.name == "archived" else column.type.compile(connection.dialect)
    )
    return f"ALTER TABLE {table} ADD COLUMN {_quoted(connection, column.name)} {declared};"


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)
