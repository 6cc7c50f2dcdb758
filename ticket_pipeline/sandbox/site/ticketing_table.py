"""The screen of the external ticketing system: the table `tickets` of a SQLite file, read and never written."""

import sqlite3
from contextlib import closing
from pathlib import Path

from ticket_pipeline.sandbox.entities import Document

TABLE = "tickets"
MOST_ROWS = 500
LONGEST_TEXT = 200
PATIENCE = 0.2


def mark_of(path: Path) -> str:
    """Name the state of the file; it is another one after each write."""
    return "/".join(_stamp(each) for each in (path, path.with_name(f"{path.name}-wal")))


def read_table(path: Path) -> Document:
    """Read the columns, the rows and how many there are; no columns while there is no such table, or it is busy."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=PATIENCE)) as database:
            cursor = database.execute(f"SELECT * FROM {TABLE} ORDER BY rowid LIMIT {MOST_ROWS}")  # noqa: S608 - ours
            columns = [column[0] for column in cursor.description]
            rows = [[_cell(value) for value in row] for row in cursor]
            (total,) = database.execute(f"SELECT count(*) FROM {TABLE}").fetchone()  # noqa: S608 - ours
    except sqlite3.Error:
        return {"columns": [], "rows": [], "total": 0}
    return {"columns": columns, "rows": rows, "total": total}


def _stamp(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return "none"
    # An empty log is left by whoever only reads.
    return f"{found.st_mtime_ns:x}.{found.st_size:x}" if found.st_size else "none"


def _cell(value: object) -> object:
    if value is None or isinstance(value, int | float):
        return value
    text = "(binary)" if isinstance(value, bytes) else str(value)
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
