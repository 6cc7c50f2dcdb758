"""How the audience `sql` opens a database, what it calls it, and what the database's errors mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ticket_pipeline.errors import ConfigError, TicketPipelineError, TransientError
from ticket_pipeline.foreign_database import make_engine, place, read_url
from ticket_pipeline.model.subscriber import normal_address

#: What SQLite calls our `normal_address`; its own lower() knows A to Z only.
NORMAL_ADDRESS = "ticket_pipeline_normal_address"

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
    engine = make_engine(_parse(url), who="sql audience")
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _teach)
    else:
        event.listen(engine, "begin", _begin_reading, insert=True)
    return engine


def identity(url: str, what: str) -> str:
    """Name the place without user and password.

    Raises:
        ConfigError: the URL cannot be read.
    """
    return f"{place(_parse(url))}#{what}"


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
    return read_url(url, who="sql audience", in_memory="holds nobody")


def _see_file(engine: Engine) -> None:
    """Let SQLite not make an empty database where there is none."""
    file = engine.url.database or ""
    if engine.dialect.name == "sqlite" and not file.startswith("file:") and not Path(file).is_file():
        raise ConfigError(f"sql audience: there is no database {Path(file).resolve()}; check the path in url")


def _teach(connection: Any, _: object) -> None:
    connection.create_function(NORMAL_ADDRESS, 1, _normal, deterministic=True)


def _normal(value: object) -> str | None:
    return normal_address(value) if isinstance(value, str) else None


def _begin_reading(connection: Connection) -> None:
    """Have one picture of the data for all that one transaction reads."""
    if not connection.get_execution_options().get("writing", False):
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
