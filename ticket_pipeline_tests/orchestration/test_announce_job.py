"""One run announces all that is due; the graph shows counts, and nobody's address."""

import threading
from collections.abc import Collection, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ticket_pipeline.audiences.csv import CsvAudience
from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.model.message import Fate
from ticket_pipeline.model.subscriber import Subscriber
from ticket_pipeline.orchestration.announcement_checks import IN_TIME, ONCE
from ticket_pipeline.orchestration.names import SALE_START_ANNOUNCEMENTS, SUBSCRIBERS
from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline.store import announcements
from ticket_pipeline_tests.orchestration.stage import SITE, attempts, checks, failure, figure
from ticket_pipeline_tests.orchestration.telling import EVERYBODY, MINUTE, TOLD, Telling, telling
from ticket_pipeline_tests.sandbox.api import Api


class Failing:
    """The people of the file, as long as a test wants nothing to go wrong."""

    def __init__(self, inner: CsvAudience, error: Exception, times: int) -> None:
        self.inner, self.error, self.times = inner, error, times
        self.identity = inner.identity

    def subscribers(self) -> Iterator[Subscriber]:
        """Read everybody."""
        return self.inner.subscribers()

    def consent(self, ids: Collection[str]) -> Iterator[Subscriber]:
        """Fail so many times."""
        if self.times:
            self.times -= 1
            raise self.error
        return self.inner.consent(ids)


def break_audience(teller: Telling, error: Exception, times: int = 1_000_000) -> None:
    """Let the marketing tool fail right before sending."""
    site: Any = teller.site
    site.__dict__["audience"] = Failing(site.audience, error, times)


def mend_audience(teller: Telling) -> None:
    """Let it work again."""
    site: Any = teller.site
    site.__dict__["audience"] = site.__dict__["audience"].inner


def table(metadata: Any, entry: str) -> dict[Any, Any]:
    """Read a table of two columns."""
    rows = [list(each.data.values()) for each in metadata[entry].records]
    return {
        row[0] if isinstance(row[0], str) else row[1]: max(row, key=lambda cell: isinstance(cell, int)) for row in rows
    }


def output(result: dg.ExecuteInProcessResult) -> Any:
    """Give what the job's op has shown."""
    (op,) = [each for each in result.all_events if each.is_successful_output]
    return op.step_output_data.metadata


def test_each_who_asked_is_told_at_the_instant_and_the_partition_says_how_it_went(teller: Telling) -> None:
    one, start = teller.some, teller.time.now + MINUTE
    teller.open_sale(one, start)
    result = teller.announce()
    assert result.success
    assert teller.mailed == sorted(TOLD)
    assert teller.time.now >= start
    (marked,) = teller.materialized(SALE_START_ANNOUNCEMENTS)[one.event_id]
    shown = {name: marked.metadata[name].value for name in ("outcome", "told", "eligible", "failed", "unknown")}
    assert shown == {"outcome": "announced", "told": 3, "eligible": 3, "failed": 0, "unknown": 0}
    assert marked.metadata["sale start"].value == start.timestamp()
    assert marked.metadata["first message, seconds after the start"].value == 0.0
    assert table(marked.metadata, "told, by channel") == {"memory": 3}
    assert set(table(marked.metadata, "not written to, by reason")) == {
        "pending",
        "unsubscribed",
        "suppressed",
        "not_opted_in",
    }
    assert "announced | 3 |" in str(marked.metadata["calendar"].value)
    assert figure(output(result), "told (whole run)") == 3
    assert checks(result) == {ONCE: True, IN_TIME: True}


def test_the_subscribers_are_shown_in_numbers_before_anybody_is_told(teller: Telling) -> None:
    teller.open_sale(teller.some, teller.time.now + MINUTE)
    result = teller.announce()
    (shown,) = teller.materialized(SUBSCRIBERS)[""]
    assert figure(shown.metadata, "dagster/row_count") == len(EVERYBODY)
    assert table(shown.metadata, "by status") == {"subscribed": 4, "pending": 1, "unsubscribed": 1, "suppressed": 1}
    order = [each.asset_key.path[-1] for each in result.all_events if each.is_step_materialization and each.asset_key]
    assert order == [SUBSCRIBERS, SALE_START_ANNOUNCEMENTS]


def test_nobody_is_named_in_anything_dagster_keeps(teller: Telling) -> None:
    teller.place.fates[TOLD[0]] = Fate.REFUSED
    teller.open_sale(teller.some, teller.time.now + MINUTE)
    assert teller.announce().success
    teller.materialize(SUBSCRIBERS)
    teller.materialize(SALE_START_ANNOUNCEMENTS, teller.some.event_id)
    kept = teller.written()
    assert "not written to" in kept
    assert [each for each in EVERYBODY if each in kept] == []


@pytest.mark.parametrize(
    "error",
    [KeyError(TOLD[0]), ValueError(f"what is {TOLD[0]}?"), RuntimeError(EVERYBODY)],
    ids=["key", "value", "all"],
)
def test_a_mistake_of_ours_is_told_by_kind_and_place_and_names_nobody(teller: Telling, error: Exception) -> None:
    break_audience(teller, error)
    teller.open_sale(teller.some, teller.time.now + MINUTE)
    result = teller.announce()
    assert not result.success
    kept = teller.written()
    assert f"{type(error).__name__} in consent (" in kept
    assert [each for each in EVERYBODY if each in kept] == []


