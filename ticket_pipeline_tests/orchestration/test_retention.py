"""Retention in Dagster's own storage: what is old goes with its files, and nobody's last word is lost."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.utils import make_new_run_id
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from ticket_pipeline.errors import TransientError
from ticket_pipeline.model.retention import RetainReport
from ticket_pipeline.orchestration.code_location import site_definitions
from ticket_pipeline.orchestration.names import (
    EVENTS,
    PARTITIONED,
    SITE_TAG,
    TICKET_COUNTERS,
    TICKET_SYNC,
    Names,
)
from ticket_pipeline.orchestration.new_events import evaluate
from ticket_pipeline.orchestration.retention import retain_schedule, retain_site
from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline_tests.orchestration.conftest import staged
from ticket_pipeline_tests.orchestration.stage import SILENT, SITE, Stage, declared, figure
from ticket_pipeline_tests.sandbox.api import Api

#: Everything that is written while a test runs is old by then.
LATER = datetime(2099, 1, 1, tzinfo=UTC)
NAMES = Names(SITE)
GALA = dg.AssetMaterialization(NAMES.key(TICKET_COUNTERS), partition="gala")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "dagster"
    folder.mkdir()
    return folder


@pytest.fixture
def lasting(sandbox: RunningSandbox, api: Api, tmp_path: Path, home: Path) -> Iterator[Stage]:
    """Set a stage whose Dagster keeps what it knows in SQLite files, and the output of runs."""
    with (
        staged(declared(sandbox.base_url, tmp_path), api, tmp_path) as stage,
        dg.DagsterInstance.local_temp(str(home)) as instance,
    ):
        yield replace(stage, instance=instance)


def cleared(stage: Stage, *, at: datetime = LATER, **options: Any) -> RetainReport:
    return retain_site(stage.instance, stage.names, stage.site, at=at, **options)


def run_ids(instance: dg.DagsterInstance) -> set[str]:
    return {run.run_id for run in instance.get_runs()}


def files(home: Path, run_id: str) -> list[Path]:
    """List what there is of a run: its events, and the folder of its output."""
    return [path for path in home.rglob("*") if path.name.startswith(run_id)]


def materialized(stage: Stage) -> dict[str, set[str]]:
    return {each: stage.instance.get_materialized_partitions(stage.names.key(each)) for each in PARTITIONED}


def newest(stage: Stage, asset: str) -> Mapping[str, int]:
    return stage.instance.get_latest_storage_id_by_partition(
        stage.names.key(asset), dg.DagsterEventType.ASSET_MATERIALIZATION
    )


def add_run(instance: dg.DagsterInstance, status: dg.DagsterRunStatus, **options: Any) -> str:
    run = dg.DagsterRun(job_name="some", run_id=make_new_run_id(), status=status, **options)
    return instance.run_storage.add_run(run).run_id


def test_runs_that_are_old_go_and_nothing_looks_less_done_than_before(stage: Stage) -> None:
    stage.sync()
    first = run_ids(stage.instance)
    stage.sync()
    before, said = materialized(stage), {each: newest(stage, each) for each in PARTITIONED}
    checked = _check_results(stage)
    report = cleared(stage)
    assert (report.runs, report.runs_kept, report.runs_left) == (2, 2, 0)
    assert run_ids(stage.instance).isdisjoint(first)
    assert materialized(stage) == before
    assert {each: newest(stage, each) for each in PARTITIONED} == said
    assert stage.instance.get_latest_materialization_event(stage.names.key(EVENTS)) is not None
    assert report.reports > 0
    assert _check_results(stage) == checked
    result = evaluate(stage.instance, stage.names, stage.site, None, at=LATER)
    assert isinstance(result, dg.SensorResult)
    assert not result.run_requests
    again = cleared(stage)
    assert (again.runs, again.runs_kept, again.reports) == (0, 2, 0)


def test_a_run_goes_with_its_files(lasting: Stage, home: Path) -> None:
    lasting.instance.add_dynamic_partitions(lasting.names.partitions_name, ["gala"])
    _speak(lasting.instance, GALA)
    (first,) = run_ids(lasting.instance)
    _speak(lasting.instance, GALA)
    (last,) = run_ids(lasting.instance) - {first}
    assert {path.parent.name for path in files(home, first)} == {"runs", "storage"}
    foreseen = cleared(lasting, preview=True)
    assert files(home, first)
    assert (cleared(lasting), foreseen.runs) == (foreseen, 1)
    assert (run_ids(lasting.instance), files(home, first)) == ({last}, [])
    assert files(home, last)


def test_what_is_young_stays(stage: Stage) -> None:
    _speak(stage.instance, GALA)
    _speak(stage.instance, GALA)
    report = cleared(stage, at=datetime.now(UTC))
    assert (report.runs, report.runs_kept, report.reports) == (0, 0, 0)
    assert len(run_ids(stage.instance)) == 2


def test_the_last_word_on_a_partition_that_is_no_more_keeps_no_run(stage: Stage) -> None:
    stage.instance.add_dynamic_partitions(stage.names.partitions_name, ["gala"])
    _speak(stage.instance, GALA)
    assert (cleared(stage).runs, cleared(stage).runs_kept) == (0, 1)
    stage.instance.delete_dynamic_partition(stage.names.partitions_name, "gala")
    assert (cleared(stage).runs, run_ids(stage.instance)) == (1, set())


def test_only_so_many_runs_go_at_once_the_oldest_first(stage: Stage) -> None:
    old = [add_run(stage.instance, dg.DagsterRunStatus.SUCCESS, tags=NAMES.tags) for _ in range(5)]
    report = cleared(stage, most_runs=2)
    assert (report.runs, report.runs_left) == (2, 3)
    assert run_ids(stage.instance) == set(old[2:])


@pytest.mark.parametrize(
    "status",
    [
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
        dg.DagsterRunStatus.CANCELING,
    ],
)
def test_a_run_that_is_not_over_stays_however_old(stage: Stage, status: dg.DagsterRunStatus) -> None:
    under_way = add_run(stage.instance, status, tags={SITE_TAG: SITE})
    assert cleared(stage).runs == 0
    assert run_ids(stage.instance) == {under_way}


def test_runs_of_other_people_stay(stage: Stage) -> None:
    foreign = {
        add_run(stage.instance, dg.DagsterRunStatus.SUCCESS),
        add_run(stage.instance, dg.DagsterRunStatus.SUCCESS, tags={SITE_TAG: "another"}),
        add_run(stage.instance, dg.DagsterRunStatus.SUCCESS, asset_selection=frozenset({dg.AssetKey("theirs")})),
        add_run(
            stage.instance,
            dg.DagsterRunStatus.FAILURE,
            asset_selection=frozenset({dg.AssetKey("theirs"), NAMES.key(EVENTS)}),
        ),
    }
    ours = dg.AssetCheckKey(NAMES.key(TICKET_SYNC), "one_to_one")
    add_run(stage.instance, dg.DagsterRunStatus.SUCCESS, asset_selection=frozenset({NAMES.key(EVENTS)}))
    add_run(stage.instance, dg.DagsterRunStatus.CANCELED, asset_check_selection=frozenset({ours}))
    assert cleared(stage).runs == 2
    assert run_ids(stage.instance) == foreign


def test_a_removal_that_was_cut_off_is_completed_the_next_time(
    lasting: Stage, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _speak(lasting.instance, GALA)
    (only,) = run_ids(lasting.instance)
    with monkeypatch.context() as patched:
        patched.setattr(lasting.instance.run_storage, "delete_run", _dies)
        with pytest.raises(KeyboardInterrupt):
            cleared(lasting)
    assert run_ids(lasting.instance) == {only}
    assert cleared(lasting).runs == 1
    assert (run_ids(lasting.instance), files(home, only)) == (set(), [])


def test_what_no_run_told_goes_but_for_the_last_of_each_partition_in_every_file(lasting: Stage, home: Path) -> None:
    lasting.instance.add_dynamic_partitions(lasting.names.partitions_name, ["gala", "ball"])
    key, theirs = lasting.names.key(TICKET_COUNTERS), dg.AssetKey("theirs")
    for number in range(4):
        for partition in ("gala", "ball"):
            told = dg.AssetMaterialization(key, partition=partition, tags={"dagster/data_version": str(number)})
            lasting.instance.report_runless_asset_event(told)
        lasting.instance.report_runless_asset_event(dg.AssetObservation(lasting.names.key("webhook_inbox")))
        lasting.instance.report_runless_asset_event(dg.AssetMaterialization(theirs))
        lasting.instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(asset_key=key, check_name="fresh", passed=number % 2 == 0)
        )
    last = newest(lasting, TICKET_COUNTERS)
    assert cleared(lasting).reports == 3 * 3 + 2
    assert newest(lasting, TICKET_COUNTERS) == last
    assert len(lasting.instance.fetch_materializations(theirs, limit=10).records) == 4
    for name in ("index", ""):
        assert len(_rows(home, name, "select id from event_logs where asset_key is not null")) == 4 + 3
    assert len(_rows(home, "index", "select value from asset_event_tags")) == 2


@given(
    words=st.lists(st.tuples(st.sampled_from(["gala", "ball", "tour"]), st.booleans()), min_size=1, max_size=8),
    there=st.sets(st.sampled_from(["gala", "ball"])),
)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whoever_spoke_in_whatever_order_the_last_word_stays(
    stage: Stage, words: Sequence[tuple[str, bool]], there: set[str]
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(NAMES.partitions_name, sorted(there))
        key = NAMES.key(TICKET_COUNTERS)
        for partition, is_run in words:
            told = dg.AssetMaterialization(key, partition=partition)
            _speak(instance, told) if is_run else instance.report_runless_asset_event(told)
        before = _last_words(instance, key)
        retain_site(instance, NAMES, stage.site, at=LATER)
        after = _last_words(instance, key)
        assert {each: after.get(each) for each in there} == {each: before.get(each) for each in there}
        assert len(instance.fetch_materializations(key, limit=100).records) == len(set(before) & there)


def test_a_storage_that_is_locked_is_for_later(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage.instance.event_log_storage, "index_connection", _locked)
    with pytest.raises(TransientError, match="database is locked"):
        cleared(stage)


def test_the_job_clears_by_the_declared_ages_and_shows_figures(stage: Stage) -> None:
    stage.sync()
    result = stage.run(stage.names.retain_job)
    assert result.success
    (op,) = [each for each in result.all_events if each.is_successful_output]
    shown = op.step_output_data.metadata
    assert (figure(shown, "runs"), figure(shown, "inbox"), figure(shown, "events of Dagster's")) == (0, 0, 0)


def test_it_is_asked_for_every_night(stage: Stage) -> None:
    schedule = retain_schedule(stage.names)
    context = dg.build_schedule_context(scheduled_execution_time=datetime(2026, 6, 1, tzinfo=UTC))
    (request,) = schedule.evaluate_tick(context).run_requests or []
    assert request.tags[SITE_TAG] == SITE
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING


def _speak(instance: dg.DagsterInstance, told: dg.AssetMaterialization) -> None:
    """Tell it in a run of the site."""

    @dg.op
    def tell(context: dg.OpExecutionContext) -> None:
        context.log_event(told)

    @dg.job(tags=NAMES.tags)
    def telling() -> None:
        tell()

    assert telling.execute_in_process(run_config=SILENT, instance=instance).success


def _last_words(instance: dg.DagsterInstance, key: dg.AssetKey) -> dict[str, int]:
    return dict(instance.get_latest_storage_id_by_partition(key, dg.DagsterEventType.ASSET_MATERIALIZATION))


def _check_results(stage: Stage) -> dict[dg.AssetCheckKey, int]:
    """Give the number of each check's last result."""
    checks = site_definitions(stage.parts).asset_checks or ()
    keys = [spec.key for each in checks if isinstance(each, dg.AssetChecksDefinition) for spec in each.check_specs]
    found = stage.instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    assert found
    return {key: record.id for key, record in found.items()}


def _dies(_: str) -> None:
    raise KeyboardInterrupt


def _locked() -> None:
    raise OperationalError("delete", {}, sqlite3.OperationalError("database is locked"))


def _rows(home: Path, name: str, query: str) -> list[Any]:
    (path,) = [each for each in home.rglob("*.db") if each.name == f"{name}.db"]
    with sqlite3.connect(path) as connection:
        found = connection.execute(query).fetchall()
    connection.close()
    return found
