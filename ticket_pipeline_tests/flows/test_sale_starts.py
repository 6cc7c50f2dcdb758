"""Sale starts: what is one, what is due, and that time zones change nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ticket_pipeline.flows import sale_starts as module
from ticket_pipeline.flows.announcement_calendar import calendar
from ticket_pipeline.flows.sale_starts import Outlook, due, next_start, sale_starts
from ticket_pipeline.model.announcement import PlannedStart, Standing
from ticket_pipeline.store import announcements
from ticket_pipeline.store.announcements import Claim
from ticket_pipeline_tests.flows.announcing import SITE, BoxOffice, box_office
from ticket_pipeline_tests.store.bodies import minute

START = minute(10)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[BoxOffice]:
    made = box_office(tmp_path)
    made.people.join("ann")
    yield made
    made.state.database.close()


def planned(office: BoxOffice) -> list[PlannedStart]:
    with office.state.reading() as tx:
        return sale_starts(tx, SITE, now=office.time.now)


def test_a_sale_start_is_the_tiers_of_one_event_that_open_together(office: BoxOffice) -> None:
    office.wix.change_event("recital")
    office.opens("stalls", "balcony", at=START)
    office.opens("boxes", at=minute(20))
    office.opens("floor", at=START, event_id="recital")
    found = {(each.start.event_id, each.start.at): set(each.definition_ids) for each in planned(office)}
    assert found == {
        ("gala", START): {"stalls", "balcony"},
        ("gala", minute(20)): {"boxes"},
        ("recital", START): {"floor"},
    }


def test_tiers_are_told_in_the_order_they_were_made(office: BoxOffice) -> None:
    office.opens("a", at=START, createdDate="2026-10-03T00:00:00Z")
    office.opens("b", at=START, createdDate="2026-10-01T00:00:00Z")
    office.opens("c", at=START, createdDate="2026-10-02T00:00:00Z")
    (only,) = planned(office)
    assert only.definition_ids == ("b", "c", "a")
    assert [tier.name for tier in only.start.tiers] == ["Tier b", "Tier c", "Tier a"]


@pytest.mark.parametrize(
    ("zone", "local", "fold"),
    [
        ("Europe/Berlin", "2026-03-29T03:00", 0),  # the hour after the one that is left out
        ("Europe/Berlin", "2026-10-25T02:30", 0),
        ("Europe/Berlin", "2026-10-25T02:30", 1),
        ("America/New_York", "2026-11-01T01:59", 1),
        ("Pacific/Kiritimati", "2027-01-01T00:00", 0),
        ("Pacific/Pago_Pago", "2026-12-31T23:59", 0),
        ("Asia/Kathmandu", "2027-02-28T23:45", 0),
        ("UTC", "2028-02-29T00:00", 0),
    ],
)
def test_a_start_is_told_at_its_instant_whatever_the_zone(office: BoxOffice, zone: str, local: str, fold: int) -> None:
    instant = datetime.fromisoformat(local).replace(fold=fold, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    office.wix.change_event(dateAndTimeSettings={"timeZoneId": zone})
    office.time.now = instant - timedelta(days=1)
    due(office.state, now=office.time.now)
    office.opens("stalls", at=instant)
    assert office.tick_at(instant - timedelta(seconds=91)) == []
    (report,) = office.tick_at(instant - timedelta(seconds=90))
    assert (office.time.now, report.sale_start, report.first_sent_after) == (instant, instant, 0)


def test_the_two_hours_of_the_night_the_clock_goes_back_are_two_starts(office: BoxOffice) -> None:
    first, second = (datetime(2027, 10, 31, 2, 30, fold=fold, tzinfo=ZoneInfo("Europe/Berlin")) for fold in (0, 1))
    office.opens("stalls", at=first.astimezone(UTC))
    office.opens("balcony", at=second.astimezone(UTC))
    assert [each.definition_ids for each in planned(office)] == [("stalls",), ("balcony",)]


def test_whoever_asks_gets_the_same_until_somebody_is_at_work_on_it(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    now = START - timedelta(seconds=60)
    assert due(office.state, now=now) == due(office.state, now=now) != []
    claim = Claim(site=SITE, key=planned(office)[0].key, by="somebody")
    with office.state.writing() as tx:
        announcements.claim(tx, claim, ["stalls"], now=now, lease=timedelta(minutes=2))
    assert due(office.state, now=now) == []
    assert due(office.state, now=now + timedelta(minutes=2)) != []


def test_the_next_start_is_the_next_to_come_and_of_an_event_without_one_its_last(office: BoxOffice) -> None:
    office.wix.change_event("recital")
    office.opens("stalls", at=minute(-30))
    office.opens("floor", at=minute(30), event_id="recital")
    found = next_start(office.state, now=minute(0))
    assert found is not None
    assert found.definition_ids == ("floor",)
    last = next_start(office.state, "gala", now=minute(0))
    assert last is not None
    assert last.definition_ids == ("stalls",)
    assert next_start(office.state, now=minute(40)) is None
    assert next_start(office.state, "unknown", now=minute(0)) is None


def standings(office: BoxOffice) -> list[tuple[Standing, int]]:
    return [(each.standing, each.told) for each in calendar(office.state, now=office.time.now)]


def test_the_calendar_tells_what_comes_and_what_became_of_the_rest(office: BoxOffice) -> None:
    office.opens("before", at=minute(-70))
    office.opens("stalls", at=START)
    office.opens("missed", at=minute(15))
    office.opens("moved", at=minute(200))
    office.opens("boxes", at=minute(300))
    assert standings(office) == [(Standing.NOT_ANNOUNCED, 0), *[(Standing.COMING, 0)] * 4]
    office.tick_at(START)
    office.time.at(minute(200), lambda: office.wix.define("moved", minute(400)))
    office.tick_at(minute(199))
    entries = calendar(office.state, now=office.time.now)
    assert [(each.standing, each.told) for each in entries] == [
        (Standing.NOT_ANNOUNCED, 0),
        (Standing.ANNOUNCED, 1),
        (Standing.SKIPPED_LATE, 0),
        (Standing.WITHDRAWN, 0),
        (Standing.COMING, 0),
        (Standing.COMING, 0),
    ]
    assert [each.tiers for each in entries][1:4] == [("Tier stalls",), ("Tier missed",), ()]
    assert entries[3].why == "Tier moved: its sale start is 2026-11-23 18:40 UTC now"
    assert {each.title for each in entries} == {"Gala"}


def test_the_calendar_tells_who_is_at_work_and_what_was_left(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    claim = Claim(site=SITE, key=planned(office)[0].key, by="somebody")
    with office.state.writing() as tx:
        announcements.claim(tx, claim, ["stalls"], now=minute(9), lease=timedelta(minutes=2))
    office.time.now = minute(10)
    assert standings(office) == [(Standing.UNDER_WAY, 0)]
    office.time.now = minute(11)
    assert standings(office) == [(Standing.INTERRUPTED, 0)]


def test_an_outlook_sees_what_due_sees_whatever_changes(office: BoxOffice) -> None:
    outlook, start = Outlook(), START

    def seen(at: datetime) -> list[tuple[str, ...]]:
        found = outlook.due(office.state, now=at)
        assert found == due(office.state, now=at)
        return [each.definition_ids for each in found]

    assert seen(start - timedelta(minutes=5)) == []
    office.opens("stalls", at=start)
    assert seen(start - timedelta(minutes=5)) == []
    assert seen(start - timedelta(seconds=60)) == [("stalls",)]
    office.opens("stalls", at=start + timedelta(minutes=5))
    assert seen(start - timedelta(seconds=60)) == []
    office.opens("balcony", at=start)
    assert seen(start - timedelta(seconds=60)) == [("balcony",)]
    office.time.now += timedelta(seconds=1)
    office.wix.change_event(status="CANCELED")
    office.hear()
    assert seen(start - timedelta(seconds=30)) == []


def test_an_outlook_does_not_plan_again_while_nothing_changes(
    office: BoxOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    outlook, plans = Outlook(), 0
    plan = sale_starts

    def counted(*arguments: Any, **named: Any) -> list[PlannedStart]:
        nonlocal plans
        plans += 1
        return plan(*arguments, **named)

    monkeypatch.setattr(module, "sale_starts", counted)
    office.opens("stalls", at=START)
    for seconds in range(0, 300, 5):
        assert outlook.due(office.state, now=START - timedelta(seconds=600 - seconds)) == []
    assert plans == 1
