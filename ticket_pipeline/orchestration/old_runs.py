"""Runs of a site that are long over: which they are, and removing one with all that Dagster keeps of it."""

import shutil
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage

from ticket_pipeline.orchestration.names import SITE_TAG, Names

_OVER = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_PAGE = 500


def old_runs(instance: dg.DagsterInstance, names: Names, *, before: datetime) -> list[str]:
    """List the site's runs, and nobody else's, that were over before that instant, the oldest first."""
    return [run.run_id for run in _over(instance, before) if _is_of(run, names)]


def remove_run(instance: dg.DagsterInstance, run_id: str) -> None:
    """Remove a run with its events, logs and files; the run itself last, so that what is cut off is done again."""
    _remove_events(instance, run_id)
    instance.compute_log_manager.delete_logs(prefix=[run_id])
    folder = Path(instance.storage_directory()) / run_id
    if folder.is_dir():
        shutil.rmtree(folder)
    instance.run_storage.delete_run(run_id)


def _remove_events(instance: dg.DagsterInstance, run_id: str) -> None:
    """Remove a run's events; on SQLite also the file that holds them, which Dagster's own removal leaves behind."""
    storage = instance.event_log_storage
    if not isinstance(storage, SqliteEventLogStorage):
        storage.delete_events(run_id)
        return
    with storage.index_connection() as connection:
        storage.delete_events_for_run(connection, run_id)
    for suffix in ("", "-wal", "-shm"):
        Path(storage.path_for_shard(run_id) + suffix).unlink(missing_ok=True)


def _over(instance: dg.DagsterInstance, before: datetime) -> Iterator[dg.DagsterRun]:
    cursor = None
    filters = dg.RunsFilter(statuses=_OVER, updated_before=before)
    while page := instance.get_runs(filters, cursor=cursor, limit=_PAGE, ascending=True):
        yield from page
        cursor = page[-1].run_id


def _is_of(run: dg.DagsterRun, names: Names) -> bool:
    """Tell whether it is a run of the site's jobs, or of its assets or their checks alone."""
    return run.tags.get(SITE_TAG) == names.site or (bool(_worked_on(run)) and names.keys.issuperset(_worked_on(run)))


def _worked_on(run: dg.DagsterRun) -> Collection[dg.AssetKey]:
    return {*(run.asset_selection or ()), *(each.asset_key for each in run.asset_check_selection or ())}
