"""How the `sql` destination opens a database, and what it calls it."""

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from ticket_pipeline.errors import ConfigError

_LOCK_SECONDS = 10
_STATEMENT_SECONDS = 60
_ALLOWED = "allowed: sqlite:///file.db, postgresql+psycopg://user:password@host/database"


def open_engine(url: str) -> Engine:
    """Make an engine for short transactions by several threads and processes; nothing is connected yet.

    Raises:
        ConfigError: the URL cannot be read, its driver is missing, or it is no database for this.
    """
    parsed = _parse(url)
    try:
        engine = create_engine(parsed, hide_parameters=True, **_options(parsed))
    except ModuleNotFoundError as error:
        remedy = "pip install 'ticket-pipeline[postgresql]'" if error.name == "psycopg" else "install it"
        raise ConfigError(f"sql: the driver {error.name!r} is not installed; {remedy}") from error
    except (ArgumentError, TypeError, ValueError) as error:
        raise ConfigError(f"sql: the URL cannot be used: an option of it is unknown; {_ALLOWED}") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _leave_transactions_to_us)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "begin", _limit_waiting)
    return engine


def identity(url: str, table: str) -> str:
    """Name the place without user and password; the same place has the same name from every folder.

    Raises:
        ConfigError: the URL cannot be read.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return f"sql:sqlite:{Path(parsed.database or '').resolve()}#{table}"
    host = parsed.host or parsed.query.get("host", "localhost")
    path = parsed.query.get("options", "")
    return f"sql:postgresql://{host}:{parsed.port or 5432}/{parsed.database}#{f'{path} ' if path else ''}{table}"


def awaited_file(engine: Engine) -> Path | None:
    """Give the SQLite file that the first write would make: connecting to look would make it, empty, already."""
    name = engine.url.database or ""
    if engine.dialect.name != "sqlite" or name.startswith("file:"):
        return None
    file = Path(name)
    return file if file.parent.is_dir() and not file.exists() else None


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
        parsed.get_dialect()
    except ModuleNotFoundError:
        return parsed
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise ConfigError(f"sql: the URL cannot be read; {_ALLOWED}") from None
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise ConfigError(f"sql: {parsed.get_backend_name()} is not supported; {_ALLOWED}")
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise ConfigError(f"sql: a SQLite database in memory is gone with the process; {_ALLOWED}")
    return parsed


def _options(url: URL) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        waiting = {} if "timeout" in url.query else {"timeout": _LOCK_SECONDS}
        return {"poolclass": NullPool, "connect_args": waiting}
    waiting = {} if "connect_timeout" in url.query else {"connect_timeout": _LOCK_SECONDS}
    return {"pool_pre_ping": True, "connect_args": waiting}


def _leave_transactions_to_us(connection: Any, _: object) -> None:
    connection.isolation_level = None


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once: a reader that turns writer could not wait for it."""
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _limit_waiting(connection: Connection) -> None:
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'")
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{_STATEMENT_SECONDS}s'")
