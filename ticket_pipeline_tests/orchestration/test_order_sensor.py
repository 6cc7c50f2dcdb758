"""Counters that moved are told of without a run; where the server was down, they are healed first."""

from collections import Counter
from datetime import datetime, timedelta
from typing import cast

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from ticket_pipeline.flows.shown import shown
from ticket_pipeline.orchestration.code_location import site_definitions
from ticket_pipeline.orchestration.counter_assets import BEAT
from ticket_pipeline.orchestration.counter_checks import FRESH
from ticket_pipeline.orchestration.counter_turns import Memory
from ticket_pipeline.orchestration.names import TICKET_COUNTERS, TICKET_DEFINITIONS
from ticket_pipeline.orchestration.order_sensor import evaluate, order_sensor
from ticket_pipeline.sandbox import organiser
from ticket_pipeline.sandbox.faults import Faults
from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline.store import inbox, tallies
from ticket_pipeline.store.inbox import State
from ticket_pipeline_tests.orchestration.counting import buy, definitions, left, scarce, serve
from ticket_pipeline_tests.orchestration.landing import landing
from ticket_pipeline_tests.orchestration.stage import Stage, figure
from ticket_pipeline_tests.sandbox.api import NOW

SOON, LATER = timedelta(seconds=5), timedelta(seconds=30)


@pytest.fixture
def begun(counting: Stage) -> Stage:
    """Set a stage whose counters were all read once, by a server."""
    counting.sync()
    serve(counting, at=NOW - timedelta(seconds=1))
    return counting


def tick(stage: Stage, cursor: str | None = None, *, at: datetime = NOW) -> dg.SensorResult:
    """Evaluate the sensor, and do with the result as the daemon does."""
    result = evaluate(stage.instance, stage.names, stage.site, cursor, clock=lambda: at)
    for event in result.asset_events:
        stage.instance.report_runless_asset_event(event)
    return result


def told(result: dg.SensorResult) -> list[str]:
    return [str(each.partition) for each in result.asset_events if isinstance(each, dg.AssetMaterialization)]


def reason(result: dg.SensorResult) -> str:
    assert isinstance(result.skip_reason, dg.SkipReason)
    return str(result.skip_reason.skip_message)


def first(stage: Stage) -> str:
    """Give the cursor after the first evaluation."""
    cursor = tick(stage).cursor
    assert cursor is not None
    return cursor


def roomy(stage: Stage) -> str:
    """Pick an event whose counters are shown, and that may have one more."""
    with stage.site.state.reading() as tx:
        on_sale = Counter(each.event_id for each in tallies.listing(tx, stage.site.name) if each.remaining)
    return min(event for event, count in on_sale.items() if count < 90)


def test_an_order_that_the_server_answered_is_told_of_without_a_run(begun: Stage, sandbox: RunningSandbox) -> None:
    cursor, definition = first(begun), scarce(begun, sandbox)
    before = left(begun, definition.id)
    with landing(sandbox, begun.site.state):
        buy(sandbox, definition, 2)
    serve(begun, at=NOW + timedelta(milliseconds=40))
    runs = begun.instance.get_runs_count()
    sandbox.stats.reset()
    result = tick(begun, cursor, at=NOW + SOON)
    assert told(result) == [definition.event_id]
    assert result.run_requests == []
    assert begun.instance.get_runs_count() == runs
    assert sandbox.stats.total == 0
    newest = begun.materialized(TICKET_COUNTERS)[definition.event_id][0]
    row = cast("dg.TableMetadataValue", newest.metadata["preview"]).records[0].data
    assert (row["definition"], row["before"], row["left"]) == (definition.id, before, before - 2)
    assert row["price"]
    assert row["name"]
    assert (row["seconds since read"], row["read took seconds"]) == (4.96, 0.0)
    assert figure(newest.metadata, "of which healed") == 0
    assert "OrderConfirmed" in str(newest.metadata["topics"].value)


def test_what_was_told_is_not_told_again(begun: Stage, sandbox: RunningSandbox) -> None:
    cursor, definition = first(begun), scarce(begun, sandbox)
    with landing(sandbox, begun.site.state):
        buy(sandbox, definition)
    serve(begun, at=NOW)
    result = tick(begun, cursor, at=NOW + SOON)
    again = tick(begun, result.cursor, at=NOW + SOON)
    assert told(again) == []
    assert reason(again) == "No webhook moved a counter."


