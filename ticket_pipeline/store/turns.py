"""Turns: what only one process may do for an event at a time. A process that dies gives its turn back at once."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import text

from ticket_pipeline.errors import TransientError
from ticket_pipeline.store.database import Database, Transaction
from ticket_pipeline.store.site_state import SiteState

_PATIENCE = 120.0
#: Raises where the turn is ours no longer.
Turn = Callable[[], None]


@contextmanager
def turn(state: SiteState, what: str, event_ids: Sequence[str], *, patience: float = _PATIENCE) -> Iterator[Turn]:
    """Wait for our turn at `what` for these events of a site, and keep it for the block.

    PostgreSQL's advisory locks part the events, so that several processes work on a site side by side; a file beside
    SQLite does not, and there they take turns at the site. Call what is given before whatever needs the turn.

    Raises:
        TransientError: somebody else has had it for longer than our patience, in seconds; or the database was
            restarted, and has given it away.
    """
    name = f"{state.site}.{what}"
    file = state.database.file
    with _by_file(file, name, patience) if file else _by_locks(state.database, name, event_ids, patience) as ours:
        yield ours


@contextmanager
def _by_file(database: Path, name: str, patience: float) -> Iterator[Turn]:
    lock = FileLock(database.with_name(f"{database.name}.{name}.lock"), timeout=patience)
    try:
        lock.acquire()
    except Timeout as error:
        raise TransientError(_busy(name, patience)) from error
    except OSError as error:
        raise TransientError(f"{lock.lock_file}: cannot be locked ({error.strerror}); try again") from error
    try:
        # Nobody but us can take it away.
        yield lambda: None
    finally:
        lock.release()


@contextmanager
def _by_locks(database: Database, name: str, event_ids: Sequence[str], patience: float) -> Iterator[Turn]:
    """Hold a transaction's advisory locks; they go with the connection, whatever becomes of us.

    All take them in one order, so that no two wait for each other.
    """
    keys = sorted({_key(f"{name}.{each}") for each in event_ids})
    with database.writing() as tx:
        tx.execute(text(f"SET LOCAL lock_timeout = {int(patience * 1000)}"))
        in_order = "SELECT key FROM unnest(CAST(:keys AS bigint[])) AS key ORDER BY key"
        tx.execute(text(f"SELECT pg_advisory_xact_lock(key) FROM ({in_order}) AS wanted"), {"keys": keys})  # noqa: S608 - ours
        yield lambda: _see(tx)


def _see(tx: Transaction) -> None:
    """Raise where the connection, and the lock with it, is gone."""
    tx.execute(text("SELECT 1"))


def _key(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


def _busy(name: str, patience: float) -> str:
    return f"another process has been at `{name}` for {patience:.0f} s; try again when it is done"
