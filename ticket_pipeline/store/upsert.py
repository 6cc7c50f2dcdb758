"""INSERT … ON CONFLICT, which both databases speak in the same words."""

from collections.abc import Callable, Collection
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.sql import ColumnCollection

Columns = ColumnCollection[str, Any]
#: Given what comes and what is there, tell whether to overwrite.
Newer = Callable[[Columns, Columns], ColumnElement[bool]]


def insert_into(tx: Connection, table: Table) -> Insert:
    """Start an INSERT that can have an ON CONFLICT."""
    return insert_for(tx.dialect.name, table)


def insert_for(dialect: str, table: Table) -> Insert:
    """Start one for a dialect by its name; PostgreSQL's has the same methods under another class."""
    if dialect == "postgresql":
        return cast("Insert", postgresql.insert(table))
    return sqlite.insert(table)


def upsert(tx: Connection, table: Table, columns: Collection[str], *, where: Newer | None = None) -> Insert:
    """Insert a row, or overwrite these columns of the row with its primary key (only `where` it is newer)."""
    statement = insert_into(tx, table)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={name: statement.excluded[name] for name in columns},
        where=where(statement.excluded, table.c) if where else None,
    )
