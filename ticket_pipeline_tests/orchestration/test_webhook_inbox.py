"""The sensor asks for one run for all that has landed, again for what failed, and for what a crash left over."""

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import dagster as dg
import pytest

from ticket_pipeline.flows.load import load_definitions
from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.orchestration.code_location import site_definitions
from ticket_pipeline.orchestration.follow_runs import TAKEN_TAG, TRUST, say_taken
from ticket_pipeline.orchestration.long_polls import LongPolls
from ticket_pipeline.orchestration.names import TICKET_DEFINITIONS, WEBHOOK_INBOX
from ticket_pipeline.orchestration.webhook_inbox import evaluate, webhook_sensor
from ticket_pipeline.sandbox import organiser
from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline.store import inbox
from ticket_pipeline_tests.orchestration.landing import landing
from ticket_pipeline_tests.orchestration.origins import origin
from ticket_pipeline_tests.orchestration.stage import Stage, figure
from ticket_pipeline_tests.sandbox.api import NOW

QUEUED, STARTED = dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTED
FAILURE, SUCCESS = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS


def land(stage: Stage, *keys: str) -> None:
    envelopes = [
        Envelope(key=key, topic="t", instance_id=None, entity_id=None, event_id=None, occurred_at=None, body={})
        for key in keys
    ]
    with stage.site.state.writing() as tx:
        inbox.land(tx, stage.site.name, envelopes, at=NOW)


def settle(stage: Stage, *seqs: int) -> None:
    with stage.site.state.writing() as tx:
        inbox.finish(tx, stage.site.name, seqs, inbox.State.DONE, at=NOW)


def tick(stage: Stage, cursor: str | None = None, *, at: datetime | None = None) -> dg.SensorResult:
    moment = at or datetime.now(NOW.tzinfo)
    return evaluate(stage.instance, stage.names, stage.site, cursor, clock=lambda: moment)


def asked(result: dg.SensorResult) -> list[str]:
    return [str(request.run_key).rpartition(":")[0] for request in result.run_requests or []]


def why_not(result: dg.SensorResult) -> str:
    assert isinstance(result.skip_reason, dg.SkipReason)
    return str(result.skip_reason.skip_message)


def begin(
    stage: Stage,
    status: dg.DagsterRunStatus = STARTED,
    *,
    taken: int | None = None,
    tags: dict[str, str] | None = None,
) -> dg.DagsterRun:
    run = stage.instance.create_run_for_job(
        dg.job(name=stage.names.follow_job)(lambda: None),
        status=status,
        tags=tags,
        remote_job_origin=origin(stage.names.follow_job),
    )
    if taken is not None:
        say_taken(stage.instance, run.run_id, taken)
    return run


def test_all_that_has_landed_is_one_run(stage: Stage) -> None:
    land(stage, *"abc")
    result = tick(stage)
    assert asked(result) == ["box_office:3:1"]
    (observation,) = result.asset_events
    assert observation.asset_key == stage.names.key(WEBHOOK_INBOX)
    assert figure(observation.metadata, "waiting") == 3
    assert figure(observation.metadata, "newest number") == 3


def test_nothing_is_asked_for_while_nothing_waits(stage: Stage) -> None:
    assert asked(tick(stage)) == []
    assert why_not(tick(stage)) == "No webhook waits."


@pytest.mark.parametrize("status", [QUEUED, STARTED])
def test_a_run_that_has_yet_to_take_its_entries_takes_all(stage: Stage, status: dg.DagsterRunStatus) -> None:
    land(stage, "a")
    begin(stage, status)
    land(stage, "b")
    assert why_not(tick(stage)) == "A run takes all that lands, or is about to."


def test_what_landed_after_a_run_took_its_entries_is_asked_for_and_no_more(stage: Stage) -> None:
    land(stage, "a")
    begin(stage, taken=1)
    assert why_not(tick(stage)) == "A run is at work on all that has landed."
    land(stage, "b")
    assert asked(tick(stage)) == ["box_office:2:1"]
    begin(stage, QUEUED)
    land(stage, "c")
    assert asked(tick(stage)) == []


def test_a_retried_run_inherits_a_tag_that_says_nothing_of_it(stage: Stage) -> None:
    land(stage, "a")
    retried = begin(stage, FAILURE, taken=1)
    land(stage, "b")
    begin(stage, QUEUED, tags={TAKEN_TAG: f"{retried.run_id}:1"})
    assert why_not(tick(stage)) == "A run takes all that lands, or is about to."


def test_a_run_that_a_power_cut_left_behind_is_not_waited_for(stage: Stage) -> None:
    land(stage, "a")
    begin(stage)
    assert asked(tick(stage)) == []
    assert asked(tick(stage, at=datetime.now(NOW.tzinfo) + timedelta(seconds=TRUST + 1))) == ["box_office:1:1"]


def test_in_the_queue_a_run_is_waited_for_however_long(stage: Stage) -> None:
    land(stage, "a")
    begin(stage, QUEUED)
    assert asked(tick(stage, at=datetime.now(NOW.tzinfo) + timedelta(hours=1))) == []


