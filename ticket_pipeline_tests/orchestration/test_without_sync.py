"""A site that declares no sync: the river ends at the ticket definitions, and everything else works as ever."""

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import dagster as dg
import pytest

from ticket_pipeline.flows.load import load_definitions
from ticket_pipeline.orchestration import new_events, webhook_inbox
from ticket_pipeline.orchestration.code_location import build, site_definitions
from ticket_pipeline.orchestration.names import EVENTS, TICKET_DEFINITIONS, WEBHOOK_INBOX
from ticket_pipeline.orchestration.sync import sync
from ticket_pipeline.sandbox import event_organiser, organiser
from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline.settings import Pipeline
from ticket_pipeline.store import inbox
from ticket_pipeline.wiring import Wiring
from ticket_pipeline_tests.orchestration.landing import landing
from ticket_pipeline_tests.orchestration.stage import SITE, Stage, checks, declared, declared_for
from ticket_pipeline_tests.sandbox.api import NOW

ANNOUNCING = {
    "audience": {"kind": "csv", "path": "subscribers.csv", "opt_in": "all"},
    "channels": [{"kind": "memory"}],
}


def assets(pipeline: Pipeline, site: str = SITE) -> set[str]:
    graph = build(Wiring(pipeline)).get_repository_def().asset_graph
    return {key.path[-1] for key in graph.get_all_asset_keys() if key.path[0] == site}


@pytest.mark.parametrize("doing", [{"counters": {}}, {"announcements": ANNOUNCING}], ids=["counters", "announcements"])
def test_the_location_loads_with_no_asset_of_a_destination(tmp_path: Path, doing: dict[str, object]) -> None:
    pipeline = declared_for("http://127.0.0.1:9", tmp_path, doing)
    dg.Definitions.validate_loadable(build(Wiring(pipeline)))
    there = assets(pipeline)
    assert {WEBHOOK_INBOX, EVENTS, TICKET_DEFINITIONS} <= there
    assert there.isdisjoint({"external_records", "ticket_sync"})


def test_a_site_with_and_one_without_stand_side_by_side(tmp_path: Path) -> None:
    with_sync, without = (
        declared("http://127.0.0.1:9", tmp_path),
        declared_for("http://127.0.0.1:9", tmp_path, {"counters": {}}),
    )
    both = with_sync.model_copy(update={"sites": {"east": with_sync.sites[SITE], "west": without.sites[SITE]}})
    assert "ticket_sync" in assets(both, "east")
    assert "ticket_sync" not in assets(both, "west")


def test_a_sync_loads_and_checks_and_is_a_report(counting: Stage) -> None:
    report = sync(counting.wiring, SITE, instance=counting.instance, retry_delay=0.0)
    assert report.loaded.definitions > 0
    assert report.failed_checks == ()
    assert report.published.written == report.mapped.records == 0
    assert set(counting.materialized(TICKET_DEFINITIONS)) == set(report.events.event_ids)
    assert not (counting.folder / "ticketing.db").exists()


def test_the_checks_of_a_run_are_those_of_what_was_read(counting: Stage) -> None:
    assert checks(counting.sync()) == {"load_complete": True}


def test_a_new_event_is_asked_for_until_its_definitions_are_read(counting: Stage) -> None:
    def asked() -> int:
        result = new_events.evaluate(counting.instance, counting.names, counting.site, None, at=NOW)
        assert isinstance(result, dg.SensorResult)
        return len(result.run_requests or [])

    counting.refresh()
    assert asked() == 1
    counting.sync()
    assert asked() == 0


def test_a_run_for_it_under_way_is_not_asked_for_again(counting: Stage) -> None:
    counting.refresh()
    tags = new_events.range_tags(counting.partitions[0], counting.partitions[-1])
    counting.instance.create_run_for_job(
        dg.job(name=counting.names.sync_job)(lambda: None), tags=tags, status=dg.DagsterRunStatus.STARTED
    )
    result = new_events.evaluate(counting.instance, counting.names, counting.site, None, at=NOW)
    assert isinstance(result, dg.SensorResult)
    assert result.run_requests == []


def test_following_the_webhooks_ends_in_our_state(counting: Stage, sandbox: RunningSandbox) -> None:
    counting.sync()
    definition = next(each for each in sandbox.world.definitions if each.event_id in counting.partitions)
    with landing(sandbox, counting.site.state):
        organiser.edit(sandbox.world, definition.id, {"name": "Royal box"})
    result = counting.run(counting.names.follow_job)
    assert result.success
    assert len(counting.materialized(TICKET_DEFINITIONS)[definition.event_id]) == 2
    assert set(checks(result)) >= {"inbox_settled", "dead_letters", "load_complete"}
    with counting.site.state.reading() as tx:
        assert inbox.waiting(tx, SITE, 10) == []


def test_a_gone_event_ceases_to_be_a_partition_at_once(counting: Stage, sandbox: RunningSandbox) -> None:
    counting.sync()
    gone = counting.partitions[0]
    event_organiser.delete(sandbox.world, gone)
    assert counting.refresh().success
    assert gone not in counting.partitions


def test_reconcile_reads_the_site_again(counting: Stage) -> None:
    assert counting.run(counting.names.reconcile_job).success
    assert set(counting.materialized(TICKET_DEFINITIONS)) == set(counting.partitions)
    assert counting.run(counting.names.reconcile_job).success
    assert all(len(each) == 1 for each in counting.materialized(TICKET_DEFINITIONS).values())


def test_nothing_is_left_over_where_nothing_is_published(counting: Stage) -> None:
    counting.refresh()
    load_definitions(counting.site.state, counting.site.wix, counting.partitions, now=NOW)
    cursor, start = None, datetime.now(UTC)
    for minute in range(5):
        clock = partial(start.__add__, timedelta(minutes=minute))
        result = webhook_inbox.evaluate(counting.instance, counting.names, counting.site, cursor, clock=clock)
        assert result.run_requests == []
        cursor = result.cursor


def test_no_job_speaks_of_a_destination(counting: Stage) -> None:
    repository = site_definitions(counting.parts).get_repository_def()
    said = [repository.get_job(name).description or "" for name in repository.job_names]
    assert not [each for each in said if "destination" in each or "publish" in each]