def test_several_sale_starts_of_one_run_are_each_told_at_their_own_instant(teller: Telling) -> None:
    one, start = teller.some, teller.time.now
    other = teller.other(one)
    teller.open_sale(one, start + timedelta(seconds=80))
    teller.open_sale(other, start + timedelta(seconds=20))
    result = teller.announce()
    assert result.success
    assert teller.mailed == sorted((*TOLD, *TOLD))
    marked = teller.materialized(SALE_START_ANNOUNCEMENTS)
    assert set(marked) == {one.event_id, other.event_id}
    for (each,) in marked.values():
        after = each.metadata["first message, seconds after the start"].value
        assert isinstance(after, float)
        assert after >= 0.0
    assert figure(output(result), "sale starts (whole run)") == 2


def test_nothing_due_is_said_in_a_sentence_with_the_next_start(teller: Telling) -> None:
    teller.open_sale(teller.some, teller.time.now + timedelta(minutes=7))
    result = teller.announce()
    assert result.success
    said = output(result)["what was due (whole run)"].value
    assert said.startswith("Nothing is due; the next sale starts at 2026-06-01 12:07 UTC (")
    assert teller.materialized(SALE_START_ANNOUNCEMENTS) == {}
    assert teller.mailed == []


def test_what_is_down_right_before_sending_is_waited_for_within_the_run(teller: Telling) -> None:
    break_audience(teller, TransientError("csv: not now"), times=2)
    teller.open_sale(teller.some, teller.time.now + MINUTE)
    assert teller.announce().success
    assert teller.mailed == sorted(TOLD)


def test_what_a_person_has_to_mend_fails_the_run_once_and_is_announced_when_it_is_mended(teller: Telling) -> None:
    break_audience(teller, ConfigError("csv: the key is wrong; set another"))
    one = teller.some
    teller.open_sale(one, teller.time.now + MINUTE)
    result = teller.announce()
    assert not result.success
    assert "set another" in failure(result).user_failure_data.description
    assert attempts(result, f"{teller.names.announce_job}_op") == 1
    mend_audience(teller)
    assert teller.announce().success
    assert teller.mailed == sorted(TOLD)


def test_one_sale_start_that_cannot_be_told_keeps_no_other_from_being_told(teller: Telling) -> None:
    one = teller.some
    other = teller.other(one)
    teller.open_sale(one, teller.time.now + MINUTE)
    teller.open_sale(other, teller.time.now + MINUTE)
    break_audience(teller, ConfigError("csv: refused"), times=1)
    result = teller.announce()
    assert not result.success
    assert teller.mailed == sorted(TOLD)
    assert len(teller.materialized(SALE_START_ANNOUNCEMENTS)) == 1
    assert teller.announce().success
    assert teller.mailed == sorted((*TOLD, *TOLD))


def test_a_start_that_was_moved_unheard_is_not_told_and_its_partition_says_why(teller: Telling) -> None:
    one, start = teller.some, teller.time.now + MINUTE
    teller.open_sale(one, start)
    teller.open_sale(one, start + timedelta(hours=5), heard=False)
    assert teller.announce().success
    assert teller.mailed == []
    (marked,) = teller.materialized(SALE_START_ANNOUNCEMENTS)[one.event_id]
    assert marked.metadata["outcome"].value == "withdrawn"
    assert "its sale start is 2026-06-01 17:01 UTC now" in str(marked.metadata["why"].value)
    teller.time.pass_to(start + timedelta(hours=5))
    assert teller.announce().success
    assert teller.mailed == sorted(TOLD)


def test_what_another_run_is_at_is_left_to_it_and_marked_there(teller: Telling) -> None:
    one, start = teller.some, teller.time.now + MINUTE
    teller.open_sale(one, start)
    begun, let_on = threading.Event(), threading.Event()

    class Slow(Failing):
        def consent(self, ids: Collection[str]) -> Iterator[Subscriber]:
            begun.set()
            assert let_on.wait(30)
            return self.inner.consent(ids)

    site: Any = teller.site
    site.__dict__["audience"] = Slow(site.audience, ConfigError(""), 0)
    first = threading.Thread(target=teller.announce)
    first.start()
    assert begun.wait(30)
    result = teller.announce()
    let_on.set()
    first.join(30)
    assert result.success
    assert figure(output(result), "sale starts (whole run)") == 0
    assert teller.mailed == sorted(TOLD)
    assert len(teller.materialized(SALE_START_ANNOUNCEMENTS)[one.event_id]) == 1


def test_too_late_is_written_down_and_told_nobody(teller: Telling) -> None:
    one, start = teller.some, teller.time.now + MINUTE
    teller.open_sale(one, start)
    teller.time.pass_to(start + timedelta(hours=3))
    result = teller.announce()
    assert result.success
    assert teller.mailed == []
    (marked,) = teller.materialized(SALE_START_ANNOUNCEMENTS)[one.event_id]
    assert marked.metadata["outcome"].value == "skipped, too late"
    assert checks(result) == {ONCE: False, IN_TIME: True}


def test_what_was_not_to_be_sent_again_is_not_after_a_crash(sandbox: RunningSandbox, api: Api, tmp_path: Path) -> None:
    with telling(sandbox, api, tmp_path, on_unknown="skip") as teller:
        one, start = teller.some, teller.time.now + MINUTE
        teller.open_sale(one, start)
        teller.place.fates[TOLD[0]] = Fate.UNKNOWN
        assert teller.announce().success
        assert teller.announce().success
        assert teller.mailed == sorted(TOLD)
        with teller.site.state.reading() as tx:
            (row,) = announcements.listed(tx, SITE)
        assert row.report["unknown"] == 1
