"""A connection to SQLite or PostgreSQL that keeps what it was told to keep."""

import time
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.keepalive import MISS_THE_SERVER, miss_us
from ticket_pipeline.query_plans import plan_afresh

#: What a transaction is for; an execution option that the `begin` handlers below read.
WRITING = {"ticket_pipeline_writes": True}
READING = {"ticket_pipeline_writes": False}
#: Written, but not forced to disk before the transaction ends; the next one of WRITING takes it along.
NOTING = {"ticket_pipeline_writes": True, "ticket_pipeline_synchronous": "NORMAL"}
_OUTSIDE = {"ticket_pipeline_writes": None}

_BUSY = 5
_WAL_ATTEMPTS = 300
_WAL_PAUSE = 0.1


def make_engine(address: URL) -> Engine:
    """Make the engine for a checked address; nothing is connected yet.

    Raises:
        ConfigError: the driver's package is missing.
    """
    return _sqlite(address) if address.get_backend_name() == "sqlite" else _postgresql(address)


def use_wal(engine: Engine) -> None:
    """Let a SQLite file be read while it is written; the file remembers it.

    The switch needs the file for itself and does not wait for it as other statements do, hence the attempts.
    """
    for attempt in range(_WAL_ATTEMPTS):
        try:
            with engine.execution_options(**_OUTSIDE).connect() as connection:
                if connection.exec_driver_sql("PRAGMA journal_mode").scalar() != "wal":
                    connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            return
        except OperationalError as error:
            busy = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == _BUSY
            if not busy or attempt == _WAL_ATTEMPTS - 1:
                raise
            time.sleep(_WAL_PAUSE)


def _sqlite(address: URL) -> Engine:
    engine = create_engine(address, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # or the driver would begin and commit as it sees fit
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    writes = options.get("ticket_pipeline_writes")
    if writes is None:
        return
    _set(connection, "query_only", "OFF" if writes else "ON")
    if writes:
        _set(connection, "synchronous", options.get("ticket_pipeline_synchronous", "FULL"))
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _set(connection: Connection, pragma: str, value: str) -> None:
    """Set what is not so already on this connection: where transactions are small, setting it costs as much as they."""
    if connection.info.get(pragma) != value:
        connection.exec_driver_sql(f"PRAGMA {pragma}={value}")
        connection.info[pragma] = value


def _postgresql(address: URL) -> Engine:
    try:
        engine = create_engine(
            address.update_query_dict({"connect_timeout": "10", **MISS_THE_SERVER, **address.query}),
            hide_parameters=True,
            pool_pre_ping=True,
        )
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"state: PostgreSQL needs the package '{error.name}'; install ticket-pipeline[postgresql]"
        ) from error
    event.listen(engine, "connect", miss_us)
    event.listen(engine, "connect", plan_afresh)
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def _begin_postgresql(connection: Connection) -> None:
    writes = connection.get_execution_options().get("ticket_pipeline_writes")
    if writes:
        connection.exec_driver_sql("SET LOCAL lock_timeout = '30s'")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