def test_what_failed_is_asked_for_again_later_under_another_key(stage: Stage) -> None:
    land(stage, "a")
    first = tick(stage)
    begin(stage, FAILURE)
    soon = tick(stage, first.cursor)
    assert "1 runs came to nothing" in why_not(soon)
    second = tick(stage, soon.cursor, at=datetime.now(NOW.tzinfo) + timedelta(seconds=11))
    assert asked(second) == ["box_office:1:2"]
    told = {each.check_name: each.passed for each in second.asset_events if isinstance(each, dg.AssetCheckEvaluation)}
    assert told == {"inbox_settled": False, "dead_letters": True}


def test_a_success_ends_the_waiting(stage: Stage) -> None:
    begin(stage, FAILURE)
    begin(stage, SUCCESS)
    land(stage, "a")
    assert asked(tick(stage)) == ["box_office:1:1"]


def test_a_tick_that_is_evaluated_again_asks_for_the_same(stage: Stage) -> None:
    land(stage, "a")
    assert asked(tick(stage)) == asked(tick(stage))


def test_a_replay_is_asked_for_though_it_was_asked_for_before(stage: Stage) -> None:
    land(stage, "a")
    first = tick(stage)
    settle(stage, 1)
    idle = tick(stage, first.cursor)
    with stage.site.state.writing() as tx:
        inbox.reopen(tx, stage.site.name, [1])
    assert asked(tick(stage, idle.cursor)) == ["box_office:1:1"]


def test_work_left_over_by_a_crash_is_asked_for_after_a_minute_and_then_ever_less_often(stage: Stage) -> None:
    stage.refresh()
    load_definitions(stage.site.state, stage.site.wix, stage.partitions, now=NOW)
    start = datetime.now(NOW.tzinfo)
    cursor, times = None, []
    for minute in range(40):
        result = tick(stage, cursor, at=start + timedelta(minutes=minute))
        cursor = result.cursor
        if result.run_requests:
            times.append(minute)
    assert times == [1, 11, 31]


def test_work_under_way_is_not_left_over(stage: Stage) -> None:
    stage.refresh()
    load_definitions(stage.site.state, stage.site.wix, stage.partitions, now=NOW)
    stage.instance.create_run_for_job(
        site_definitions(stage.parts).resolve_implicit_global_asset_job_def(),
        status=STARTED,
        asset_selection=frozenset({stage.names.key(TICKET_DEFINITIONS)}),
    )
    first = tick(stage)
    later = tick(stage, first.cursor, at=datetime.now(NOW.tzinfo) + timedelta(minutes=5))
    assert asked(later) == []


def test_a_settled_site_has_nothing_left_over(stage: Stage) -> None:
    stage.sync()
    first = tick(stage)
    assert asked(tick(stage, first.cursor, at=datetime.now(NOW.tzinfo) + timedelta(minutes=5))) == []


def test_it_waits_for_webhooks_and_wakes_up_when_one_lands(stage: Stage) -> None:
    landed: list[float] = []

    def pauses() -> Iterator[bool]:
        yield True
        land(stage, "a")
        landed.append(time.monotonic())
        yield True

    pausing = pauses()
    result = evaluate(
        stage.instance, stage.names, stage.site, None, clock=lambda: NOW, pause=lambda _: next(pausing, False)
    )
    assert asked(result) == ["box_office:1:1"]
    assert landed


def test_the_sensor_asks_for_the_follow_job_and_the_run_settles_the_inbox(
    stage: Stage, sandbox: RunningSandbox
) -> None:
    stage.sync()
    with landing(sandbox, stage.site.state):
        definition = next(each for each in sandbox.world.definitions if each.event_id in stage.partitions)
        organiser.edit(sandbox.world, definition.id, {"name": "Royal box"})
    sensor = webhook_sensor(stage.parts)
    result = sensor(dg.build_sensor_context(instance=stage.instance))
    assert isinstance(result, dg.SensorResult)
    (request,) = result.run_requests or []
    assert sensor.job_name == stage.names.follow_job
    assert stage.run(sensor.job_name, tags=dict(request.tags)).success
    assert why_not(tick(stage, result.cursor)) == "No webhook waits."


def test_the_river_begins_at_the_inbox(stage: Stage) -> None:
    graph = site_definitions(stage.parts).get_repository_def().asset_graph
    inbox_key = stage.names.key(WEBHOOK_INBOX)
    assert graph.get(inbox_key).is_external
    assert stage.names.key(TICKET_DEFINITIONS) in graph.get(inbox_key).child_keys


def test_only_so_many_evaluations_wait_at_a_time() -> None:
    polls = LongPolls(1)
    with polls.waiting(60) as first, polls.waiting(60) as second:
        assert first(0.0)
        assert not second(0.0)
    with polls.waiting(60) as again:
        assert again(0.0)
    with polls.waiting(0) as none:
        assert not none(0.01)


def test_a_waiting_evaluation_gives_its_place_back_when_it_fails() -> None:
    polls = LongPolls(1)
    with pytest.raises(ValueError, match="broken"), polls.waiting(60):
        raise ValueError("broken")
    taken: list[bool] = []
    thread = threading.Thread(target=lambda: taken.append(_waits(polls)))
    thread.start()
    thread.join()
    assert taken == [True]


def _waits(polls: LongPolls) -> bool:
    with polls.waiting(60) as pause:
        return pause(0.0)
