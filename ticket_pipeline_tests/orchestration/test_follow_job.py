"""One run brings all that has landed to the destination, and marks what it touched."""

import dagster as dg
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from ticket_pipeline.flows.load import load_definitions
from ticket_pipeline.orchestration.code_location import site_definitions
from ticket_pipeline.orchestration.follow_runs import TAKEN_TAG
from ticket_pipeline.orchestration.names import (
    EXTERNAL_RECORDS,
    PARTITIONED,
    TICKET_DEFINITIONS,
    TICKET_SYNC,
    WEBHOOK_INBOX,
)
from ticket_pipeline.sandbox import event_organiser, organiser
from ticket_pipeline.sandbox.entities import Definition
from ticket_pipeline.sandbox.faults import Faults
from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline.sandbox.settings import SANDBOX_INSTANCE_ID
from ticket_pipeline.store import inbox
from ticket_pipeline_tests.orchestration.landing import landing
from ticket_pipeline_tests.orchestration.stage import Stage, attempts, failure, figure
from ticket_pipeline_tests.sandbox.api import NOW

ENCORE = {
    "title": "Encore",
    "dateAndTimeSettings": {"startDate": "2026-09-01T18:00:00Z", "timeZoneId": "UTC"},
    "registration": {"initialType": "TICKETING"},
}
STALLS = {
    "name": "Stalls",
    "feeType": "FEE_ADDED_AT_CHECKOUT",
    "pricingMethod": {"fixedPrice": {"value": "9.00", "currency": "USD"}},
}


def some(stage: Stage, sandbox: RunningSandbox) -> Definition:
    """Pick a definition whose event has a partition."""
    return next(each for each in sandbox.world.definitions if each.event_id in stage.partitions)


def title(stage: Stage, definition: Definition) -> str:
    ((found,),) = stage.ticketing("select title from tickets where wix_ticket_definition_id = ?", definition.id)
    return str(found)


def waiting(stage: Stage) -> int:
    with stage.site.state.reading() as tx:
        return len(inbox.waiting(tx, stage.site.name, 100))


def test_an_edit_reaches_the_destination_and_its_partition_is_marked(stage: Stage, sandbox: RunningSandbox) -> None:
    stage.sync()
    definition = some(stage, sandbox)
    with landing(sandbox, stage.site.state):
        organiser.edit(sandbox.world, definition.id, {"name": "Royal box"})
    result = stage.run(stage.names.follow_job)
    assert result.success
    assert title(stage, definition) == "Royal box"
    for asset in PARTITIONED:
        marked = stage.materialized(asset)
        assert {each for each, events in marked.items() if len(events) == 2} == {definition.event_id}
    newest = stage.materialized(TICKET_SYNC)[definition.event_id][0]
    assert figure(newest.metadata, "writes") == 1
    (op,) = [each for each in result.all_events if each.is_successful_output]
    assert figure(op.step_output_data.metadata, "webhooks") == 1
    assert figure(op.step_output_data.metadata, "updated") == 1


def test_a_run_says_which_entries_it_takes_and_how_all_is_afterwards(stage: Stage, sandbox: RunningSandbox) -> None:
    stage.sync()
    with landing(sandbox, stage.site.state):
        organiser.edit(sandbox.world, some(stage, sandbox).id, {"name": "Royal box"})
    result = stage.run(stage.names.follow_job)
    run = stage.instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.tags[TAKEN_TAG] == f"{run.run_id}:1"
    told = {each.check_name: each.passed for each in result.get_asset_check_evaluations()}
    of_inbox, of_assets = ("inbox_settled", "dead_letters"), ("load_complete", "no_refusals", "one_to_one")
    assert told == dict.fromkeys([*of_inbox, *of_assets, "destination_equals_plan"], True)


def test_a_new_event_becomes_a_partition_and_a_gone_one_ceases_to_be_one(stage: Stage, sandbox: RunningSandbox) -> None:
    stage.sync()
    before, gone = set(stage.partitions), some(stage, sandbox).event_id
    with landing(sandbox, stage.site.state):
        new = event_organiser.create(sandbox.world, ENCORE, instance_id=SANDBOX_INSTANCE_ID)
        organiser.create(sandbox.world, {**STALLS, "eventId": new.id})
        event_organiser.delete(sandbox.world, gone)
    assert stage.run(stage.names.follow_job).success
    assert set(stage.partitions) == before - {gone} | {new.id}
    assert new.id in stage.materialized(TICKET_SYNC)


def test_what_was_left_over_is_finished_without_any_webhook(stage: Stage) -> None:
    stage.refresh()
    load_definitions(stage.site.state, stage.site.wix, stage.partitions, now=NOW)
    assert stage.run(stage.names.follow_job).success
    (count,) = stage.ticketing("select count(*) from tickets")[0]
    assert count > 0
    assert set(stage.materialized(EXTERNAL_RECORDS)) <= set(stage.partitions)


def test_when_wix_is_down_it_is_tried_again_and_then_everything_still_waits(
    stage: Stage, sandbox: RunningSandbox
) -> None:
    stage.sync()
    with landing(sandbox, stage.site.state):
        organiser.edit(sandbox.world, some(stage, sandbox).id, {"name": "Royal box"})
        event_organiser.edit(sandbox.world, some(stage, sandbox).event_id, {"title": "Postponed"})
    sandbox.desk.faults.set(Faults(unavailable=1.0))
    result = stage.run(stage.names.follow_job)
    assert not result.success
    assert attempts(result, f"{stage.names.follow_job}_op") == 4
    assert waiting(stage) == 1
    sandbox.desk.faults.set(Faults())
    assert stage.run(stage.names.follow_job).success
    assert waiting(stage) == 0


def test_a_held_plan_fails_the_run_with_the_command_and_the_inbox_is_settled(
    stage: Stage, sandbox: RunningSandbox
) -> None:
    stage.sync()
    with landing(sandbox, stage.site.state):
        for event_id in stage.partitions:
            event_organiser.delete(sandbox.world, event_id)
    result = stage.run(stage.names.follow_job)
    assert not result.success
    assert "ticket-pipeline plan --site" in failure(result).user_failure_data.description
    assert attempts(result, f"{stage.names.follow_job}_op") == 1
    assert waiting(stage) == 0
    assert all(len(events) == 1 for events in stage.materialized(TICKET_SYNC).values())
    assert any(len(events) == 2 for events in stage.materialized(TICKET_DEFINITIONS).values())


def test_an_observation_of_the_inbox_makes_no_partition_look_unsynced(stage: Stage) -> None:
    stage.sync()
    stage.instance.report_runless_asset_event(
        dg.AssetObservation(stage.names.key(WEBHOOK_INBOX), metadata={"waiting": 1})
    )
    graph = site_definitions(stage.parts).get_repository_def().asset_graph
    resolver = CachingStaleStatusResolver(stage.instance, graph, LoadingContextForTest(stage.instance))
    for asset in PARTITIONED:
        assert resolver.get_status(stage.names.key(asset), stage.partitions[0]) is StaleStatus.FRESH
