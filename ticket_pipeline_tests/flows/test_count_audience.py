"""An audience is counted, by status, by reason, and by who asked for which sale start; nobody is named."""

from pathlib import Path

import pytest

from ticket_pipeline.errors import TransientError
from ticket_pipeline.flows.count_audience import CountedAudience, count_audience
from ticket_pipeline.flows.sale_starts import due
from ticket_pipeline.model.announcement import AudienceCounts, PlannedStart, StartKey
from ticket_pipeline.model.subscriber import Flaw, SubscriberStatus
from ticket_pipeline.store import suppressions
from ticket_pipeline_tests.flows.announcing import EVENT, SITE, BoxOffice, box_office
from ticket_pipeline_tests.store.bodies import NOON, minute

OTHER = "circus"


@pytest.fixture
def office(tmp_path: Path) -> BoxOffice:
    """Open a box office with two sale starts to come, and people of every sort."""
    made = box_office(tmp_path)
    made.wix.change_event(OTHER, title="Circus")
    made.opens("stalls", at=minute(1))
    made.opens("ring", at=minute(1), event_id=OTHER)
    people = made.people
    people.join("ann")
    people.join("bob", opt_ins=frozenset({f"event:{EVENT}", f"event:{OTHER}"}))
    people.join("cleo", opt_ins=frozenset({"event:something-else"}))
    people.join("dora", status=SubscriberStatus.PENDING)
    people.join("eve", status=SubscriberStatus.UNSUBSCRIBED)
    people.join("finn", status=SubscriberStatus.PENDING, flaw=Flaw.UNKNOWN_STATUS)
    people.join("gil")
    people.join("ann again", email="ANN@example.org")
    people.join("hal", email=None)
    with made.state.writing() as tx:
        suppressions.suppress(tx, SITE, [made.parts.names.person(people.listed["gil"])], why="link", at=NOON)
    return made


def coming(office: BoxOffice) -> list[PlannedStart]:
    return due(office.state, now=NOON)


def test_everybody_is_counted_once_in_each_way(office: BoxOffice) -> None:
    counts = count_audience(office.parts, coming(office))
    assert counts == AudienceCounts(
        listed=9,
        statuses={"subscribed": 6, "pending": 2, "unsubscribed": 1},
        skipped={
            "not_opted_in": 1,
            "pending": 1,
            "unsubscribed": 1,
            "unknown_status": 1,
            "unsubscribed_here": 1,
            "duplicate": 1,
            "no_channel": 1,
        },
        eligible={StartKey(OTHER, minute(1)): 1, StartKey(EVENT, minute(1)): 2},
    )


def test_where_nothing_is_to_come_nobody_is_opted_in(office: BoxOffice) -> None:
    counts = count_audience(office.parts, [])
    assert counts.eligible == {}
    assert counts.skipped["not_opted_in"] == 6


def test_it_says_what_announcing_would_find(office: BoxOffice) -> None:
    counts = count_audience(office.parts, coming(office))
    reports = office.tick_at(minute(0))
    assert {StartKey(each.event_id, each.sale_start): each.eligible for each in reports} == counts.eligible


def test_it_is_counted_while_somebody_else_reads_it(office: BoxOffice) -> None:
    told: list[AudienceCounts] = []
    counted = CountedAudience(parts=office.parts, coming=coming(office), tell=told.append)
    assert [each.id for each in counted.subscribers()] == list(office.people.listed)
    assert told == [count_audience(office.parts, coming(office))]
    assert [each.id for each in counted.consent(["bob"])] == ["bob"]
    assert counted.identity == office.people.identity


def test_half_a_reading_is_not_counted(office: BoxOffice) -> None:
    told: list[AudienceCounts] = []
    counted = CountedAudience(parts=office.parts, coming=(), tell=told.append)
    office.people.breaks_after = 3
    with pytest.raises(TransientError):
        list(counted.subscribers())
    next(counted.subscribers())
    assert told == []
    list(counted.subscribers())
    assert len(told) == 1


def test_of_several_readings_one_is_counted(office: BoxOffice) -> None:
    told: list[AudienceCounts] = []
    counted = CountedAudience(parts=office.parts, coming=(), tell=told.append)
    both = [counted.subscribers() for _ in range(2)]
    assert [each.id for each in both[0]] == [each.id for each in both[1]] == list(office.people.listed)
    list(counted.subscribers())
    assert len(told) == 1
