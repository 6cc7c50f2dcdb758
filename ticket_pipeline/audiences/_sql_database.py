"""How the audience `sql` opens a database, what it calls it, and what the database's errors mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from ticket_pipeline.errors import ConfigError, TicketPipelineError, TransientError
from ticket_pipeline.model.subscriber import normal_address

#: What SQLite calls our `normal_address`; its own lower() knows A to Z only.
NORMAL_ADDRESS = "ticket_pipeline_normal_address"

_LOCK_SECONDS = 10
_STATEMENT_SECONDS = 60
_ALLOWED = "allowed: sqlite:///file.db, postgresql+psycopg://user:password@host/database"
#: https://www.sqlite.org/rescode.html and https://www.postgresql.org/docs/current/errcodes-appendix.html
_SQLITE_WAIT = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_NOMEM", "SQLITE_PROTOCOL")
_POSTGRESQL_WAIT = ("08", "40", "53", "55", "57", "58")
#: Errors about a value, whose words may show it.
_POSTGRESQL_VALUE = ("22", "23")
#: A refused connection has no code, only libpq's words.
_CONNECTION_WORDS = ("authentication failed", "does not exist", "no pg_hba.conf entry", "no password supplied")


def open_engine(url: str) -> Engine:
    """Make an engine for reading transactions, and writing ones where that is said; nothing is connected yet.

    Raises:
        ConfigError: the URL cannot be read, its driver is missing, or it is no database for this.
    """
    parsed = _parse(url)
    try:
        engine = create_engine(parsed, hide_parameters=True, **_options(parsed))
    except ModuleNotFoundError as error:
        remedy = "pip install 'ticket-pipeline[postgresql]'" if error.name == "psycopg" else "install it"
        raise ConfigError(f"sql audience: the driver {error.name!r} is not installed; {remedy}") from error
    except (ArgumentError, TypeError, ValueError) as error:
        raise ConfigError(f"sql audience: the URL cannot be used: an option of it is unknown; {_ALLOWED}") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "begin", _begin_postgresql)
    return engine


def identity(url: str, what: str) -> str:
    """Name the place without user and password.

    Raises:
        ConfigError: the URL cannot be read.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return f"sql:sqlite:{Path(parsed.database or '').resolve()}#{what}"
    host = parsed.host or parsed.query.get("host", "localhost")
    return f"sql:postgresql://{host}:{parsed.port or 5432}/{parsed.database}#{what}"


@contextmanager
def transaction(engine: Engine, *, writing: bool = False) -> Iterator[Connection]:
    """Open a transaction that is committed at the end.

    Raises:
        ConfigError, TransientError: what an error of the database means for us.
    """
    _see_file(engine)
    try:
        with engine.execution_options(writing=writing).begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise meaning(error) from error


def meaning(error: SQLAlchemyError) -> TicketPipelineError:
    """Translate an error; the text holds neither the URL nor a value."""
    origin = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    said = next(iter(str(origin).splitlines()), type(origin).__name__)
    code = getattr(origin, "sqlite_errorname", None) or getattr(origin, "sqlstate", None)
    if code is None:
        lasting = not isinstance(error, DBAPIError) or any(words in said for words in _CONNECTION_WORDS)
    else:
        lasting = not code.startswith(_SQLITE_WAIT if code.startswith("SQLITE") else _POSTGRESQL_WAIT)
    if not lasting:
        return TransientError(f"sql audience: the database cannot be used now: {said}")
    if code and code.startswith(_POSTGRESQL_VALUE):
        said = f"a value does not fit its column (SQLSTATE {code})"
    return ConfigError(f"sql audience: {said}; check url, table or query, columns, and this user's rights")


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
        parsed.get_dialect()
    except ModuleNotFoundError:
        return parsed
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise ConfigError(f"sql audience: the URL cannot be read; {_ALLOWED}") from None
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise ConfigError(f"sql audience: {parsed.get_backend_name()} is not supported; {_ALLOWED}")
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise ConfigError(f"sql audience: a SQLite database in memory holds nobody; {_ALLOWED}")
    return parsed


def _options(url: URL) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        waiting = {} if "timeout" in url.query else {"timeout": _LOCK_SECONDS}
        return {"poolclass": NullPool, "connect_args": waiting}
    waiting = {} if "connect_timeout" in url.query else {"connect_timeout": _LOCK_SECONDS}
    return {"pool_pre_ping": True, "connect_args": waiting}


def _see_file(engine: Engine) -> None:
    """Let SQLite not make an empty database where there is none."""
    file = engine.url.database or ""
    if engine.dialect.name == "sqlite" and not file.startswith("file:") and not Path(file).is_file():
        raise ConfigError(f"sql audience: there is no database {Path(file).resolve()}; check the path in url")


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None
    connection.create_function(NORMAL_ADDRESS, 1, _normal, deterministic=True)


def _normal(value: object) -> str | None:
    return normal_address(value) if isinstance(value, str) else None


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    if not connection.get_execution_options().get("writing", False):
        # One picture of the data for all that one transaction reads.
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'")
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{_STATEMENT_SECONDS}s'")
