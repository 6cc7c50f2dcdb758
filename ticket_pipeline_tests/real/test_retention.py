"""Retention where Dagster keeps what it knows in PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.instance.ref import InstanceRef

from ticket_pipeline.orchestration.names import TICKET_COUNTERS, Names
from ticket_pipeline.orchestration.old_events import OldEvents
from ticket_pipeline.orchestration.old_runs import old_runs, remove_run
from ticket_pipeline_tests.orchestration.stage import SILENT, SITE
from ticket_pipeline_tests.real.postgresql_server import programs, running_postgresql

LATER = datetime(2099, 1, 1, tzinfo=UTC)
NAMES = Names(SITE)
KEY = NAMES.key(TICKET_COUNTERS)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL is not installed")
    with running_postgresql(found) as server:
        url = server.url(driver="psycopg2")
        (tmp_path / "dagster.yaml").write_text(f'storage: {{postgres: {{postgres_url: "{url}"}}}}\n', encoding="utf-8")
        with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(tmp_path))) as made:
            yield made


@dg.op
def tell(context: dg.OpExecutionContext) -> None:
    """Tell of a counter, in a run."""
    context.log_event(dg.AssetMaterialization(KEY, partition="gala"))


@dg.job(tags=NAMES.tags)
def telling() -> None:
    """Tell of a counter."""
    tell()


def test_old_runs_and_events_go_and_the_last_words_stay(instance: dg.DagsterInstance) -> None:
    instance.add_dynamic_partitions(NAMES.partitions_name, ["gala", "ball"])
    runs = [telling.execute_in_process(run_config=SILENT, instance=instance).run_id for _ in range(3)]
    for _ in range(3):
        instance.report_runless_asset_event(dg.AssetMaterialization(KEY, partition="ball"))
        instance.report_runless_asset_event(dg.AssetCheckEvaluation(asset_key=KEY, check_name="fresh", passed=True))
    before = instance.get_latest_storage_id_by_partition(KEY, dg.DagsterEventType.ASSET_MATERIALIZATION)
    events = OldEvents(instance=instance, keys=NAMES.keys, partitions=frozenset({"gala", "ball"}))
    assert old_runs(instance, NAMES, before=LATER) == runs
    assert events.spoken_by() == {runs[-1], ""}
    for each in runs[:-1]:
        remove_run(instance, each)
    assert events.clear(told=LATER, checked=LATER, sleep=lambda _: None) == 2 + 2
    assert events.clear(told=LATER, checked=LATER, sleep=lambda _: None) == 0
    assert [run.run_id for run in instance.get_runs()] == [runs[-1]]
    assert instance.get_latest_storage_id_by_partition(KEY, dg.DagsterEventType.ASSET_MATERIALIZATION) == before
    assert len(instance.fetch_materializations(KEY, limit=10).records) == 2
