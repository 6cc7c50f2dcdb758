"""Announce: each who asked is told once, on the second; whoever did not is not; nothing is told that is no start."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ticket_pipeline.channels.memory import Config, Memory, Place
from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.flows.announce import announce
from ticket_pipeline.flows.sale_starts import due
from ticket_pipeline.model.announcement import Outcome, StartKey
from ticket_pipeline.model.message import Fate
from ticket_pipeline.model.subscriber import Flaw, PushSubscription, Subscriber, SubscriberStatus
from ticket_pipeline.store import announcements, suppressions
from ticket_pipeline_tests.flows.announcing import EVENT, SITE, BoxOffice, People, box_office
from ticket_pipeline_tests.store.bodies import minute

START = minute(10)
SECOND = timedelta(seconds=1)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[BoxOffice]:
    made = box_office(tmp_path)
    for name in ("ann", "ben", "cid"):
        made.people.join(name)
    yield made
    made.state.database.close()


class Push(Memory):
    """A channel for those with a push subscription."""

    kind = "web_push"

    def reaches(self, subscriber: Subscriber) -> bool:
        return subscriber.push is not None

    def address(self, subscriber: Subscriber) -> str:
        return subscriber.push.endpoint if subscriber.push else ""


def browser(name: str) -> PushSubscription:
    return PushSubscription(endpoint=f"https://push.example/{name}", p256dh="key", auth="auth")


def test_everybody_eligible_is_told_at_the_very_instant(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    (report,) = office.tick_at(START - 60 * SECOND)
    assert office.time.now == START
    assert office.told() == {"ann": 1, "ben": 1, "cid": 1}
    assert (report.outcome, report.eligible, report.sent) == (Outcome.ANNOUNCED, 3, {"memory": 3})
    assert report.first_sent_after == 0


def test_nobody_is_told_before_the_instant(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    seen: list[int] = []
    office.time.at(START - SECOND / 10, lambda: seen.append(len(office.place.messages)))
    office.tick_at(START - 80 * SECOND)
    assert seen == [0]


def test_tiers_that_open_together_are_one_message(office: BoxOffice) -> None:
    office.opens("stalls", "balcony", at=START)
    (report,) = office.tick_at(START)
    assert set(report.definition_ids) == {"stalls", "balcony"}
    assert office.told().total() == 3
    assert all("Tier stalls" in each.text and "Tier balcony" in each.text for each in office.place.messages)


def test_what_starts_later_than_the_look_ahead_is_not_due(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    assert office.tick_at(START - 91 * SECOND) == []


def test_a_start_is_announced_once_however_often_it_is_asked_for(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    (planned,) = due(office.state, now=START)
    office.tick_at(START)
    assert office.tick() == []
    assert announce(office.parts, planned).outcome is Outcome.ELSEWHERE
    assert office.told().total() == 3


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": SubscriberStatus.PENDING}, "pending"),
        ({"status": SubscriberStatus.UNSUBSCRIBED}, "unsubscribed"),
        ({"status": SubscriberStatus.SUPPRESSED}, "suppressed"),
        ({"opt_ins": frozenset({"event:other"})}, "not_opted_in"),
        ({"opt_ins": frozenset()}, "not_opted_in"),
        ({"email": "no address"}, "invalid_address"),
        ({"email": None}, "no_channel"),
        ({"email": None, "push": browser("ann")}, "no_channel"),
        ({"status": SubscriberStatus.PENDING, "flaw": Flaw.UNKNOWN_STATUS}, "unknown_status"),
        ({"status": SubscriberStatus.PENDING, "flaw": Flaw.UNREADABLE}, "unreadable"),
        ({"status": SubscriberStatus.PENDING, "flaw": Flaw.NO_ADDRESS}, "no_address"),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_whoever_may_not_be_told_is_not_and_the_report_says_why(
    office: BoxOffice, changes: dict[str, Any], reason: str, late: bool
) -> None:
    office.opens("stalls", at=START)
    office.time.at(START - (SECOND if late else 300 * SECOND), lambda: office.people.change("ann", **changes))
    (report,) = office.tick_at(START - 60 * SECOND)
    assert office.told() == {"ben": 1, "cid": 1}
    assert report.skipped == {reason: 1}


def test_whoever_leaves_one_second_before_is_not_told(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    office.time.at(START - SECOND, lambda: office.people.listed.pop("ann"))
    (report,) = office.tick_at(START - 60 * SECOND)
    assert office.told() == {"ben": 1, "cid": 1}
    assert report.skipped == {"not_listed": 1}


def test_our_own_list_of_those_who_want_no_more_is_honoured_to_the_last_second(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    name = office.parts.names.person(office.people.listed["ann"])

    def unsubscribe() -> None:
        with office.state.writing() as tx:
            suppressions.suppress(tx, SITE, [name], why="used a link", at=office.time.now)

    office.time.at(START - SECOND, unsubscribe)
    (report,) = office.tick_at(START - 60 * SECOND)
    assert office.told() == {"ben": 1, "cid": 1}
    assert report.skipped == {"unsubscribed_here": 1}


def test_one_address_in_several_spellings_is_one_person(office: BoxOffice) -> None:
    office.people.join("ann2", email="ANN@Example.ORG")
    office.opens("stalls", at=START)
    (report,) = office.tick_at(START)
    assert office.told() == {"ann": 1, "ben": 1, "cid": 1}
    assert (report.eligible, report.skipped) == (3, {"duplicate": 1})


def test_two_who_come_to_share_an_address_after_the_audience_was_read_are_told_once(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    office.time.at(START - SECOND, lambda: office.people.change("ben", email="Ann@example.org"))
    (report,) = office.tick_at(START - 60 * SECOND)
    assert office.told() == {"ann": 1, "cid": 1}
    assert report.skipped == {"duplicate": 1}


def test_nothing_said_anywhere_holds_an_address(office: BoxOffice, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    office.opens("stalls", at=START)
    office.place.fates["ben"] = Fate.REFUSED
    office.people.failing = 1
    (report,) = office.tick_at(START - 30 * SECOND)
    with office.state.reading() as tx:
        row = announcements.get(tx, SITE, StartKey(EVENT, START))
        said = [repr(report), str(row), *(str(vars(each)) for each in caplog.records)]
        said += [str(each) for each in tx.exec_driver_sql("SELECT * FROM receipts")]
    assert report.failed == {"told_to_be_refused": 1}
    assert not [each for each in said if "@example" in each or "ann" in each.split("'")]


def test_a_start_that_is_moved_while_it_is_waited_for_is_not_announced(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    office.time.at(START - 30 * SECOND, lambda: office.wix.define("stalls", minute(60)))
    (report,) = office.tick_at(START - 60 * SECOND)
    assert (report.outcome, office.told().total()) == (Outcome.WITHDRAWN, 0)
    assert report.why == "Tier stalls: its sale start is 2026-11-23 13:00 UTC now"
    assert [each.outcome for each in office.tick_at(minute(60))] == [Outcome.ANNOUNCED]
    assert office.told() == {"ann": 1, "ben": 1, "cid": 1}


def test_a_start_that_is_moved_earlier_is_announced_then(office: BoxOffice) -> None:
    office.opens("stalls", at=minute(60))
    office.opens("stalls", at=START)
    assert [each.outcome for each in office.tick_at(START)] == [Outcome.ANNOUNCED]
    assert office.tick_at(minute(60)) == []


def test_a_start_moved_away_and_back_before_it_came_is_announced(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    office.time.at(START - 50 * SECOND, lambda: office.wix.define("stalls", minute(60)))
    assert [each.outcome for each in office.tick_at(START - 60 * SECOND)] == [Outcome.WITHDRAWN]
    office.opens("stalls", at=START)
    assert [each.outcome for each in office.tick()] == [Outcome.ANNOUNCED]


def test_a_start_moved_away_and_back_after_it_was_announced_is_not_announced_again(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    office.tick_at(START)
    office.opens("stalls", at=minute(60))
    office.opens("stalls", at=START)
    assert office.tick_at(minute(61)) == []
    assert office.told().total() == 3


def test_a_start_moved_to_a_later_instant_after_it_was_announced_is_another_start(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    office.tick_at(START)
    office.opens("stalls", at=minute(60))
    assert [each.outcome for each in office.tick_at(minute(60))] == [Outcome.ANNOUNCED]


def test_a_start_moved_into_the_past_is_told_at_once_and_how_late(office: BoxOffice) -> None:
    office.opens("stalls", at=minute(60))
    office.time.pass_to(minute(20))
    office.opens("stalls", at=START)
    (report,) = office.tick()
    assert (report.outcome, report.first_sent_after) == (Outcome.ANNOUNCED, 600)


def test_a_start_moved_into_the_past_after_it_was_announced_is_no_news(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    office.tick_at(START)
    office.opens("stalls", at=minute(5))
    assert office.tick() == []


def test_another_tier_that_opened_earlier_is_news(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    office.tick_at(START)
    office.opens("balcony", at=minute(5))
    assert [each.definition_ids for each in office.tick()] == [("balcony",)]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"hidden": True}, "it is hidden"),
        ({"salePeriod": None}, "it has no sale start"),
        ({"salePeriod": {"startDate": "2026-11-23T12:10:00Z", "endDate": "2026-11-23T12:10:00Z"}}, "before it begins"),
    ],
)
def test_what_is_not_to_be_announced_is_not(office: BoxOffice, changes: dict[str, Any], why: str) -> None:
    office.opens("hidden", at=START, **changes)
    assert office.tick_at(START - 60 * SECOND) == []
    office.opens("stalls", at=START)
    office.time.at(START - SECOND, lambda: office.wix.define("stalls", START, **changes))
    (report,) = office.tick()
    assert (report.outcome, office.told().total()) == (Outcome.WITHDRAWN, 0)
    assert why in report.why


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"status": "CANCELED"}, "its event is cancelled"),
        ({"status": "ENDED"}, "its event has ended"),
        ({"status": "DRAFT"}, "its event is a draft or sells no tickets"),
        ({"registration": {"type": "RSVP"}}, "its event is a draft or sells no tickets"),
        (
            {"dateAndTimeSettings": {"startDate": "2026-11-23T11:00:00Z", "endDate": "2026-11-23T12:05:00Z"}},
            "its event has ended",
        ),
    ],
)
def test_an_event_that_shows_nothing_sells_nothing(office: BoxOffice, changes: dict[str, Any], why: str) -> None:
    office.opens("stalls", at=START)
    office.time.at(START - SECOND, lambda: office.wix.change_event(at=START, **changes))
    (report,) = office.tick_at(START - 60 * SECOND)
    assert (report.outcome, office.told().total()) == (Outcome.WITHDRAWN, 0)
    assert why in report.why
    assert office.tick() == []


def test_a_deleted_definition_is_not_announced(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    office.time.at(START - SECOND, lambda: office.wix.definitions.clear())
    (report,) = office.tick_at(START - 60 * SECOND)
    assert (report.outcome, report.why) == (Outcome.WITHDRAWN, "its ticket definitions were deleted")
    assert office.tick() == []


def test_a_deleted_event_is_not_announced(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    office.time.at(START - SECOND, lambda: office.wix.events.clear())
    (report,) = office.tick_at(START - 60 * SECOND)
    assert (report.outcome, office.told().total()) == (Outcome.WITHDRAWN, 0)
    assert "its event is gone" in report.why


def test_of_two_tiers_the_one_that_stays_is_announced(office: BoxOffice) -> None:
    office.opens("stalls", "balcony", at=START)
    office.time.at(START - SECOND, lambda: office.wix.define("stalls", START, hidden=True))
    (report,) = office.tick_at(START - 60 * SECOND)
    assert report.definition_ids == ("balcony",)
    assert not [each for each in office.place.messages if "stalls" in each.text]


def test_what_changed_in_the_last_second_is_what_people_read(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    dollars: dict[str, Any] = {"pricingMethod": {"fixedPrice": {"value": "70.00", "currency": "USD"}}}
    office.time.at(START - SECOND, lambda: office.wix.define("stalls", START, **dollars))
    office.tick_at(START - 60 * SECOND)
    assert all("$70.00" in each.text and "65" not in each.text for each in office.place.messages)


def test_a_wix_that_is_down_is_waited_for(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    office.wix.down = True
    office.time.at(minute(14), lambda: setattr(office.wix, "down", False))
    (report,) = office.tick_at(START - 60 * SECOND)
    assert (report.outcome, office.told().total()) == (Outcome.ANNOUNCED, 3)
    assert 240 <= (report.first_sent_after or 0) <= 600


def test_a_wix_that_stays_down_has_nobody_told_and_the_start_skipped(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    office.wix.down = True
    with pytest.raises(TransientError):
        office.tick_at(START)
    assert office.told().total() == 0
    (report,) = office.tick_at(START + timedelta(hours=2, minutes=1))
    assert (report.outcome, report.why) == (
        Outcome.SKIPPED_LATE,
        "2:01:00 after the start; late_limit is 2:00:00",
    )
    assert office.tick() == []


def test_an_audience_that_is_down_or_breaks_off_is_read_again(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    office.people.failing, office.people.breaks_after = 2, 1
    (report,) = office.tick_at(START - 60 * SECOND)
    assert (report.first_sent_after, report.eligible, office.told().total()) == (0, 3, 3)


def test_an_audience_that_is_down_while_consent_is_read_is_waited_for(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    office.time.at(START - SECOND, lambda: setattr(office.people, "failing", 3))
    (report,) = office.tick_at(START - 60 * SECOND)
    assert (report.sent, report.first_sent_after) == ({"memory": 3}, 35)


def test_a_start_that_was_missed_is_announced_late_within_the_limit(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    (report,) = office.tick_at(START + timedelta(hours=1))
    assert (report.outcome, report.first_sent_after) == (Outcome.ANNOUNCED, 3600)


def test_a_sale_that_was_on_before_announcements_were_first_looked_for_is_no_news(tmp_path: Path) -> None:
    office = box_office(tmp_path, late_limit=timedelta(hours=24))
    office.people.join("ann")
    office.opens("stalls", at=minute(-62))
    assert office.tick() == []
    office.opens("stalls", at=minute(-61))
    assert [each.outcome for each in office.tick()] == [Outcome.ANNOUNCED]


def test_a_channel_that_is_down_is_waited_for_and_nobody_is_told_twice(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    office.place.down_after = 1
    office.time.at(START + 20 * SECOND, lambda: setattr(office.place, "down_after", None))
    (report,) = office.tick_at(START)
    assert office.told() == {"ann": 1, "ben": 1, "cid": 1}
    assert (report.sent, report.unknown, report.failed) == ({"memory": 3}, 0, {})


def test_a_message_that_is_postponed_is_sent_later(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    office.place.fates["ben"] = Fate.POSTPONED
    (report,) = office.tick_at(START)
    assert office.told() == {"ann": 1, "ben": 1, "cid": 1}
    assert (report.sent, report.failed) == ({"memory": 3}, {})


def test_whoever_unsubscribes_while_postponed_is_told_no_more(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    office.place.fates["ben"] = Fate.POSTPONED
    office.time.at(START + SECOND, lambda: office.people.change("ben", status=SubscriberStatus.UNSUBSCRIBED))
    (report,) = office.tick_at(START)
    assert office.told() == {"ann": 1, "cid": 1}
    assert (report.skipped, report.failed) == ({"unsubscribed": 1}, {"told_to_be_postponed": 1})


@pytest.mark.parametrize(("resend", "times"), [(False, 1), (True, 2)])
def test_a_message_of_unknown_fate_is_handled_as_declared(tmp_path: Path, resend: bool, times: int) -> None:
    office = box_office(tmp_path, resend=resend)
    office.people.join("ann")
    office.opens("stalls", at=START)
    office.place.fates["ann"] = Fate.UNKNOWN
    (report,) = office.tick_at(START)
    assert office.told() == {"ann": times}
    assert (report.unknown, report.told) == ((1, 0) if times == 1 else (0, 1))


def test_a_refusal_is_for_one_person_and_the_rest_goes_on(office: BoxOffice) -> None:
    office.opens("stalls", at=START)
    office.place.fates["ben"] = Fate.REFUSED
    (report,) = office.tick_at(START)
    assert office.told() == {"ann": 1, "cid": 1}
    assert (report.sent, report.failed) == ({"memory": 2}, {"told_to_be_refused": 1})


def test_the_preferred_channel_is_taken_and_the_next_where_it_refuses(tmp_path: Path) -> None:
    mail, push = Memory(Config(), Place()), Push(Config(), Place())
    office = box_office(tmp_path, channels=(mail, push))
    office.people.join("ann", push=browser("ann"), preferred_channel="web_push")
    office.people.join("ben", push=browser("ben"))
    office.people.join("cid", push=browser("cid"), preferred_channel="web_push")
    office.people.join("dot", email=None, push=browser("dot"))
    office.people.join("eve", email=None, push=browser("dot"))
    push.place.fates["cid"] = Fate.REFUSED
    office.opens("stalls", at=START)
    (report,) = office.tick_at(START)
    assert sorted(each.to.id for each in mail.place.messages) == ["ben", "cid"]
    assert sorted(each.to.id for each in push.place.messages) == ["ann", "dot"]
    assert (report.sent, report.failed, report.skipped) == ({"memory": 2, "web_push": 2}, {}, {"duplicate": 1})


def test_a_channel_that_is_down_does_not_hold_up_the_others(tmp_path: Path) -> None:
    mail, push = Memory(Config(), Place()), Push(Config(), Place(down_after=0))
    office = box_office(tmp_path, channels=(push, mail))
    office.people.join("ann", push=browser("ann"))
    office.people.join("ben")
    office.opens("stalls", at=START)
    seen: list[int] = []
    office.time.at(START + SECOND, lambda: seen.append(len(mail.place.messages)))
    office.time.at(START + 2 * SECOND, lambda: setattr(push.place, "down_after", None))
    (report,) = office.tick_at(START)
    assert seen == [1]
    assert report.sent == {"web_push": 1, "memory": 1}


def test_consent_that_grew_old_is_read_again(tmp_path: Path) -> None:
    office = box_office(tmp_path)
    for number in range(30):
        office.people.join(f"p{number:02}")
    memory = office.parts.channels[0]
    assert isinstance(memory, Memory)
    slow = _Slow(office, memory)
    office.parts = replace(office.parts, channels=(slow,))
    office.opens("stalls", at=START)
    office.time.at(START + 14 * SECOND, lambda: office.people.change("p29", status=SubscriberStatus.UNSUBSCRIBED))
    (report,) = office.tick_at(START)
    assert set(office.told()) == {f"p{number:02}" for number in range(29)}
    assert report.skipped == {"unsubscribed": 1}
    assert len(office.people.asked) == 3


class _Slow(Memory):
    """A memory that takes a second for each message."""

    def __init__(self, office: BoxOffice, memory: Memory) -> None:
        super().__init__(Config(), memory.place)
        self.office = office

    def send(self, messages: Any) -> Any:
        for delivery in super().send(messages):
            self.office.time.sleep(1)
            yield delivery


def test_a_channel_that_takes_long_to_open_still_gets_somewhere(tmp_path: Path) -> None:
    office = box_office(tmp_path)
    for number in range(3):
        office.people.join(f"p{number}")
    office.parts = replace(office.parts, channels=(_SlowToOpen(office, office.place),))
    office.opens("stalls", at=START)
    office.tick_at(START)
    assert office.told() == {"p0": 1, "p1": 1, "p2": 1}


class _SlowToOpen(Memory):
    """A memory that takes a minute to open."""

    def __init__(self, office: BoxOffice, place: Place) -> None:
        super().__init__(Config(), place)
        self.office = office

    def send(self, messages: Any) -> Any:
        self.office.time.sleep(60)
        yield from super().send(messages)


def test_an_audience_that_takes_many_minutes_to_read_keeps_its_claim(tmp_path: Path) -> None:
    office = box_office(tmp_path)
    for number in range(2500):
        office.people.join(f"p{number:04}", opt_ins=frozenset())
    office.people.join("ann")
    office.parts = replace(office.parts, audience=_SlowToRead(office))
    office.opens("stalls", at=START)
    taken: list[Any] = []
    for number in range(12):
        office.time.at(START + 60 * number * SECOND, lambda: taken.extend(due(office.state, now=office.time.now)))
    (report,) = office.tick_at(START - SECOND)
    assert (taken, office.told()) == ([], {"ann": 1})
    assert report.first_sent_after is not None
    assert report.first_sent_after >= 240


class _SlowToRead(People):
    """An audience that takes a minute for each five hundred."""

    def __init__(self, office: BoxOffice) -> None:
        super().__init__(listed=office.people.listed)
        self.office = office

    def subscribers(self) -> Iterator[Subscriber]:
        for number, each in enumerate(super().subscribers()):
            self.office.time.sleep(0 if number % 500 else 60)
            yield each


def test_a_refusal_on_the_way_to_a_channel_that_is_down_is_tried_there_later(tmp_path: Path) -> None:
    mail, push = Memory(Config(), Place(down_after=0)), Push(Config(), Place())
    office = box_office(tmp_path, channels=(mail, push))
    office.people.join("ann")
    office.people.join("cid", push=browser("cid"), preferred_channel="web_push")
    push.place.fates["cid"] = Fate.REFUSED
    office.opens("stalls", at=START)
    office.time.at(START + SECOND, lambda: setattr(mail.place, "down_after", None))
    (report,) = office.tick_at(START)
    assert sorted(each.to.id for each in mail.place.messages) == ["ann", "cid"]
    assert (report.sent, report.failed) == ({"memory": 2}, {})


def test_two_channels_of_one_kind_do_not_tell_anybody_twice(tmp_path: Path) -> None:
    first, second = Memory(Config(), Place()), Memory(Config(name="second"), Place())
    office = box_office(tmp_path, channels=(first, second))
    office.people.join("ann")
    office.people.join("ben")
    first.place.fates["ben"] = Fate.REFUSED
    office.opens("stalls", at=START)
    (report,) = office.tick_at(START)
    assert (report.sent, report.failed, report.skipped) == ({"memory": 1}, {"told_to_be_refused": 1}, {})
    assert second.place.messages == []


def test_a_side_that_refuses_us_stops_the_announcement_and_frees_it(office: BoxOffice) -> None:
    class Locked(Memory):
        def send(self, messages: Any) -> Any:  # noqa: ARG002 - nothing is taken
            raise ConfigError("no mail from you")
            yield

    sound = office.parts
    office.opens("stalls", at=START)
    office.parts = replace(sound, channels=(Locked(Config(), Place()),))
    with pytest.raises(ConfigError):
        office.tick_at(START)
    office.parts = sound
    assert [each.outcome for each in office.tick()] == [Outcome.ANNOUNCED]


def test_two_events_that_start_together_are_two_announcements(office: BoxOffice) -> None:
    office.wix.change_event("recital")
    office.people.join("dot", opt_ins=frozenset({"event:recital"}))
    office.opens("stalls", at=START)
    office.opens("floor", at=START, event_id="recital")
    first, second = office.tick_at(START)
    assert (first.event_id, first.told) == ("gala", 3)
    assert (second.event_id, second.told) == ("recital", 1)


def test_the_unsubscribe_link_is_the_tools_own_where_it_has_one(office: BoxOffice) -> None:
    office.people.change("ann", unsubscribe_url="https://ghost.example/unsubscribe/?uuid=1")
    office.opens("stalls", at=START)
    office.tick_at(START)
    links = {each.to.id: each.unsubscribe_url or "" for each in office.place.messages}
    assert links["ann"] == "https://ghost.example/unsubscribe/?uuid=1"
    assert links["ben"].startswith("https://tickets.example.org/unsubscribe/")
