"""The database we remember things in: transactions on SQLite or PostgreSQL."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from threading import RLock

from sqlalchemy import Connection, Engine

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.store.address import file_of, label, read_address
from ticket_pipeline.store.engines import NOTING, READING, WRITING, make_engine, use_wal
from ticket_pipeline.store.failures import explained
from ticket_pipeline.store.migrate import is_current, migrate

#: What the functions of this package take as their first argument.
Transaction = Connection


class Database:
    """A database whose tables are those of this code; safe to share between threads."""

    def __init__(self, engine: Engine, *, url_label: str) -> None:
        """Hold an engine; `url_label` names it without its password."""
        self.url_label = url_label
        #: Where it lies; None for a server.
        self.file = file_of(engine.url) if engine.dialect.name == "sqlite" else None
        self._engine = engine
        self._writer = engine.execution_options(**WRITING)
        self._reader = engine.execution_options(**READING)
        self._noter = engine.execution_options(**NOTING)
        # SQLite has one writer: our threads queue here, or they would sleep and poll for its lock.
        self._turn: AbstractContextManager[object] = RLock() if engine.dialect.name == "sqlite" else nullcontext()

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Open a transaction that is durable at the end of the block, or undone when the block raises.

        Raises:
            TransientError: locked for too long, disk full, connection lost: nothing was written.
            ConfigError: read-only or forbidden.
        """
        with self._turn, explained(self.url_label), self._writer.begin() as tx:
            yield tx

    @contextmanager
    def noting(self) -> Iterator[Transaction]:
        """Open a transaction for what may be lost in a power cut (and only then), which is cheaper.

        Raises:
            TransientError, ConfigError: as `writing` says.
        """
        with self._turn, explained(self.url_label), self._noter.begin() as tx:
            yield tx

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Open one unmoving view, in which nothing can be written.

        Raises:
            TransientError: the database cannot be read now.
            ConfigError: it may not be read.
        """
        with explained(self.url_label), self._reader.connect() as tx:
            yield tx

    @contextmanager
    def aside(self) -> Iterator[Connection]:
        """Open a connection of its own for the block, outside of all transactions.

        Raises:
            TransientError, ConfigError: the database cannot be reached, or breaks off.
        """
        engine = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        with explained(self.url_label), engine.connect() as connection:
            connection.detach()
            yield connection

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()


def open_database(url: str) -> Database:
    """Open the database, making the file, its folder and the tables where they are missing.

    Raises:
        ConfigError: the URL, a right, the password or a package is wrong, or the database is newer than the code.
        TransientError: unreachable, locked for too long, or its disk is full.
    """
    address = read_address(url)
    engine = make_engine(address)
    database = Database(engine, url_label=label(address))
    try:
        if address.get_backend_name() == "sqlite":
            _make_folder(file_of(address).parent)
            with explained(database.url_label):
                use_wal(engine)
        _bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    return database


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"state: the folder {folder} cannot be made ({error.strerror}); name another") from error


def _bring_up_to_date(database: Database) -> None:
    with database.reading() as tx:
        if is_current(tx):
            return
    with database.writing() as tx:
        migrate(tx)
