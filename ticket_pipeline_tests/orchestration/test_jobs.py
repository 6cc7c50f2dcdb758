"""The jobs by night and by the minute."""

from datetime import UTC, datetime

import dagster as dg

from ticket_pipeline.orchestration.jobs import schedules
from ticket_pipeline.orchestration.names import EVENTS, PARTITIONED, TICKET_SYNC
from ticket_pipeline_tests.orchestration.stage import Stage, figure


def test_reconcile_alone_brings_all_in_step_and_marks_it(stage: Stage) -> None:
    assert stage.run(stage.names.reconcile_job).success
    assert stage.materialized(EVENTS)
    for asset in PARTITIONED:
        assert set(stage.materialized(asset)) == set(stage.partitions)
    (count,) = stage.ticketing("select count(*) from tickets")[0]
    assert count == sum(
        figure(each.metadata, "dagster/row_count") for (each,) in stage.materialized(TICKET_SYNC).values()
    )


def test_reconcile_marks_what_it_mended_and_nothing_else(stage: Stage) -> None:
    stage.sync()
    ((event,),) = stage.ticketing("select min(wix_event_id) from tickets")
    stage.ticketing("delete from tickets where wix_event_id = ?", event)
    result = stage.run(stage.names.reconcile_job)
    assert result.success
    marked = stage.materialized(TICKET_SYNC)
    assert {each for each, events in marked.items() if len(events) == 2} == {event}
    (op,) = [each for each in result.all_events if each.is_successful_output]
    assert figure(op.step_output_data.metadata, "missing at the destination") > 0


def test_a_fresh_list_of_events_makes_no_partition_look_unsynced(stage: Stage) -> None:
    stage.sync()
    stage.refresh()
    stage.run(stage.names.reconcile_job)
    versions = {each.tags["dagster/data_version"] for each in stage.materialized(EVENTS)[""] if each.tags}
    assert len(stage.materialized(EVENTS)[""]) == 3
    assert versions == {"list"}


def test_schedules_ask_for_their_job(stage: Stage) -> None:
    for schedule in schedules(stage.names):
        context = dg.build_schedule_context(scheduled_execution_time=datetime(2026, 6, 1, tzinfo=UTC))
        (request,) = schedule.evaluate_tick(context).run_requests or []
        assert request.tags["ticket_pipeline/site"] == "box_office"
    assert [schedule.cron_schedule for schedule in schedules(stage.names)] == ["*/5 * * * *", "17 3 * * *"]
