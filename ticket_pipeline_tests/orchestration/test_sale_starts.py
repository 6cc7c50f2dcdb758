"""Clock and webhook ask for one run: by state, whatever the time of the tick, and never twice for the same."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.tags import MAX_RUNTIME_SECONDS_TAG, PRIORITY_TAG

from ticket_pipeline.flows.sale_starts import due
from ticket_pipeline.model.announcement import StartKey
from ticket_pipeline.orchestration.announce_runs import STARTS_TAG, Ask, turn
from ticket_pipeline.orchestration.code_location import site_definitions
from ticket_pipeline.orchestration.follow_runs import TAKEN_TAG
from ticket_pipeline.orchestration.sale_starts import announce_schedule, evaluate, sale_start_sensor, tick
from ticket_pipeline.store import announcements
from ticket_pipeline.store.announcements import Claim
from ticket_pipeline_tests.orchestration.landing import landing
from ticket_pipeline_tests.orchestration.stage import SITE
from ticket_pipeline_tests.orchestration.telling import MINUTE, TOLD, Telling

SECOND = timedelta(seconds=1)
LEASE = timedelta(minutes=2)


def ticked(teller: Telling, at: datetime) -> dg.RunRequest | str:
    """Let time pass to a tick; give what it asks for, or why it does not."""
    teller.time.pass_to(at)
    found = tick(teller.instance, teller.names, teller.site, at=at)
    return found if isinstance(found, dg.RunRequest) else found.skip_message or ""


def looked(teller: Telling, at: datetime, cursor: str | None = None) -> dg.SensorResult:
    """Let time pass to an evaluation of the sensor."""
    teller.time.pass_to(at)
    return evaluate(teller.instance, teller.names, teller.site, cursor, at=at)


def asked(found: dg.RunRequest | str | dg.SensorResult) -> dg.RunRequest:
    """Give the one run that was asked for."""
    if isinstance(found, dg.SensorResult):
        (request,) = found.run_requests or []
        return request
    assert isinstance(found, dg.RunRequest), found
    return found


def why_not(found: dg.SensorResult) -> str:
    assert not found.run_requests
    assert found.skip_reason is not None
    return found.skip_reason.skip_message or ""


def run_of(teller: Telling, request: dg.RunRequest, status: dg.DagsterRunStatus) -> dg.DagsterRun:
    """Let Dagster have made a run of what was asked for."""
    job = site_definitions(teller.parts).resolve_job_def(teller.names.announce_job)
    run = teller.instance.create_run_for_job(job, tags=request.tags, status=dg.DagsterRunStatus.NOT_STARTED)
    if status is dg.DagsterRunStatus.FAILURE:
        teller.instance.report_run_failed(run)
    elif status is not dg.DagsterRunStatus.NOT_STARTED:
        raise AssertionError(status)
    return run


def claimed(teller: Telling, key: StartKey, *, at: datetime) -> None:
    """Let somebody alive be at work on an announcement."""
    with teller.site.state.writing() as tx:
        assert announcements.claim(tx, Claim(site=SITE, key=key, by="somebody"), (), now=at, lease=LEASE)


def test_a_start_is_asked_for_once_it_is_ninety_seconds_ahead(teller: Telling) -> None:
    start = teller.time.now + 5 * MINUTE
    teller.open_sale(teller.some, start)
    assert "the next sale starts at 2026-06-01 12:05 UTC (" in str(ticked(teller, start - 91 * SECOND))
    request = asked(ticked(teller, start - 90 * SECOND))
    assert request.tags["ticket_pipeline/reason"] == "the clock"
    assert request.tags["ticket_pipeline/first_start"] == f"{teller.some.event_id} 2026-06-01 12:05 UTC"


def test_whatever_minute_it_starts_in_some_tick_asks_at_least_half_a_minute_before(teller: Telling) -> None:
    first = teller.time.now
    start = first + 3 * MINUTE
    teller.open_sale(teller.some, start)
    asking = [
        at for at in (first + number * MINUTE for number in range(4)) if isinstance(ticked(teller, at), dg.RunRequest)
    ]
    assert start - asking[0] >= 30 * SECOND


def test_where_nothing_is_to_come_it_says_so(teller: Telling) -> None:
    assert ticked(teller, teller.time.now + timedelta(days=300)) == "Nothing is due; no sale start is to come."


def test_the_run_key_names_the_starts_and_the_attempt_so_a_repeated_tick_asks_for_the_same(teller: Telling) -> None:
    teller.open_sale(teller.some, teller.time.now + MINUTE)
    one, again = (asked(ticked(teller, teller.time.now)) for _ in range(2))
    assert one.run_key == again.run_key
    assert one.run_key is not None
    assert one.run_key.endswith(":1")


def test_a_run_that_is_about_to_begin_is_not_doubled(teller: Telling) -> None:
    teller.open_sale(teller.some, teller.time.now + MINUTE)
    request = asked(ticked(teller, teller.time.now))
    run_of(teller, request, dg.DagsterRunStatus.NOT_STARTED)
    assert ticked(teller, teller.time.now + 20 * SECOND) == "A run that takes all that is due is about to begin."
    assert (
        why_not(looked(teller, teller.time.now + 25 * SECOND)) == "A run that takes all that is due is about to begin."
    )


def test_a_run_that_has_claimed_what_it_takes_leaves_what_came_later_to_another(teller: Telling) -> None:
    one, start = teller.some, teller.time.now + MINUTE
    other = teller.other(one)
    teller.open_sale(one, start)
    run = run_of(teller, asked(ticked(teller, teller.time.now)), dg.DagsterRunStatus.NOT_STARTED)
    teller.instance.add_run_tags(run.run_id, {TAKEN_TAG: f"{run.run_id}:0"})
    claimed(teller, StartKey(one.event_id, start), at=teller.time.now)
    assert "Nothing is due" in str(ticked(teller, teller.time.now))
    teller.open_sale(other, start + 20 * SECOND)
    request = asked(ticked(teller, teller.time.now + 10 * SECOND))
    assert request.tags["ticket_pipeline/first_start"].startswith(other.event_id)


def test_what_failed_is_asked_for_again_ever_less_often(teller: Telling) -> None:
    teller.open_sale(teller.some, teller.time.now + MINUTE)
    planned, waits = due(teller.site.state, now=teller.time.now), list[int]()
    request = asked(ticked(teller, teller.time.now))
    for _ in range(5):
        run_of(teller, request, dg.DagsterRunStatus.FAILURE)
        # Dagster stamps its runs with the real time.
        ended = datetime.now(UTC)
        waits.append(
            next(
                seconds
                for seconds in range(200)
                if isinstance(turn(teller.instance, teller.names, planned, at=ended + seconds * SECOND), Ask)
            )
        )
    assert waits == pytest.approx([10, 20, 40, 80, 120], abs=1)


def test_each_attempt_is_numbered(teller: Telling) -> None:
    teller.open_sale(teller.some, teller.time.now + MINUTE)
    planned = due(teller.site.state, now=teller.time.now)
    run_of(teller, asked(ticked(teller, teller.time.now)), dg.DagsterRunStatus.FAILURE)
    found = turn(teller.instance, teller.names, planned, at=datetime.now(UTC) + MINUTE)
    assert isinstance(found, Ask)
    assert found.attempt == 2


def test_starts_of_the_same_minute_are_one_run(teller: Telling) -> None:
    start = teller.time.now + MINUTE
    teller.open_sale(teller.some, start)
    teller.open_sale(teller.other(teller.some), start)
    assert asked(ticked(teller, teller.time.now)).tags["ticket_pipeline/first_start"].endswith(" and 1 more")


def test_the_sensor_leaves_to_the_clock_what_the_clock_is_in_time_for(teller: Telling) -> None:
    start = teller.time.now + MINUTE
    teller.open_sale(teller.some, start)
    assert "Nothing is due" in why_not(looked(teller, start - 26 * SECOND))
    request = asked(looked(teller, start - 25 * SECOND))
    assert request.tags["ticket_pipeline/reason"] == "it was missed, or is known since just now"


def test_a_start_a_webhook_moved_near_is_asked_for_at_once_when_it_is_followed(teller: Telling) -> None:
    one, start = teller.some, teller.time.now + 80 * SECOND
    teller.open_sale(one, teller.time.now + timedelta(days=2))
    cursor = looked(teller, teller.time.now).cursor
    with landing(teller.sandbox, teller.site.state, at=teller.time.now):
        teller.open_sale(one, start, heard=False)
    found = looked(teller, teller.time.now, cursor)
    assert "wait to be followed" in why_not(found)
    assert teller.run(teller.names.follow_job).success
    request = asked(looked(teller, teller.time.now, found.cursor))
    assert request.tags["ticket_pipeline/reason"] == "a webhook"


def test_clock_and_webhook_together_are_one_blast(teller: Telling) -> None:
    one, start = teller.some, teller.time.now + MINUTE
    teller.open_sale(one, start)
    cursor = looked(teller, teller.time.now).cursor
    assert asked(ticked(teller, teller.time.now))
    with landing(teller.sandbox, teller.site.state, at=start):
        # The same start, said once more: what Wix sends when it comes.
        teller.open_sale(one, start, heard=False)
    assert asked(looked(teller, start + SECOND, cursor))
    assert teller.announce().success
    assert teller.announce().success
    assert teller.mailed == sorted(TOLD)
    assert teller.run(teller.names.follow_job).success
    assert why_not(looked(teller, start + 5 * SECOND, cursor))


def test_what_was_missed_while_dagster_was_down_is_made_up_for(teller: Telling) -> None:
    start = teller.time.now + MINUTE
    teller.open_sale(teller.some, start)
    assert asked(ticked(teller, start + timedelta(minutes=5)))
    assert asked(looked(teller, start + timedelta(minutes=5)))
    assert teller.announce().success
    assert teller.mailed == sorted(TOLD)
    assert "Nothing is due" in str(ticked(teller, start + timedelta(minutes=6)))


def test_what_was_missed_for_too_long_is_asked_for_once_to_be_written_down(teller: Telling) -> None:
    start = teller.time.now + MINUTE
    teller.open_sale(teller.some, start)
    assert asked(ticked(teller, start + timedelta(hours=4)))
    assert teller.announce().success
    assert teller.mailed == []
    assert "Nothing is due" in str(ticked(teller, start + timedelta(hours=4, minutes=1)))


def test_a_killed_run_is_gone_on_with_once_nobody_gives_a_sign_of_life(teller: Telling) -> None:
    one, start = teller.some, teller.time.now + MINUTE
    teller.open_sale(one, start)
    run = run_of(teller, asked(ticked(teller, teller.time.now)), dg.DagsterRunStatus.NOT_STARTED)
    teller.instance.add_run_tags(run.run_id, {TAKEN_TAG: f"{run.run_id}:0"})
    claimed(teller, StartKey(one.event_id, start), at=start)
    teller.instance.report_run_failed(run)
    assert "Nothing is due" in why_not(looked(teller, start + LEASE - SECOND))
    teller.time.pass_to(start + LEASE)
    assert teller.announce().success
    assert teller.mailed == sorted(TOLD)


def test_a_moved_start_is_asked_for_at_its_new_time_only(teller: Telling) -> None:
    one, start = teller.some, teller.time.now + 5 * MINUTE
    teller.open_sale(one, start)
    teller.open_sale(one, start + 10 * MINUTE)
    said = str(ticked(teller, start - MINUTE))
    assert "Nothing is due" in said
    assert asked(ticked(teller, start + 9 * MINUTE))


def test_an_emptied_inbox_and_a_lost_cursor_do_no_harm(teller: Telling) -> None:
    teller.open_sale(teller.some, teller.time.now + 20 * SECOND)
    for cursor in (None, '{"seq": 99999}', '{"seq": null}'):
        assert asked(looked(teller, teller.time.now, cursor))


def test_both_run_by_themselves_in_utc_and_their_runs_go_first(teller: Telling) -> None:
    schedule, sensor = announce_schedule(teller.parts), sale_start_sensor(teller.parts)
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("* * * * *", "UTC")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    job = site_definitions(teller.parts).resolve_job_def(teller.names.announce_job)
    assert int(job.tags[PRIORITY_TAG]) > 0
    assert int(job.tags[MAX_RUNTIME_SECONDS_TAG]) > 3600


def test_the_definitions_evaluate_as_dagster_does(teller: Telling, tmp_path: Path) -> None:
    teller.open_sale(teller.some, teller.time.now + 20 * SECOND)
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        long_ago = dg.build_schedule_context(
            instance=instance, scheduled_execution_time=datetime(2020, 1, 1, tzinfo=UTC)
        )
        (request,) = announce_schedule(teller.parts).evaluate_tick(long_ago).run_requests or []
        found = sale_start_sensor(teller.parts)(dg.build_sensor_context(instance=instance))
    assert isinstance(found, dg.SensorResult)
    assert asked(found).tags[STARTS_TAG] == request.tags[STARTS_TAG]