def test_a_rush_on_one_event_is_told_of_once(begun: Stage, sandbox: RunningSandbox) -> None:
    cursor, definition = first(begun), scarce(begun, sandbox)
    with landing(sandbox, begun.site.state):
        for _ in range(20):
            buy(sandbox, definition)
    serve(begun, at=NOW)
    result = tick(begun, cursor, at=NOW + SOON)
    assert told(result) == [definition.event_id]
    (materialization,) = result.asset_events
    assert figure(materialization.metadata, "webhooks") >= 20


def test_a_webhook_that_has_just_landed_is_left_to_the_server(begun: Stage, sandbox: RunningSandbox) -> None:
    cursor = first(begun)
    with landing(sandbox, begun.site.state):
        buy(sandbox, scarce(begun, sandbox))
    sandbox.stats.reset()
    result = tick(begun, cursor, at=NOW + SOON)
    assert told(result) == []
    assert sandbox.stats.total == 0
    assert Memory.read(result.cursor).seq == Memory.read(cursor).seq


def test_after_a_server_was_down_the_counters_are_healed_with_few_requests(
    begun: Stage, sandbox: RunningSandbox
) -> None:
    cursor, some = first(begun), definitions(begun, sandbox)[:8]
    before = {each.id: left(begun, each.id) for each in some if (each.unsold or 0) > 0}
    with landing(sandbox, begun.site.state):
        for each in some:
            buy(sandbox, each)
    sandbox.stats.reset()
    result = tick(begun, cursor, at=NOW + LATER)
    assert sandbox.stats.total == 2
    assert set(told(result)) == {each.event_id for each in some}
    assert {each: left(begun, each) for each in before} == {each: count - 1 for each, count in before.items()}
    (newest, *_) = begun.materialized(TICKET_COUNTERS)[some[0].event_id]
    assert figure(newest.metadata, "of which healed") > 0
    row = cast("dg.TableMetadataValue", newest.metadata["preview"]).records[0].data
    assert row["why"] == "healing"
    assert "healed" in reason(result)


def test_a_definition_heard_of_for_the_first_time_is_healed_too(begun: Stage, sandbox: RunningSandbox) -> None:
    cursor, event = first(begun), roomy(begun)
    price = {"fixedPrice": {"value": "9.00", "currency": "USD"}}
    stalls = {"name": "Stalls", "feeType": "FEE_ADDED_AT_CHECKOUT", "pricingMethod": price, "eventId": event}
    with landing(sandbox, begun.site.state):
        made = organiser.create(sandbox.world, {**stalls, "initialLimit": 7})
    assert told(tick(begun, cursor, at=NOW + LATER)) == [event]
    assert left(begun, made.id) == 7


def test_while_wix_is_down_it_is_tried_ever_less_often_and_nothing_is_lost(
    begun: Stage, sandbox: RunningSandbox
) -> None:
    cursor, definition = first(begun), scarce(begun, sandbox)
    before = left(begun, definition.id)
    with landing(sandbox, begun.site.state):
        buy(sandbox, definition)
    sandbox.desk.faults.set(Faults(unavailable=1.0))
    tries = []
    for seconds in range(20, 140, 5):
        sandbox.stats.reset()
        result = tick(begun, cursor, at=NOW + timedelta(seconds=seconds))
        cursor = str(result.cursor)
        assert told(result) == []
        assert "wait for a read" in reason(result)
        if sandbox.stats.total:
            tries.append(seconds)
    assert tries == [20, 30, 50, 90]
    sandbox.desk.faults.set(Faults())
    assert told(tick(begun, cursor, at=NOW + timedelta(seconds=300)))[:1] == [definition.event_id]
    assert left(begun, definition.id) == before - 1


def test_what_wix_refuses_holds_up_nothing_behind_it(begun: Stage, sandbox: RunningSandbox) -> None:
    cursor, definition = first(begun), scarce(begun, sandbox)
    with landing(sandbox, begun.site.state):
        buy(sandbox, definition)
        organiser.delete(sandbox.world, [definition])
    result = tick(begun, cursor, at=NOW + LATER)
    assert told(result) == [definition.event_id]
    assert told(tick(begun, result.cursor, at=NOW + LATER + SOON)) == []


def test_entries_are_looked_at_and_not_taken(begun: Stage, sandbox: RunningSandbox) -> None:
    cursor = first(begun)
    with landing(sandbox, begun.site.state):
        buy(sandbox, scarce(begun, sandbox))
    tick(begun, cursor, at=NOW + LATER)
    with begun.site.state.reading() as tx:
        assert {each.state for each in inbox.after(tx, begun.site.name, 0, 100)} == {State.LANDED}


