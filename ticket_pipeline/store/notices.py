"""Notices: who keeps something tells the other processes at once, where the database passes it on (PostgreSQL)."""

import threading
from collections.abc import Iterator
from typing import Any

from ticket_pipeline.errors import TransientError
from ticket_pipeline.store.database import Database

#: Seconds in which we see that we are to stop.
_LOOK_UP = 0.5


def passes_on(database: Database) -> bool:
    """Tell whether this database passes notices on; SQLite does not."""
    return database.file is None


def notices(database: Database, channel: str, stopping: threading.Event) -> Iterator[None]:
    """Come back once we are listening, and then after each notice, until we are to stop. Blocks: for a thread.

    What came before we listened, or while the line was broken, is not told: look for yourself each time.

    Raises:
        TransientError, ConfigError: the database cannot be reached, or the line broke.
    """
    with database.aside() as connection:
        connection.exec_driver_sql(f'LISTEN "{channel}"')
        driver: Any = connection.connection.dbapi_connection  # a psycopg.Connection
        yield
        while not stopping.is_set():
            try:
                heard = list(driver.notifies(timeout=_LOOK_UP, stop_after=1))
            except connection.dialect.dbapi.Error as error:  # type: ignore[union-attr] # there is a driver
                raise TransientError(f"{database.url_label}: the line for notices broke; try again") from error
            if heard:
                yield
