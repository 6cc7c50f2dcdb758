"""What a database's error means for the caller: stop, or wait.

SQLite: https://www.sqlite.org/rescode.html. PostgreSQL: appendix A, error codes.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ticket_pipeline.errors import ConfigError, TicketPipelineError, TransientError

_Meaning = tuple[type[TicketPipelineError], str]

_LOCKED: _Meaning = (TransientError, "somebody else holds its lock for too long; try again, or stop what holds it")
_FULL: _Meaning = (TransientError, "its disk is full; make room, then try again")
_READ_ONLY: _Meaning = (ConfigError, "it is read-only; give this user the right to write, folder included")
_FORBIDDEN: _Meaning = (ConfigError, "we lack a right there; grant it, or use another user")
_DAMAGED: _Meaning = (
    ConfigError,
    "this is no SQLite database, or a damaged one; restore it or name another",
)
_TWO_AT_ONCE: _Meaning = (TransientError, "two writers made the same row at once; try again")
_LOGIN: _Meaning = (ConfigError, "it refuses this user or password; correct the URL of `state:`")
_NO_SUCH: _Meaning = (
    ConfigError,
    "no such database, schema or user; create it, or correct the URL of `state:`",
)
_UNREACHABLE: _Meaning = (TransientError, "it cannot be reached; is it running, are host and port right?")
_UNWELL: _Meaning = (TransientError, "it is unwell; try again")
_ALTERED: _Meaning = (
    ConfigError,
    "our tables are missing or altered; restore a backup, or grant the right to their schema",
)

_SQLITE: dict[int, _Meaning] = {
    1: _ALTERED,
    3: _FORBIDDEN,
    5: _LOCKED,
    6: _LOCKED,
    8: _READ_ONLY,
    10: _UNWELL,
    11: _DAMAGED,
    13: _FULL,
    14: (ConfigError, "the file cannot be opened; does the folder exist, and may this user write there?"),
    23: _FORBIDDEN,
    26: _DAMAGED,
}
_SQLITE_UNIQUE = {1555, 2067}

#: By SQLSTATE, the whole before its class.
_POSTGRESQL: dict[str, _Meaning] = {
    "53100": _FULL,
    "55P03": _LOCKED,
    "42501": _FORBIDDEN,
    "25006": _READ_ONLY,
    "23505": _TWO_AT_ONCE,
    "42P01": _ALTERED,
    "42703": _ALTERED,
    "3D": _NO_SUCH,
    "3F": _NO_SUCH,
    "28": _LOGIN,
    "08": _UNREACHABLE,
    "40": _UNWELL,
    "53": _UNWELL,
    "57": _UNWELL,
    "58": _UNWELL,
}
#: A refused connection carries no SQLSTATE, only words.
_POSTGRESQL_WORDS: dict[str, _Meaning] = {
    "authentication failed": _LOGIN,
    "no password supplied": _LOGIN,
    "no pg_hba.conf entry": _LOGIN,
    "does not exist": _NO_SUCH,
    "permission denied": _FORBIDDEN,
}


@contextmanager
def explained(label: str) -> Iterator[None]:
    """Turn the database's errors into ours, naming the database; programming errors pass as they are.

    Raises:
        TransientError: locked, full, unreachable, or lost on the way.
        ConfigError: read-only, forbidden, damaged, or not there.
    """
    try:
        yield
    except PoolTimeoutError as error:
        raise TransientError(f"{label}: all connections are in use; try again") from error
    except DBAPIError as error:
        meaning = _meaning(error)
        if meaning is None:
            raise
        kind, what_to_do = meaning
        raise kind(f"{label}: {what_to_do} ({_first_line(error)})") from error


def _meaning(error: DBAPIError) -> _Meaning | None:
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return _TWO_AT_ONCE if code in _SQLITE_UNIQUE else _SQLITE.get(code & 0xFF, _otherwise(error))
    return _of_postgresql(error, getattr(error.orig, "sqlstate", None) or "")


def _of_postgresql(error: DBAPIError, state: str) -> _Meaning | None:
    if state:
        return _POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2], _otherwise(error))
    words = str(error.orig)
    return next((meaning for part, meaning in _POSTGRESQL_WORDS.items() if part in words), _otherwise(error))


def _otherwise(error: DBAPIError) -> _Meaning | None:
    return _UNREACHABLE if isinstance(error, OperationalError) else None


def _first_line(error: DBAPIError) -> str:
    """Quote the database; never the statement or its values, which may be personal."""
    return str(error.orig).strip().partition("\n")[0]
