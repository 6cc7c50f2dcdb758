"""Databases of other people's, by a SQLAlchemy URL: SQLite or PostgreSQL, opened for short transactions.

Transactions are begun by us: the execution option `writing` takes SQLite's write lock at once, as a reader that turns
writer could not wait for it.
https://docs.sqlalchemy.org/en/21/core/engines.html#database-urls
"""

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.keepalive import MISS_THE_SERVER, miss_us
from ticket_pipeline.query_plans import plan_afresh

_LOCK_SECONDS = 10
_STATEMENT_SECONDS = 60
_ALLOWED = "allowed: sqlite:///file.db, postgresql+psycopg://user:password@host/database"


def read_url(url: str, *, who: str, in_memory: str) -> URL:
    """Read a URL; `who` begins a sentence, `in_memory` says what is wrong with a database in memory.

    Raises:
        ConfigError: it cannot be read, or is no database for this.
    """
    try:
        parsed = make_url(url)
        parsed.get_dialect()
    except ModuleNotFoundError:
        return parsed
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise ConfigError(f"{who}: the URL cannot be read; {_ALLOWED}") from None
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise ConfigError(f"{who}: {parsed.get_backend_name()} is not supported; {_ALLOWED}")
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise ConfigError(f"{who}: a SQLite database in memory {in_memory}; {_ALLOWED}")
    return parsed


def make_engine(url: URL, *, who: str) -> Engine:
    """Make an engine for short transactions by several threads and processes; nothing is connected yet.

    Raises:
        ConfigError: its driver is missing, or an option of it is unknown.
    """
    try:
        engine = create_engine(url, hide_parameters=True, **_options(url))
    except ModuleNotFoundError as error:
        remedy = "pip install 'ticket-pipeline[postgresql]'" if error.name == "psycopg" else "install it"
        raise ConfigError(f"{who}: the driver {error.name!r} is not installed; {remedy}") from error
    except (ArgumentError, TypeError, ValueError) as error:
        raise ConfigError(f"{who}: the URL cannot be used: an option of it is unknown; {_ALLOWED}") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _leave_transactions_to_us)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", miss_us)
        event.listen(engine, "connect", plan_afresh)
        event.listen(engine, "begin", _limit_waiting)
    return engine


def place(url: URL) -> str:
    """Name the place without user and password; the same place has the same name from every folder."""
    if url.get_backend_name() == "sqlite":
        return f"sql:sqlite:{Path(url.database or '').resolve()}"
    host = url.host or url.query.get("host", "localhost")
    return f"sql:postgresql://{host}:{url.port or 5432}/{url.database}"


def _options(url: URL) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        waiting = {} if "timeout" in url.query else {"timeout": _LOCK_SECONDS}
        return {"poolclass": NullPool, "connect_args": waiting}
    ours = {"connect_timeout": _LOCK_SECONDS, **MISS_THE_SERVER}
    return {"pool_pre_ping": True, "connect_args": {name: ours[name] for name in ours.keys() - url.query.keys()}}


def _leave_transactions_to_us(connection: Any, _: object) -> None:
    connection.isolation_level = None


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _limit_waiting(connection: Connection) -> None:
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'")
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{_STATEMENT_SECONDS}s'")
