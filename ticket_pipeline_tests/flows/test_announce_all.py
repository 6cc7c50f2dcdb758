"""Several sale starts side by side: none holds up another, and those under way stop where it does no harm."""

import threading
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ticket_pipeline.channels.memory import Config, Memory
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.flows.announce_all import AT_ONCE, Announced, announce_all
from ticket_pipeline.flows.sale_starts import due
from ticket_pipeline.model.announcement import AudienceCounts, Outcome, StartKey
from ticket_pipeline.model.message import Delivery, Message
from ticket_pipeline.model.subscriber import Subscriber
from ticket_pipeline.store import announcements
from ticket_pipeline.store.announcements import State
from ticket_pipeline_tests.flows.announcing import SITE, BoxOffice, People, box_office
from ticket_pipeline_tests.store.bodies import NOON, minute

EVERYTHING = "all"


class Gate(Memory):
    """Keeps messages, but those of one event wait at a gate."""

    def __init__(self, title: str) -> None:
        super().__init__(Config())
        self.title, self.reached, self.open = title, threading.Event(), threading.Event()

    def send(self, messages: Iterable[Message]) -> Iterator[Delivery]:
        """Keep them, each alone."""
        for message in messages:
            if self.title in message.subject:
                self.reached.set()
                assert self.open.wait(30)
            yield from super().send([message])


class Refusing:
    """People whose tool refuses the first who asks for consent."""

    def __init__(self, people: People) -> None:
        self.people, self.identity, self.refusals = people, people.identity, [ConfigError("people: the key is wrong")]

    def subscribers(self) -> Iterator[Subscriber]:
        """Read everybody."""
        return self.people.subscribers()

    def consent(self, ids: Collection[str]) -> Iterator[Subscriber]:
        """Refuse once."""
        if self.refusals:
            raise self.refusals.pop()
        return self.people.consent(ids)


def replaced(made: BoxOffice, **parts: Any) -> BoxOffice:
    """Let a box office announce with other parts."""
    return replace(made, parts=replace(made.parts, **parts))


def office(folder: Path, channel: Memory, *events: str) -> BoxOffice:
    """Open a box office whose events all go on sale a minute from noon; three people want to hear of all."""
    made = box_office(folder, channels=(channel,), opt_in=EVERYTHING)
    for each in events:
        made.wix.change_event(each, title=each.title())
        made.opens(f"tier-{each}", at=minute(1), event_id=each)
    for name in ("ann", "bob", "cleo"):
        made.people.join(name, opt_ins=frozenset({EVERYTHING}))
    return made


def outcomes(made: BoxOffice) -> list[Announced]:
    """Announce all that is due to its end."""
    planned = due(made.state, now=made.time.now)
    return [each for each in announce_all(made.parts, planned) if isinstance(each, Announced)]


def test_each_is_announced_and_the_audience_is_counted_on_the_way(tmp_path: Path) -> None:
    channel = Memory(Config())
    made = office(tmp_path, channel, "ballet", "circus")
    planned = due(made.state, now=NOON)
    news = list(announce_all(made.parts, planned, counted=planned))
    done = [each.report for each in news if isinstance(each, Announced)]
    assert [each.outcome for each in done if each] == [Outcome.ANNOUNCED] * 2
    assert len(channel.place.messages) == 6
    (first, *_) = [each for each in news if isinstance(each, AudienceCounts)]
    assert first.listed == 3
    assert set(first.eligible.values()) == {3}


def test_a_long_blast_holds_up_no_other(tmp_path: Path) -> None:
    gate = Gate("Ballet")
    made = office(tmp_path, gate, "ballet", "circus", "dance")
    news = announce_all(made.parts, due(made.state, now=NOON))
    told = (each for each in news if isinstance(each, Announced))
    finished = [next(told).planned.start.event_id, next(told).planned.start.event_id]
    assert gate.reached.is_set()
    assert sorted(finished) == ["circus", "dance"]
    gate.open.set()
    assert [each.planned.start.event_id for each in told] == ["ballet"]
    assert len(gate.place.messages) == 9


def test_what_stops_one_is_told_and_stops_no_other(tmp_path: Path) -> None:
    made = office(tmp_path, Memory(Config()), "ballet", "circus")
    made = replaced(made, audience=Refusing(made.people))
    done = outcomes(made)
    assert sorted(each.report.outcome.value if each.report else str(each.error) for each in done) == [
        "announced",
        "people: the key is wrong",
    ]


def test_whoever_leaves_off_stops_those_who_wait_and_leaves_them_free(tmp_path: Path) -> None:
    made = office(tmp_path, Memory(Config()), "ballet")
    waiting, never = threading.Event(), threading.Event()

    def sleep(_: float) -> None:
        waiting.set()
        never.wait(0.01)

    news = announce_all(replaced(made, sleep=sleep).parts, due(made.state, now=NOON))
    assert isinstance(next(news), AudienceCounts)
    assert waiting.wait(30)
    news.close()
    with made.state.reading() as tx:
        row = announcements.get(tx, SITE, StartKey("ballet", minute(1)))
    assert row is not None
    assert (row.state, row.claimed_until) == (State.OPEN, None)


def test_a_blast_is_stopped_between_two_batches_and_gone_on_with(tmp_path: Path) -> None:
    gate = Gate("Ballet")
    made = office(tmp_path, gate, "ballet")
    for number in range(250):
        made.people.join(f"p{number}", opt_ins=frozenset({EVERYTHING}))
    news = announce_all(made.parts, due(made.state, now=NOON))
    assert isinstance(next(news), AudienceCounts)
    assert gate.reached.wait(30)
    threading.Timer(0.05, gate.open.set).start()
    news.close()
    assert len(gate.place.messages) == 100
    made.time.pass_to(minute(2))
    (done,) = outcomes(made)
    assert done.report is not None
    assert (done.report.told, done.report.unknown) == (253, 0)
    assert len({each.to.id for each in gate.place.messages}) == len(gate.place.messages) == 253


def test_more_than_fit_at_once_are_announced_too(tmp_path: Path) -> None:
    made = office(tmp_path, Memory(Config()), *[f"event{number}" for number in range(AT_ONCE + 3)])
    done = outcomes(made)
    assert len(done) == AT_ONCE + 3
    assert {each.report.outcome for each in done if each.report} == {Outcome.ANNOUNCED}


def test_nothing_planned_is_nothing_done(tmp_path: Path) -> None:
    assert list(announce_all(office(tmp_path, Memory(Config())).parts, [])) == []


def test_two_that_announce_the_same_tell_everybody_once(tmp_path: Path) -> None:
    gate = Memory(Config())
    made = office(tmp_path, gate, "ballet", "circus")
    planned = due(made.state, now=NOON)
    results: list[Announced] = []

    def announce() -> None:
        results.extend(each for each in announce_all(made.parts, planned) if isinstance(each, Announced))

    both = [threading.Thread(target=announce) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join(30)
    outcomes_seen = sorted(each.report.outcome.value for each in results if each.report)
    assert outcomes_seen == ["announced", "announced", "elsewhere", "elsewhere"]
    assert len(gate.place.messages) == 6