def test_a_tick_that_is_evaluated_again_tells_the_same(begun: Stage, sandbox: RunningSandbox) -> None:
    cursor, definition = first(begun), scarce(begun, sandbox)
    with landing(sandbox, begun.site.state):
        buy(sandbox, definition)
    once = tick(begun, cursor, at=NOW + LATER)
    sandbox.stats.reset()
    again = tick(begun, cursor, at=NOW + LATER)
    assert told(once) == told(again) == [definition.event_id]
    assert sandbox.stats.total == 0
    assert once.cursor == again.cursor


def test_without_a_cursor_what_landed_before_is_healed(begun: Stage, sandbox: RunningSandbox) -> None:
    definition = scarce(begun, sandbox)
    before = left(begun, definition.id)
    with landing(sandbox, begun.site.state):
        buy(sandbox, definition)
    tick(begun, None, at=NOW + LATER)
    assert left(begun, definition.id) == before - 1


def test_a_cursor_of_a_state_that_was_begun_anew_is_no_good(begun: Stage, sandbox: RunningSandbox) -> None:
    definition = scarce(begun, sandbox)
    with landing(sandbox, begun.site.state):
        buy(sandbox, definition)
    serve(begun, at=NOW)
    cursor = Memory(seq=1_000_000, looked=NOW.timestamp()).written()
    assert told(tick(begun, cursor, at=NOW + SOON)) == [definition.event_id]


def test_events_never_told_of_are_told_of_once(begun: Stage) -> None:
    result = tick(begun)
    assert set(told(result)) == set(begun.partitions)
    assert told(tick(begun, result.cursor, at=NOW + timedelta(minutes=2))) == []


def test_events_whose_counters_nobody_has_read_yet_are_not_told_of(counting: Stage) -> None:
    counting.sync()
    counted = set(shown(counting.site.state, counting.site.counters.rules).event_of.values())
    assert set(told(tick(counting))) == set(counting.partitions) - counted


def test_that_counters_are_read_at_all_is_told_now_and_then(begun: Stage) -> None:
    cursor, moment = first(begun), NOW + BEAT + SOON
    quiet = tick(begun, cursor, at=moment)
    assert told(quiet) == []
    serve(begun, at=moment)
    beat = tick(begun, cursor, at=moment + SOON)
    assert len(told(beat)) == 1
    assert told(tick(begun, beat.cursor, at=moment + timedelta(minutes=2))) == []


def test_that_counters_grew_old_is_told_when_it_turns(begun: Stage) -> None:
    def checks(result: dg.SensorResult) -> list[bool]:
        found = [each for each in result.asset_events if isinstance(each, dg.AssetCheckEvaluation)]
        assert all(each.check_name == FRESH for each in found)
        return [each.passed for each in found]

    one = tick(begun)
    two = tick(begun, one.cursor, at=NOW + timedelta(minutes=2))
    three = tick(begun, two.cursor, at=NOW + timedelta(minutes=20))
    serve(begun, at=NOW + timedelta(minutes=21))
    four = tick(begun, three.cursor, at=NOW + timedelta(minutes=22))
    assert [checks(each) for each in (one, two, three, four)] == [[True], [], [False], [True]]


def test_an_event_without_a_partition_is_told_of_when_it_has_one(begun: Stage, sandbox: RunningSandbox) -> None:
    cursor, definition = first(begun), scarce(begun, sandbox)
    begun.instance.delete_dynamic_partition(begun.names.partitions_name, definition.event_id)
    with landing(sandbox, begun.site.state):
        buy(sandbox, definition)
    assert told(tick(begun, cursor, at=NOW + LATER)) == []


def test_a_counter_is_no_longer_stale_once_it_was_told_of(begun: Stage, sandbox: RunningSandbox) -> None:
    cursor, definition = first(begun), scarce(begun, sandbox)
    with landing(sandbox, begun.site.state):
        organiser.edit(sandbox.world, definition.id, {"name": "Royal box"})
    cursor = str(tick(begun, cursor, at=NOW + LATER).cursor)
    begun.run(begun.names.follow_job)
    assert len(begun.materialized(TICKET_DEFINITIONS)[definition.event_id]) == 2
    assert told(tick(begun, cursor, at=NOW + LATER + timedelta(minutes=1))) == [definition.event_id]
    graph = site_definitions(begun.parts).get_repository_def().asset_graph
    resolver = CachingStaleStatusResolver(begun.instance, graph, LoadingContextForTest(begun.instance))
    assert resolver.get_status(begun.names.key(TICKET_COUNTERS), definition.event_id) is StaleStatus.FRESH


def test_the_sensor_itself_can_be_called(begun: Stage) -> None:
    sensor = order_sensor(begun.parts)
    result = sensor(dg.build_sensor_context(instance=begun.instance))
    assert isinstance(result, dg.SensorResult)
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
