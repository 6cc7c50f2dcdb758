"""The sensor asks for what is missing, once, in few runs, and ever less often for what fails."""

from datetime import datetime, timedelta

import dagster as dg
import pytest

from ticket_pipeline.orchestration.new_events import evaluate, range_tags
from ticket_pipeline_tests.orchestration.stage import Stage
from ticket_pipeline_tests.sandbox.api import NOW

FIRST, LAST = range_tags("", "")


def tick(stage: Stage, cursor: str | None = None, *, at: datetime = NOW) -> dg.SensorResult:
    result = evaluate(stage.instance, stage.names, stage.site, cursor, at=at)
    assert isinstance(result, dg.SensorResult)
    return result


def asked(result: dg.SensorResult) -> list[tuple[str, str]]:
    return [(request.tags[FIRST], request.tags[LAST]) for request in result.run_requests or []]


def begin(stage: Stage, tags: dict[str, str]) -> dg.DagsterRun:
    return stage.instance.create_run_for_job(
        dg.job(name=stage.names.sync_job)(lambda: None), tags=tags, status=dg.DagsterRunStatus.STARTED
    )


def test_events_that_were_never_synced_are_asked_for_in_one_run(stage: Stage) -> None:
    stage.refresh()
    assert asked(tick(stage)) == [(stage.partitions[0], stage.partitions[-1])]


def test_nothing_is_asked_for_when_all_is_synced(stage: Stage) -> None:
    stage.sync()
    result = tick(stage)
    assert result.run_requests == []
    assert result.skip_reason == dg.SkipReason("Every live event is synced.")


def test_what_is_under_way_is_not_asked_for_again(stage: Stage) -> None:
    stage.refresh()
    begin(stage, range_tags(stage.partitions[0], stage.partitions[-1]))
    assert asked(tick(stage)) == []


def test_an_event_under_way_alone_is_left_out(stage: Stage) -> None:
    stage.refresh()
    begin(stage, {"dagster/partition": stage.partitions[0]})
    assert asked(tick(stage)) == [(stage.partitions[1], stage.partitions[-1])]


def test_what_failed_is_asked_for_again_later_under_another_key(stage: Stage) -> None:
    stage.refresh()
    first = tick(stage)
    assert asked(tick(stage, first.cursor, at=NOW + timedelta(seconds=30))) == []
    second = tick(stage, first.cursor, at=NOW + timedelta(seconds=61))
    assert asked(second) == asked(first)
    assert [each.run_key for each in second.run_requests or []] != [each.run_key for each in first.run_requests or []]
    assert asked(tick(stage, second.cursor, at=NOW + timedelta(seconds=61 + 119))) == []
    assert asked(tick(stage, second.cursor, at=NOW + timedelta(seconds=61 + 121))) == asked(first)


def test_a_gone_event_is_settled(stage: Stage) -> None:
    stage.sync()
    counts = stage.watch.loaded.per_event if stage.watch.loaded else {}
    event = min((each for each, count in counts.items() if count), key=lambda each: counts[each])
    stage.api.sandbox("/events/delete", {"eventId": event})
    stage.refresh()
    assert asked(tick(stage)) == [(event, event)]


@pytest.mark.parametrize(
    ("synced", "runs"),
    [
        pytest.param([], [(0, 99), (100, 199), (200, 249)], id="a hundred at most"),
        pytest.param(range(5, 10), [(0, 99), (100, 199), (200, 249)], id="a small gap is bridged"),
        pytest.param(range(5, 230), [(0, 4), (230, 249)], id="a wide gap parts two runs"),
    ],
)
def test_neighbours_share_a_run(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, synced: list[int], runs: list[tuple[int, int]]
) -> None:
    keys = [f"event-{place:03d}" for place in range(250)]
    stage.instance.add_dynamic_partitions(stage.names.partitions_name, keys)
    wanted = {key for place, key in enumerate(keys) if place not in synced}
    monkeypatch.setattr("ticket_pipeline.orchestration.new_events._wanted", lambda *_: wanted)
    assert asked(tick(stage)) == [(keys[first], keys[last]) for first, last in runs]


def test_the_sensor_itself_can_be_called(stage: Stage) -> None:
    from ticket_pipeline.orchestration.new_events import new_events_sensor

    stage.refresh()
    result = new_events_sensor(stage.parts)(dg.build_sensor_context(instance=stage.instance))
    assert isinstance(result, dg.SensorResult)
    assert len(result.run_requests or []) == 1
