"""Bring the tables of a database to what this version of the code expects."""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.store.schema import metadata

#: Of our own: the database may be shared with others that use Alembic, Dagster's storage among them.
VERSION_TABLE = "ticket_pipeline_version"
#: Any number that others on the same server are unlikely to lock.
_LOCK = 7_469_636_574
MIGRATIONS = Path(__file__).parent / "migrations"


@cache
def versions() -> tuple[str, ...]:
    """List the migrations this code knows, oldest first."""
    return tuple(sorted(path.stem.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")))


def is_current(tx: Connection) -> bool:
    """Tell whether there is nothing to migrate.

    Raises:
        ConfigError: the database was written by newer code.
    """
    version = _version(tx)
    if version is not None and version not in versions():
        raise ConfigError(
            f"state: the database is at version {version}, this code knows up to {versions()[-1]}; "
            "upgrade ticket-pipeline"
        )
    return version == versions()[-1]


def migrate(tx: Connection) -> None:
    """Apply what is missing, in this transaction; processes that come at the same moment wait for each other.

    Raises:
        ConfigError: the database was written by newer code, or holds other people's tables under our names.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    if is_current(tx):
        return
    if _version(tx) is None:
        _refuse_strangers(tx)
    _upgrade(tx)


def _version(tx: Connection) -> str | None:
    if not inspect(tx).has_table(VERSION_TABLE):
        return None
    version: str | None = tx.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 - our constant
    return version


def _refuse_strangers(tx: Connection) -> None:
    taken = metadata.tables.keys() & set(inspect(tx).get_table_names())
    if taken:
        raise ConfigError(
            f"state: the database holds other tables named {', '.join(sorted(taken))}; "
            "give ticket-pipeline a database or a schema of its own"
        )


def _upgrade(tx: Connection) -> None:
    # Here, not above: most processes find the tables as they should be and need not wait for the import.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = tx
    command.upgrade(config, "head")
