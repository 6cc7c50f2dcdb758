"""How the `sql` destination opens a database, and what it calls it."""

from pathlib import Path

from sqlalchemy import URL, Engine

from ticket_pipeline.foreign_database import make_engine, place, read_url


def open_engine(url: str) -> Engine:
    """Make an engine for short transactions by several threads and processes; nothing is connected yet.

    Raises:
        ConfigError: the URL cannot be read, its driver is missing, or it is no database for this.
    """
    return make_engine(_parse(url), who="sql")


def identity(url: str, table: str) -> str:
    """Name the place without user and password; the same place has the same name from every folder.

    Raises:
        ConfigError: the URL cannot be read.
    """
    parsed = _parse(url)
    path = parsed.query.get("options", "") if parsed.get_backend_name() == "postgresql" else ""
    return f"{place(parsed)}#{f'{path} ' if path else ''}{table}"


def awaited_file(engine: Engine) -> Path | None:
    """Give the SQLite file that the first write would make: connecting to look would make it, empty, already."""
    name = engine.url.database or ""
    if engine.dialect.name != "sqlite" or name.startswith("file:"):
        return None
    file = Path(name)
    return file if file.parent.is_dir() and not file.exists() else None


def _parse(url: str) -> URL:
    return read_url(url, who="sql", in_memory="is gone with the process")
