"""The world's memory beyond the process: a SQLite file, written through at each change."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from ticket_pipeline.sandbox.changes import Change
from ticket_pipeline.sandbox.entities import Definition, Entity, Event, Order, Reservation, entity_id

KINDS: dict[str, type[Entity]] = {cls.__name__: cls for cls in (Event, Definition, Reservation, Order)}
TABLES = """
CREATE TABLE IF NOT EXISTS entity (
    kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id));
CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Storage:
    """Entities as JSON, and a few notes. Callers hold the world's lock."""

    def __init__(self, path: Path | None) -> None:
        self._connection = sqlite3.connect(path or ":memory:", check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(TABLES)
        self._kept = path is not None

    def read(self) -> list[Entity]:
        """Read back all that was written."""
        rows = self._connection.execute("SELECT kind, body FROM entity ORDER BY rowid")
        return [_thaw(KINDS[kind], json.loads(body)) for kind, body in rows]

    def notes(self) -> dict[str, str]:
        """Read back the notes."""
        return dict(self._connection.execute("SELECT name, value FROM note"))

    def write(self, changes: Iterable[Change], notes: dict[str, str]) -> None:
        """Write what changed, in one transaction; an in-memory world keeps nothing here."""
        if not self._kept:
            return
        with self._connection:
            for change in changes:
                self._write_one(change)
            self._connection.executemany("REPLACE INTO note VALUES (?, ?)", notes.items())

    def replace(self, entities: Iterable[Entity], notes: dict[str, str]) -> None:
        """Forget all and write these instead."""
        if not self._kept:
            return
        rows = ((type(entity).__name__, entity_id(entity), _freeze(entity)) for entity in entities)
        with self._connection:
            self._connection.execute("DELETE FROM entity")
            self._connection.execute("DELETE FROM note")
            self._connection.executemany("INSERT INTO entity VALUES (?, ?, ?)", rows)
            self._connection.executemany("INSERT INTO note VALUES (?, ?)", notes.items())

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _write_one(self, change: Change) -> None:
        if change.before is change.after:
            return
        if change.after is not None:
            row = (_freeze(change.after), type(change.after).__name__, entity_id(change.after))
            done = self._connection.execute("UPDATE entity SET body = ? WHERE kind = ? AND id = ?", row)
            if done.rowcount == 0:
                self._connection.execute("INSERT INTO entity (body, kind, id) VALUES (?, ?, ?)", row)
        elif change.before is not None:
            gone = (type(change.before).__name__, entity_id(change.before))
            self._connection.execute("DELETE FROM entity WHERE kind = ? AND id = ?", gone)


def _freeze(entity: Entity) -> str:
    return json.dumps(entity, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return {field.name: getattr(value, field.name) for field in fields(value)}


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _thaw(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if hint is datetime or datetime in get_args(hint):
        return datetime.fromisoformat(value)
    if get_origin(hint) is tuple:
        return tuple(_thaw(get_args(hint)[0], item) for item in value)
    if is_dataclass(hint) and isinstance(hint, type):
        return hint(**{name: _thaw(_hints(hint)[name], item) for name, item in value.items()})
    return value
