"""What Dagster was told of a site's assets: which of it is the last word, and clearing away the rest.

Dagster never removes any of it, and has no call for it but those that remove all: so this is its tables themselves.
On SQLite it keeps a copy of what no run told in one more file, which grows alike.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster._core.instance.utils import RUNLESS_RUN_ID
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from sqlalchemy import Column, ColumnElement, Connection, Table, and_, delete, func, select
from sqlalchemy.exc import SQLAlchemyError

from ticket_pipeline.errors import ConfigError, TransientError

_E, _C = SqlEventLogStorageTable.c, AssetCheckExecutionsTable.c
_WORD = (_E.asset_key, _E.dagster_event_type, _E.partition)
#: A check that did not come to its end must not hide the last that did.
_VERDICT = (_C.asset_key, _C.check_name, _C.partition, _C.execution_status)
#: What Dagster tells a partition's status by.
_STATUS = [
    each.value
    for each in (
        dg.DagsterEventType.ASSET_MATERIALIZATION,
        dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
        dg.DagsterEventType.ASSET_OBSERVATION,
    )
]
_AT_ONCE = 500
#: Seconds between two batches, in which others write.
_BREATH = 0.02
_Connect = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, kw_only=True)
class OldEvents:
    """The events of some assets; of partitions that are there no more, nothing is a last word."""

    instance: dg.DagsterInstance
    keys: frozenset[dg.AssetKey]
    partitions: frozenset[str]

    def spoken_by(self) -> frozenset[str]:
        """Tell which runs hold the last word on anything: without them Dagster would take partitions for never done."""
        with _storage(self.instance).index_connection() as connection:
            words = self._newest(connection, _E.dagster_event_type.in_(_STATUS))
            return frozenset(run_id for _, run_id in words)

    def clear(self, *, told: datetime, checked: datetime, sleep: Callable[[float], None], preview: bool = False) -> int:
        """Clear away what no run told before `told`, and check results from before `checked`, that others replaced.

        Returns how many there were. Each batch is a short transaction; whatever stops it, the same call goes on.

        Raises:
            ConfigError: the storage is no SQL database of Dagster's.
        """
        storage = _storage(self.instance)
        removed = self._clear_events(storage.index_connection, told, sleep, preview=preview)
        removed += self._clear_checks(storage.index_connection, checked, sleep, preview=preview)
        if storage.is_run_sharded:
            self._clear_events(lambda: storage.run_connection(RUNLESS_RUN_ID), told, sleep, preview=preview)
        return removed

    def _clear_events(
        self, connect: _Connect, before: datetime, sleep: Callable[[float], None], *, preview: bool
    ) -> int:
        with connect() as connection:
            kept = {each for each, _ in self._newest(connection)}
        old = and_(_E.run_id == RUNLESS_RUN_ID, self._ours(_E.asset_key), _E.timestamp < _naive(before))
        removed = 0
        for ids in _batches(connect, SqlEventLogStorageTable, old, kept, sleep):
            removed += len(ids)
            if not preview:
                with connect() as connection:
                    connection.execute(delete(AssetEventTagsTable).where(AssetEventTagsTable.c.event_id.in_(ids)))
                    connection.execute(delete(SqlEventLogStorageTable).where(_E.id.in_(ids)))
        return removed

    def _clear_checks(
        self, connect: _Connect, before: datetime, sleep: Callable[[float], None], *, preview: bool
    ) -> int:
        ours = self._ours(_C.asset_key)
        with connect() as connection:
            kept = set(connection.scalars(select(func.max(_C.id)).where(ours).group_by(*_VERDICT)))
        old = and_(ours, _C.evaluation_event_timestamp < _naive(before))
        removed = 0
        for ids in _batches(connect, AssetCheckExecutionsTable, old, kept, sleep):
            removed += len(ids)
            if not preview:
                with connect() as connection:
                    connection.execute(delete(AssetCheckExecutionsTable).where(_C.id.in_(ids)))
        return removed

    def _newest(self, connection: Connection, *only: ColumnElement[bool]) -> list[tuple[int, str]]:
        """Give number and run of the last event of each type, of each asset and partition that is there."""
        last = select(func.max(_E.id)).where(self._ours(_E.asset_key), *only).group_by(*_WORD)
        rows = connection.execute(select(_E.id, _E.run_id, _E.partition).where(_E.id.in_(last)))
        return [(number, run_id) for number, run_id, key in rows if key is None or key in self.partitions]

    def _ours(self, column: Column[Any]) -> ColumnElement[bool]:
        return column.in_(sorted(key.to_string() for key in self.keys))


@contextmanager
def explained_history() -> Iterator[None]:
    """Say what is the matter with Dagster's storage, its database or its files.

    Raises:
        TransientError: it cannot be read or written now; what is done stays done.
    """
    try:
        yield
    except SQLAlchemyError as error:
        told = str(getattr(error, "orig", error))
        raise TransientError(f"Dagster's storage cannot be cleared: {told}; try again") from error
    except OSError as error:
        raise TransientError(f"{error.filename}: cannot be removed ({error.strerror}); is it yours?") from error


def _batches(
    connect: _Connect, table: Table, old: ColumnElement[bool], kept: Collection[int], sleep: Callable[[float], None]
) -> Iterator[list[int]]:
    """Yield the numbers of what is old and not kept, in their order."""
    after = 0
    while True:
        query = select(table.c.id).where(old, table.c.id > after).order_by(table.c.id).limit(_AT_ONCE)
        with connect() as connection:
            found = list(connection.scalars(query))
        ids = [each for each in found if each not in kept]
        if ids:
            yield ids
        if len(found) < _AT_ONCE:
            return
        after = found[-1]
        sleep(_BREATH)


def _storage(instance: dg.DagsterInstance) -> SqlEventLogStorage:
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        raise ConfigError(
            f"Dagster's storage is a {type(storage).__name__}, which clears itself; see its own retention"
        )
    return storage


def _naive(at: datetime) -> datetime:
    """Write an instant as Dagster does."""
    return at.astimezone(UTC).replace(tzinfo=None)
