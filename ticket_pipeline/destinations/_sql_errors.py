"""What a database's error means for us: stop, wait, or bury one record and go on.

SQLite's names are of https://www.sqlite.org/rescode.html, PostgreSQL's codes of
https://www.postgresql.org/docs/current/errcodes-appendix.html.
"""

from sqlalchemy.exc import DBAPIError, StatementError

from ticket_pipeline.errors import ConfigError, RejectedError, TicketPipelineError, TransientError

#: What our own types and the drivers raise about a value before it reaches the database.
VALUE_ERRORS = (ValueError, OverflowError)

_SQLITE_WAIT = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_NOMEM", "SQLITE_PROTOCOL")
_SQLITE_REFUSED = ("SQLITE_CONSTRAINT", "SQLITE_TOOBIG", "SQLITE_MISMATCH", "SQLITE_RANGE")
_SQLITE_REMEDY = {
    "SQLITE_CANTOPEN": "does its folder exist, and may this user open it?",
    "SQLITE_READONLY": "give this user the right to write the file and its folder",
    "SQLITE_NOTADB": "the file is no SQLite database; is the path right?",
    "SQLITE_CORRUPT": "the file is damaged; restore it",
}
_POSTGRESQL_WAIT = ("08", "53", "57P", "57014", "58", "40", "55P03", "55006")
_POSTGRESQL_REFUSED = ("22", "23", "44", "P0", "09", "27")
_POSTGRESQL_REMEDY = {
    "28": "check user and password of the URL",
    "3D": "create the database, or correct its name in the URL",
    "3F": "create the schema, or correct the search path",
    "25006": "this server takes no writes; use the address of the primary",
    "42501": "grant this user the right to read, write and create the tables",
    "42P01": "the table went away while we worked; start again",
    "42703": "a column went away while we worked; start again",
}
#: A refused connection has no code, only libpq's words.
_CONNECTION_WORDS = ("authentication failed", "does not exist", "no pg_hba.conf entry", "no password supplied")


def meaning(error: Exception) -> TicketPipelineError:
    """Translate an error of SQLAlchemy, a driver or one of our column types; the text holds no URL."""
    origin = error.orig if isinstance(error, StatementError) and error.orig is not None else error
    said = _said(origin)
    sqlite = getattr(origin, "sqlite_errorname", None)
    if sqlite:
        return _sqlite(sqlite, said)
    sqlstate = getattr(origin, "sqlstate", None)
    if sqlstate:
        return _postgresql(sqlstate, said)
    if isinstance(error, DBAPIError):
        return _without_code(error, said)
    return RejectedError(f"sql: the value cannot be stored: {said}", code="value")


def _said(origin: BaseException) -> str:
    return next(iter(str(origin).splitlines()), type(origin).__name__)


def _sqlite(name: str, said: str) -> TicketPipelineError:
    if name.startswith(_SQLITE_WAIT):
        return TransientError(f"sql: the database cannot be used now: {said}")
    if name.startswith(_SQLITE_REFUSED):
        return RejectedError(f"sql: refused: {said}", code=_code(constraint=name.startswith("SQLITE_CONSTRAINT")))
    remedy = next((it for known, it in _SQLITE_REMEDY.items() if name.startswith(known)), "look at the database")
    return ConfigError(f"sql: {said}; {remedy}")


def _postgresql(sqlstate: str, said: str) -> TicketPipelineError:
    if sqlstate.startswith(_POSTGRESQL_WAIT):
        return TransientError(f"sql: the database cannot be used now: {said}")
    if sqlstate.startswith(_POSTGRESQL_REFUSED):
        return RejectedError(f"sql: refused: {said}", code=_code(constraint=not sqlstate.startswith("22")))
    remedy = next((it for known, it in _POSTGRESQL_REMEDY.items() if sqlstate.startswith(known)), None)
    return ConfigError(f"sql: {said}; {remedy or f'look at the database (SQLSTATE {sqlstate})'}")


def _code(*, constraint: bool) -> str:
    return "constraint" if constraint else "value"


def _without_code(error: DBAPIError, said: str) -> TicketPipelineError:
    if any(words in said for words in _CONNECTION_WORDS):
        return ConfigError(f"sql: {said}; check user, password and database name of the URL")
    if type(error.orig).__name__ in {"DataError", "IntegrityError"}:
        return RejectedError(f"sql: refused: {said}", code="value")
    if type(error.orig).__name__ in {"ProgrammingError", "NotSupportedError"}:
        return RejectedError(f"sql: the value cannot be stored: {said}", code="value")
    return TransientError(f"sql: the database cannot be reached: {said}")
