"""Turns: what only one process may do for an event at a time. A process that dies gives its turn back at once."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import text

from ticket_pipeline.errors import TransientError
from ticket_pipeline.store.database import Database
from ticket_pipeline.store.site_state import SiteState

_PATIENCE = 120.0


@contextmanager
def turn(state: SiteState, what: str, event_ids: Sequence[str], *, patience: float = _PATIENCE) -> Iterator[None]:
    """Wait for our turn at `what` for these events of a site, and keep it for the block.

    PostgreSQL's advisory locks part the events, so that several processes work on a site side by side; a file beside
    SQLite does not, and there they take turns at the site.

    Raises:
        TransientError: somebody else has had it for longer than our patience, in seconds.
    """
    name = f"{state.site}.{what}"
    file = state.database.file
    with _by_file(file, name, patience) if file else _by_locks(state.database, name, event_ids, patience):
        yield


@contextmanager
def _by_file(database: Path, name: str, patience: float) -> Iterator[None]:
    lock = FileLock(database.with_name(f"{database.name}.{name}.lock"), timeout=patience)
    try:
        lock.acquire()
    except Timeout as error:
        raise TransientError(_busy(name, patience)) from error
    except OSError as error:
        raise TransientError(f"{lock.lock_file}: cannot be locked ({error.strerror}); try again") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _by_locks(database: Database, name: str, event_ids: Sequence[str], patience: float) -> Iterator[None]:
    """Hold a transaction's advisory locks; they go with the connection, whatever becomes of us.

    All take them in one order, so that no two wait for each other.
    """
    keys = sorted({_key(f"{name}.{each}") for each in event_ids})
    with database.writing() as tx:
        tx.execute(text(f"SET LOCAL lock_timeout = {int(patience * 1000)}"))
        tx.execute(
            text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key"), {"keys": keys}
        )
        yield


def _key(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


def _busy(name: str, patience: float) -> str:
    return f"another process has been at `{name}` for {patience:.0f} s; try again when it is done"
