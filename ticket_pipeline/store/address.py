"""Where the state lies: the `state:` of pipeline.yaml, checked and completed."""

from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from ticket_pipeline.errors import ConfigError

_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
#: Seconds a statement waits for somebody else's lock, unless the URL says `?timeout=`.
_PATIENCE = "30"


def read_address(url: str) -> URL:
    """Read the URL and complete its driver.

    Raises:
        ConfigError: it is no URL, or of a kind of database we do not keep state in.
    """
    try:
        address = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigError(
            "state: this is not a database URL; write sqlite:////folder/state.db or postgresql://user@host/name"
        ) from error
    driver = _DRIVERS.get(address.drivername)
    if driver is None:
        raise ConfigError(f"state: unknown database '{address.drivername}'; allowed: {', '.join(sorted(_DRIVERS))}")
    address = address.set(drivername=driver)
    return _of_sqlite(address) if driver == "sqlite" else address


def label(address: URL) -> str:
    """Name the database without its secrets, fit to show a person."""
    return address.set(query={}).render_as_string(hide_password=True)


def file_of(address: URL) -> Path:
    """Tell which file a SQLite address means, whether as a path or as a `file:` URI."""
    name = address.database or ""
    return Path(unquote(name.removeprefix("file:").partition("?")[0]) if name.startswith("file:") else name)


def _of_sqlite(address: URL) -> URL:
    if address.database in {None, "", ":memory:"} or address.query.get("mode") == "memory":
        raise ConfigError("state: SQLite in memory forgets everything; name a file: sqlite:////folder/state.db")
    return address.set(query={"timeout": _PATIENCE, **address.query})
