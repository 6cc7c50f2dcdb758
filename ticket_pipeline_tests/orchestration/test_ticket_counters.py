"""The asset of the counters, and its checks: a backfill reads all again; a number that is not true is found."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import dagster as dg
import pytest
from sqlalchemy import update

from ticket_pipeline.errors import RejectedError
from ticket_pipeline.orchestration.code_location import build, site_definitions
from ticket_pipeline.orchestration.counter_checks import FRESH, TRUE, freshness, truth
from ticket_pipeline.orchestration.names import TICKET_COUNTERS, TICKET_DEFINITIONS, WEBHOOK_INBOX
from ticket_pipeline.orchestration.new_events import range_tags
from ticket_pipeline.sandbox.faults import Faults
from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline.store.schema import tallies
from ticket_pipeline.wiring import Wiring
from ticket_pipeline_tests.orchestration.conftest import staged
from ticket_pipeline_tests.orchestration.counting import buy, definitions, left, scarce, serve, tally
from ticket_pipeline_tests.orchestration.stage import (
    DEFINITIONS_QUERY,
    SILENT,
    SITE,
    Stage,
    attempts,
    checks,
    declared_for,
    figure,
)
from ticket_pipeline_tests.sandbox.api import Api

STEP = f"{SITE}__{TICKET_COUNTERS}"
SOME_TIME_AGO = timedelta(minutes=3)


def materialize(stage: Stage, *events: str) -> dg.ExecuteInProcessResult:
    """Read the counters of a stretch of events again, as a backfill does."""
    key = stage.names.key(TICKET_COUNTERS)
    job = dg.define_asset_job("again", selection=dg.AssetSelection.assets(key))
    location = dg.Definitions.merge(site_definitions(stage.parts), dg.Definitions(jobs=[job]))
    first, last = events or (stage.partitions[0], stage.partitions[-1])
    return location.resolve_job_def("again").execute_in_process(
        run_config=SILENT, instance=stage.instance, raise_on_error=False, tags=range_tags(first, last)
    )


def tamper(stage: Stage, definition_id: str, remaining: int) -> None:
    """Have a counter show something that Wix never said."""
    shown = tally(stage, definition_id)
    assert shown is not None
    body = {**shown.shown(), "remaining": remaining}
    with stage.site.state.writing() as tx:
        tx.execute(update(tallies).where(tallies.c.definition_id == definition_id).values(body=body))


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def loaded(counting: Stage) -> Stage:
    """Set a stage whose definitions were loaded; no counter was read yet."""
    counting.sync()
    return counting


@pytest.fixture
def several(sandbox: RunningSandbox, api: Api, tmp_path: Path) -> Iterator[Stage]:
    """Set a stage with a second site that counts beside the first."""
    pipeline = declared_for(sandbox.base_url, tmp_path, {"counters": {}}, sites=(SITE, "foyer"))
    with staged(pipeline, api, tmp_path) as ready:
        yield ready


@pytest.fixture
def few(sandbox: RunningSandbox, api: Api, tmp_path: Path) -> Iterator[Stage]:
    """Set a stage where three limited tickets, no more than a check compares, have a counter."""
    limited = sorted(each.id for each in sandbox.world.definitions if (each.unsold or 0) > 5)
    pipeline = declared_for(sandbox.base_url, tmp_path, {"counters": {"definitions": limited[:3]}})
    with staged(pipeline, api, tmp_path) as ready:
        ready.sync()
        yield ready


class Refusing:
    """A way to Wix by which nothing is let through."""

    requests_spent = 0

    def call(self, *_: Any, **__: Any) -> Any:
        """Refuse."""
        raise RejectedError("wix: refused", code="test")


def test_a_backfill_reads_a_hundred_counters_with_each_request(loaded: Stage, sandbox: RunningSandbox) -> None:
    count = len(definitions(loaded, sandbox))
    sandbox.stats.reset()
    assert materialize(loaded).success
    of_the_check = 1
    assert sandbox.stats.routes == {DEFINITIONS_QUERY: -(-count // 100) + of_the_check}
    marked = loaded.materialized(TICKET_COUNTERS)
    assert set(marked) == set(loaded.partitions)
    shown = sum(figure(each.metadata, "dagster/row_count") for (each,) in marked.values())
    assert {figure(each.metadata, "counters read (whole run)") for (each,) in marked.values()} == {shown}


def test_it_reads_again_what_is_there_already(loaded: Stage, sandbox: RunningSandbox) -> None:
    materialize(loaded)
    definition = scarce(loaded, sandbox)
    before = left(loaded, definition.id)
    buy(sandbox, definition, 3)
    assert materialize(loaded, definition.event_id, definition.event_id).success
    assert left(loaded, definition.id) == before - 3
    newest = loaded.materialized(TICKET_COUNTERS)[definition.event_id][0]
    assert figure(newest.metadata, "changed") == 1
    table = cast("dg.TableMetadataValue", newest.metadata["preview"])
    assert (table.records[0].data["before"], table.records[0].data["left"]) == (before, before - 3)
    assert newest.metadata["slowest read, seconds"].value is not None
    assert newest.metadata["fewest left"].value is not None


def test_only_declared_counters_are_read(sandbox: RunningSandbox, api: Api, tmp_path: Path) -> None:
    chosen = str(api.all()[0]["id"])
    pipeline = declared_for(sandbox.base_url, tmp_path, {"counters": {"definitions": [chosen]}})
    with staged(pipeline, api, tmp_path) as stage:
        stage.sync()
        assert materialize(stage).success
        rows = [figure(each.metadata, "dagster/row_count") for (each,) in stage.materialized(TICKET_COUNTERS).values()]
        assert sum(rows) == 1


def test_when_wix_is_down_it_is_tried_again_and_nothing_is_marked(loaded: Stage, sandbox: RunningSandbox) -> None:
    sandbox.desk.faults.set(Faults(unavailable=1.0))
    result = materialize(loaded)
    assert not result.success
    assert attempts(result, STEP) == 4
    assert loaded.materialized(TICKET_COUNTERS) == {}


def test_the_graph_and_the_freshness_are_declared(tmp_path: Path) -> None:
    pipeline = declared_for("http://127.0.0.1:9", tmp_path, {"counters": {"freshness_limit": "30m"}})
    graph = build(Wiring(pipeline)).get_repository_def().asset_graph
    node = graph.get(dg.AssetKey([SITE, TICKET_COUNTERS]))
    assert {key.path[-1] for key in node.parent_keys} == {WEBHOOK_INBOX, TICKET_DEFINITIONS}
    assert node.description
    assert node.kinds
    assert node.code_version
    assert node.owners
    assert "dagster/column_schema" in node.metadata
    assert node.freshness_policy == dg.FreshnessPolicy.time_window(fail_window=timedelta(minutes=40))
    assert isinstance(node.partitions_def, dg.DynamicPartitionsDefinition)


def test_a_site_without_counters_has_none_of_it(stage: Stage) -> None:
    repository = site_definitions(stage.parts).get_repository_def()
    assert not [key for key in repository.asset_graph.get_all_asset_keys() if key.path[-1] == TICKET_COUNTERS]
    assert not [each for each in repository.sensor_defs if each.name == stage.names.order_sensor]


def test_each_site_has_its_own_counters(several: Stage) -> None:
    several.sync()
    serve(several, at=now())
    graph = build(several.wiring).get_repository_def().asset_graph
    assert {key.path[0] for key in graph.get_all_asset_keys() if key.path[-1] == TICKET_COUNTERS} == {SITE, "foyer"}
    assert freshness(several.site, at=now()).passed
    foyer = several.wiring.site("foyer")
    assert figure(freshness(foyer, at=now()).metadata, "counters") == 0


def test_the_checks_pass_when_all_was_just_read(loaded: Stage) -> None:
    result = materialize(loaded)
    assert checks(result) == {FRESH: True, TRUE: True}


def test_counters_never_read_are_not_fresh(loaded: Stage) -> None:
    result = freshness(loaded.site, at=now())
    assert not result.passed
    assert figure(result.metadata, "never read") == figure(result.metadata, "counters") > 0


def test_counters_read_too_long_ago_are_not_fresh(loaded: Stage) -> None:
    serve(loaded, at=now() - timedelta(minutes=16))
    result = freshness(loaded.site, at=now())
    assert not result.passed
    assert figure(result.metadata, "too old") > 0


def differences(result: dg.AssetCheckResult) -> list[dg.TableRecord]:
    table = cast("dg.TableMetadataValue", result.metadata["what differs"])
    return list(table.records)


def test_a_number_that_wix_never_said_is_found_and_mended(few: Stage, sandbox: RunningSandbox) -> None:
    definition = scarce(few, sandbox)
    serve(few, at=now() - SOME_TIME_AGO)
    honest = left(few, definition.id)
    tamper(few, definition.id, 99_999)
    sandbox.stats.reset()
    result = truth(few.site, at=now())
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert sandbox.stats.total == 1
    (row,) = differences(result)
    assert (row.data["definition"], row.data["showed"]) == (definition.id, "remaining 99999")
    assert left(few, definition.id) == honest
    assert truth(few.site, at=now()).passed


def test_one_that_no_sweep_has_found_is_an_error(few: Stage, sandbox: RunningSandbox) -> None:
    serve(few, at=now() - timedelta(minutes=11))
    buy(sandbox, scarce(few, sandbox))
    result = truth(few.site, at=now())
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.ERROR)


def test_what_has_just_changed_is_no_lie(few: Stage, sandbox: RunningSandbox) -> None:
    serve(few, at=now())
    buy(sandbox, scarce(few, sandbox))
    assert truth(few.site, at=now()).passed


def test_a_check_of_many_counters_spends_one_request(loaded: Stage, sandbox: RunningSandbox) -> None:
    serve(loaded, at=now())
    sandbox.stats.reset()
    result = truth(loaded.site, at=now())
    assert figure(result.metadata, "compared") == 100
    assert sandbox.stats.total == 1


def test_a_read_that_is_refused_is_a_failed_check(few: Stage) -> None:
    serve(few, at=now())
    few.site.__dict__["wix"] = Refusing()
    result = truth(few.site, at=now())
    assert not result.passed
    assert figure(result.metadata, "refused") == 3


def test_the_checks_run_with_the_nightly_reconcile(loaded: Stage) -> None:
    serve(loaded, at=now() - SOME_TIME_AGO)
    assert checks(loaded.run(loaded.names.reconcile_job)) == {FRESH: True, TRUE: True}
