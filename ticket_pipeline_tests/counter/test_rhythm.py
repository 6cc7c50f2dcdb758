import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import quantiles
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticket_pipeline.counter.meters import CounterMeters
from ticket_pipeline.counter.reading import Concerned, Screen, Terms
from ticket_pipeline.counter.rhythm import Rhythm
from ticket_pipeline.errors import ConfigError, RejectedError, TransientError
from ticket_pipeline.model.counting import EVENT_DELETED, Cause, CountReport, Why
from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.model.tally import Tally, TallyStatus
from ticket_pipeline_tests.counter.in_no_time import in_no_time
from ticket_pipeline_tests.counter.values import NOON, order, tally

Result = TypeVar("Result")


@dataclass(frozen=True)
class Read:
    """One call of `count`."""

    began: float
    ended: float
    causes: Mapping[str, Cause]
    done: bool

    @property
    def ids(self) -> set[str]:
        return set(self.causes)


@dataclass(kw_only=True)
class Stage:
    """A site that answers as it is told to, on a clock that jumps."""

    moving: frozenset[str] = frozenset()
    expiry: datetime | None = None
    #: Seconds that each read takes; the last one goes on for ever.
    lasts: list[float] = field(default_factory=lambda: [0.0])
    #: What each read raises, until there is nothing left to raise.
    fails: list[Exception | None] = field(default_factory=list)
    survey_fails: list[Exception] = field(default_factory=list)
    learn_fails: list[Exception] = field(default_factory=list)
    recall_fails: list[Exception] = field(default_factory=list)
    #: What another process has read, by a clock that is ahead of ours.
    read_by_others: dict[str, datetime] = field(default_factory=dict)
    #: Definitions at which Wix falls over.
    broken: frozenset[str] = frozenset()
    #: Definitions that cost a request each, of which one read takes five.
    costly: frozenset[str] = frozenset()
    #: Whether only the state tells what a webhook concerns.
    says_nothing: bool = False
    unknown: set[str] = field(default_factory=set)
    sweep_every: timedelta = timedelta(hours=1)
    per_minute: int = 200
    shown: dict[str, Tally] = field(default_factory=dict)
    turning: dict[str, list[Cause]] = field(default_factory=dict)
    reads: list[Read] = field(default_factory=list)
    learned: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        screen = Screen(held=self.held, catch_up=self.catch_up, meters=CounterMeters(["box_office"]))
        terms = Terms(site="box_office", requests_per_minute=self.per_minute, sweep_every=self.sweep_every)
        self.meters = screen.meters
        self.rhythm = Rhythm(terms, self, screen, clock=self.clock, calling=self.calling)

    def clock(self) -> datetime:
        return NOON + timedelta(seconds=asyncio.get_running_loop().time())

    def held(self, _: str, definition_id: str) -> Tally | None:
        return self.shown.get(definition_id)

    async def catch_up(self) -> None:
        pass

    async def calling(self, call: Callable[..., Result], *arguments: object) -> Result:
        """Let a read take its time, and then end as it is told to."""
        if call != self.count:
            return call(*arguments)
        began, clock = asyncio.get_running_loop().time(), self.clock()
        await asyncio.sleep(self.lasts.pop(0) if len(self.lasts) > 1 else self.lasts[0])
        (wanted,) = arguments
        assert isinstance(wanted, Mapping)
        error = self.fails.pop(0) if self.fails else self._of_the_broken(wanted)
        self.reads.append(Read(began, asyncio.get_running_loop().time(), dict(wanted), error is None))
        if error is None or self.broken:
            self.shown |= {each: tally(each, read_at=clock) for each in wanted.keys() - self.broken}
        if error is not None:
            raise error
        return call(wanted)

    def _of_the_broken(self, wanted: Mapping[str, Cause]) -> Exception | None:
        return TransientError("500") if self.broken & wanted.keys() else None

    def count(self, wanted: Mapping[str, Cause]) -> CountReport:
        now = self.clock()
        ahead = [tally(each, read_at=at) for each, at in self.read_by_others.items() if each in wanted and at > now]
        costly = [each for each in wanted if each in self.costly]
        requests = -(-len(wanted) // 100) + len(costly[:5])
        return CountReport(kept=tuple(ahead), left=tuple(costly[5:]), requests=requests)

    def survey(self) -> frozenset[str]:
        if self.survey_fails:
            raise self.survey_fails.pop(0)
        return self.moving

    def known(self) -> frozenset[str]:
        return self.moving

    def learn(self, event_id: str) -> None:
        self.learned.append(event_id)
        if self.learn_fails:
            raise self.learn_fails.pop(0)
        self.moving |= {f"{event_id}'s"}

    def recall(self, envelopes: Sequence[Envelope]) -> Sequence[frozenset[str]]:
        if self.recall_fails:
            raise self.recall_fails.pop(0)
        return [self._named(each) for each in envelopes]

    def _named(self, envelope: Envelope) -> frozenset[str]:
        return frozenset(each["ticketDefinitionId"] for each in envelope.body["tickets"])

    def concerned(self, envelope: Envelope) -> Concerned:
        if self.says_nothing:
            return Concerned(to_recall=True)
        ids = self._named(envelope)
        unknown = envelope.event_id if envelope.event_id in self.unknown else None
        return Concerned(ids=ids, unknown_event=unknown, again_at=self.expiry)

    def turns(self, tally: Tally) -> Iterable[Cause]:
        return self.turning.get(tally.definition_id, [])

    def play(self, happenings: Iterable[tuple[float, Envelope]], *, until: float) -> list[Read]:
        """Let webhooks land at their seconds; return the reads."""

        async def story() -> None:
            running = asyncio.create_task(self.rhythm.run())
            for at, envelope in happenings:
                await asyncio.sleep(at - asyncio.get_running_loop().time())
                self.rhythm.landed([envelope])
            await asyncio.sleep(until - asyncio.get_running_loop().time())
            assert not running.done()
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

        in_no_time(story())
        return self.reads


def times(reads: Iterable[Read]) -> list[float]:
    return [round(each.began, 1) for each in reads]


def test_a_change_is_read_at_once_and_again_three_seconds_later() -> None:
    reads = Stage().play([(1.0, order("a"))], until=60)
    assert times(reads) == [1.0, 4.0]
    assert [each.causes["a"].why for each in reads] == [order("a").topic, Why.SECOND_READ]


def test_the_second_read_comes_three_seconds_after_the_last_change() -> None:
    reads = Stage().play([(1.0, order("a")), (3.0, order("a"))], until=60)
    assert times(reads) == [1.0, 3.0, 6.0]


def test_what_changes_during_a_read_is_read_together_by_the_next() -> None:
    stage = Stage(lasts=[1.0, 0.0])
    reads = stage.play([(1.0, order("a")), (1.2, order("b", "c")), (1.4, order("a"))], until=3)
    assert [sorted(each.ids) for each in reads] == [["a"], ["a", "b", "c"]]
    assert times(reads) == [1.0, 2.0]


@pytest.mark.parametrize("fails", [[], [TransientError("unwell")]])
def test_that_the_event_was_deleted_is_not_lost_among_other_changes(fails: list[Exception | None]) -> None:
    stage = Stage(lasts=[1.0, 0.0], fails=fails)
    deleted = replace(order("a"), topic=EVENT_DELETED)
    reads = stage.play([(1.0, order("a")), (1.2, order("a")), (1.4, deleted), (1.6, order("a"))], until=4.5)
    assert [each.causes["a"].why for each in reads[:2]] == [order("a").topic, EVENT_DELETED]


def test_a_webhook_that_concerns_nothing_costs_nothing() -> None:
    assert Stage().play([(1.0, order())], until=60) == []


def test_a_hold_is_looked_at_again_when_it_has_run_out() -> None:
    stage = Stage(expiry=NOON + timedelta(minutes=20, milliseconds=300))
    reads = stage.play([(1.0, order("a")), (1.1, order("a"))], until=1_300)
    assert times(reads)[-1] == 1_201.0
    assert reads[-1].causes["a"].why == Why.HOLD_EXPIRY
    assert len(reads) == 4


def test_a_sale_is_read_when_it_starts() -> None:
    start = Cause(why=Why.SALE_START, at=NOON + timedelta(seconds=90))
    stage = Stage(turning={"a": [start]})
    stage.rhythm.kept([tally("a"), tally("a", version=2)])
    reads = stage.play([], until=200)
    assert [(each.began, each.causes["a"]) for each in reads] == [(90.0, start)]


def test_everything_is_read_at_the_start_and_then_slowly_again() -> None:
    stage = Stage(moving=frozenset("abc"), sweep_every=timedelta(minutes=5))
    reads = stage.play([], until=330)
    assert [sorted(each.ids) for each in reads[:1]] == [["a", "b", "c"]]
    assert reads[0].causes["a"].why == Why.FIRST_READ
    assert Counter(each for read in reads for each in read.ids) == {"a": 2, "b": 2, "c": 2}
    assert 299.9 <= reads[-1].began <= 320
    assert reads[-1].causes["a"].why == Why.SWEEP


def test_a_sweep_leaves_out_what_another_process_has_read() -> None:
    stage = Stage(moving=frozenset("ab"), sweep_every=timedelta(minutes=5))
    stage.shown["a"] = tally("a", read_at=NOON)
    assert [each.ids for each in stage.play([], until=60)] == [{"b"}]


def test_what_was_read_before_the_start_is_read_again_once_even_when_it_is_hidden() -> None:
    stage = Stage(moving=frozenset("ab"), sweep_every=timedelta(minutes=5))
    before = NOON - timedelta(seconds=1)
    stage.shown = {"a": tally("a", read_at=before), "b": tally("b", status=TallyStatus.HIDDEN, read_at=before)}
    reads = stage.play([], until=60)
    assert [each.ids for each in reads] == [{"a", "b"}]
    assert {cause.why for cause in reads[0].causes.values()} == {Why.HEALING}


def test_hidden_counters_are_swept_more_rarely() -> None:
    stage = Stage(moving=frozenset("a"), sweep_every=timedelta(minutes=5))
    stage.shown["a"] = tally("a", status=TallyStatus.HIDDEN, read_at=NOON)
    assert stage.play([], until=3_500) == []


def test_a_declared_definition_that_does_not_exist_is_not_asked_for_all_the_time() -> None:
    stage = Stage(moving=frozenset("a"), sweep_every=timedelta(minutes=5))
    stage.held = lambda *_: None  # type: ignore[method-assign] # it never comes to be shown
    stage.__post_init__()
    assert 2 <= len(stage.play([], until=899)) <= 4


def test_what_wix_does_not_know_is_asked_for_again_a_few_at_a_time() -> None:
    missing = frozenset(f"d{number}" for number in range(40))
    stage = Stage(moving=missing, sweep_every=timedelta(minutes=5))
    stage.held = lambda *_: None  # type: ignore[method-assign] # each costs a request of its own
    stage.__post_init__()
    reads = [each for each in stage.play([], until=900) if each.began > 1]
    assert max(len(each.ids) for each in reads) <= 5
    assert set().union(*(each.ids for each in reads)) == missing


def test_what_wix_does_not_know_any_more_is_asked_for_again_a_few_at_a_time() -> None:
    gone = [f"d{number}" for number in range(40)]
    stage = Stage(moving=frozenset(gone), sweep_every=timedelta(minutes=5))
    stage.shown = {each: tally(each, gone=True, status=TallyStatus.HIDDEN, read_at=NOON) for each in gone}
    reads = stage.play([], until=3_700)
    assert [len(each.ids) for each in reads] == [5] * len(reads)
    assert reads


def test_what_costs_a_request_each_is_read_bit_by_bit_and_lets_changes_through() -> None:
    many = frozenset(f"d{number}" for number in range(40))
    stage = Stage(moving=many, costly=many)
    orders = [(float(at), order("a")) for at in range(1, 20, 4)]
    reads = stage.play(orders, until=40)
    for at, _ in orders:
        assert any("a" in each.ids and at <= each.began <= at + 3.5 for each in reads)
    waiting = [len(each.ids & many) for each in reads]
    assert [each for each in waiting if each] == [40, 35, 30, 25, 20, 15, 10, 5]
    assert stage.rhythm.prepared


def test_a_first_read_of_thousands_lets_a_change_through() -> None:
    many = frozenset(f"d{number}" for number in range(5_000))
    reads = Stage(moving=many, lasts=[0.2]).play([(5.0, order("a"))], until=60)
    (heard, *_) = [each for each in reads if "a" in each.ids]
    assert heard.began - 5.0 <= 0.8
    assert set().union(*(each.ids for each in reads)) == many | {"a"}


def test_an_unknown_event_is_loaded_and_its_counters_are_read() -> None:
    stage = Stage(unknown={"new"})
    reads = stage.play([(1.0, order(event_id="new"))], until=2)
    assert stage.learned == ["new"]
    assert [each.ids for each in reads] == [{"new's"}]


def test_an_event_that_is_refused_holds_up_nobody() -> None:
    stage = Stage(unknown={"new"}, learn_fails=[ConfigError("refused")] * 9)
    reads = stage.play([(1.0, order(event_id="new")), (2.0, order("a"))], until=4)
    assert stage.learned == ["new"]
    assert times(reads) == [2.0]


def test_what_a_webhook_does_not_say_is_looked_up_and_read() -> None:
    stage = Stage(says_nothing=True, recall_fails=[TransientError("locked", retry_after=0)])
    reads = stage.play([(1.0, order("a")), (1.1, order("b"))], until=30)
    assert set().union(*(each.ids for each in reads if each.began <= 3.0)) == {"a", "b"}


@pytest.mark.parametrize(
    ("error", "waits"),
    [
        (TransientError("unwell", retry_after=7), (8.0, 9.1)),
        (ConfigError("refused"), (61.0, 61.1)),
        (RejectedError("refused", code="no"), (61.0, 61.1)),
        (RuntimeError("a mistake of ours"), (61.0, 61.1)),
    ],
    ids=["transient", "config", "rejected", "unexpected"],
)
def test_what_could_not_be_read_is_read_later(error: Exception, waits: tuple[float, float]) -> None:
    reads = Stage(fails=[error]).play([(1.0, order("a")), (2.0, order("b"))], until=200)
    assert [each.done for each in reads[:2]] == [False, True]
    assert waits[0] <= reads[1].began <= waits[1]
    assert reads[1].ids == {"a", "b"}


def test_a_read_that_a_clock_ahead_of_ours_outdid_is_repeated() -> None:
    stage = Stage(read_by_others={"a": NOON + timedelta(seconds=9)})
    reads = stage.play([(1.0, order("a", "b"))], until=60)
    assert [each.began for each in reads if "a" in each.ids][-1] == pytest.approx(9.0, abs=0.1)


def test_a_definition_at_which_wix_falls_over_holds_up_no_other() -> None:
    stage = Stage(moving=frozenset("ab"), broken=frozenset("b"))
    orders = [(float(at), order("a")) for at in range(100, 1_000, 7)]
    reads = stage.play(orders, until=1_000)
    for at, _ in orders:
        assert any("a" in each.ids and at <= each.began <= at + 2 for each in reads)
    assert 5 <= sum("b" in each.ids for each in reads) <= 60


def test_after_an_outage_a_change_is_read_soon_however_long_the_pause_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.random", lambda: 0.999)
    reads = Stage(fails=[TransientError("unwell")] * 5).play([(1.0, order("a")), (33.0, order("b"))], until=60)
    (failed, done, *_) = reads[4:]
    assert (failed.done, done.done, done.ids) == (False, True, {"a", "b"})
    assert failed.began < 33.0
    assert 34.5 <= done.began <= 35.5


def test_many_changes_in_an_outage_have_it_tried_now_and_then_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.random", lambda: 0.999)
    stage = Stage(fails=[TransientError("unwell")] * 999)
    tries = times(stage.play([(1 + number / 4, order("a")) for number in range(400)], until=130))
    assert all(later - earlier >= 1.7 for earlier, later in pairwise(tries))


def test_a_failure_does_not_stop_what_comes_later(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    stage = Stage(fails=[RuntimeError("a mistake of ours")] * 3)
    reads = stage.play([(1.0, order("a"))], until=400)
    assert [each.done for each in reads][:4] == [False, False, False, True]
    assert [each.message for each in caplog.records] == ["counters_failed"] * 3


def test_counters_that_are_known_are_read_even_if_no_others_can_be_found() -> None:
    stage = Stage(survey_fails=[TransientError("unwell"), RejectedError("no", code="no")], moving=frozenset("b"))
    reads = stage.play([(1.0, order("a"))], until=60)
    assert [each.ids for each in reads[:2]] == [{"b"}, {"a"}]
    assert stage.rhythm.prepared


@pytest.mark.parametrize(("error", "is_all"), [(ConfigError("refused"), True), (TransientError("unwell"), False)])
def test_where_no_survey_ever_succeeds_what_is_known_is_swept(error: Exception, is_all: bool) -> None:
    stage = Stage(survey_fails=[error] * 99, moving=frozenset("a"), sweep_every=timedelta(minutes=5))
    reads = stage.play([], until=330)
    assert [each.causes["a"].why for each in reads] == [Why.FIRST_READ, Why.SWEEP]
    assert stage.rhythm.prepared is is_all


def test_where_surveys_are_refused_and_nothing_is_known_it_is_prepared_all_the_same() -> None:
    stage = Stage(survey_fails=[ConfigError("refused")] * 99)
    stage.play([], until=30)
    assert stage.rhythm.prepared


def test_where_surveys_are_refused_an_unknown_event_holds_up_nobody() -> None:
    stage = Stage(survey_fails=[ConfigError("refused")] * 99, unknown={"new"})
    reads = stage.play([(1.0, order(event_id="new")), (2.0, order("a"))], until=4)
    assert [each.ids for each in reads] == [{"new's"}, {"a"}]
    assert times(reads) == [1.0, 2.0]


def test_it_is_prepared_once_everything_was_asked_for() -> None:
    stage = Stage(moving=frozenset("a"), fails=[TransientError("unwell")] * 200)
    stage.play([], until=30)
    assert not stage.rhythm.prepared
    stage = Stage(moving=frozenset("a"))
    stage.play([], until=30)
    assert stage.rhythm.prepared


def test_the_figures_tell_of_reads() -> None:
    stage = Stage(fails=[TransientError("unwell", retry_after=1)], lasts=[0.5])
    stage.play([(1.0, order("a"))], until=60)
    told = stage.meters.exposed().decode()
    assert 'counter_reads_total{outcome="done",site="box_office"} 2.0' in told
    assert 'counter_reads_total{outcome="postponed",site="box_office"} 1.0' in told
    assert "counter_webhook_to_push_seconds_count 1.0" in told


def test_a_rush_stays_within_the_budget_and_is_never_shown_late() -> None:
    """100 orders a second for 30 s over 20 definitions, at 200 requests a minute and 100 ms per answer."""
    orders = [(1 + number / 100, f"d{number * 7 % 20}") for number in range(3_000)]
    reads = Stage(lasts=[0.1]).play([(at, order(each)) for at, each in orders], until=60)
    ages = [min(r.ended for r in reads if each in r.ids and r.began >= at) - at for at, each in orders]
    assert quantiles(ages, n=100)[98] <= 2.0
    for start in times(reads):
        within = [each for each in reads if start <= each.began < start + 60]
        assert len(within) <= 0.6 * 200 + 0.05 * 200 + 1


_IDS = st.sampled_from("abc")
_LANDINGS = st.lists(st.tuples(st.floats(0, 2), st.lists(_IDS, min_size=1, max_size=3)), max_size=20)
_ERRORS = st.one_of(
    st.none(),
    st.builds(TransientError, st.just("unwell")),
    st.builds(RuntimeError, st.just("ours")),
    st.builds(ConfigError, st.just("refused")),
)


@settings(deadline=None)
@given(_LANDINGS, st.lists(st.floats(0, 5), min_size=1, max_size=8), st.lists(_ERRORS, max_size=6))
def test_the_last_change_is_always_followed_by_a_read_that_was_sent_after_it(
    landings: list[tuple[float, list[str]]], lasts: list[float], fails: list[Exception | None]
) -> None:
    at, happenings, last = 0.0, [], dict[str, float]()
    for pause, ids in landings:
        at += pause
        happenings.append((at, order(*ids)))
        last |= dict.fromkeys(ids, at)
    reads = Stage(lasts=lasts, fails=fails).play(happenings, until=at + 1_000)
    for each, changed in last.items():
        assert any(read.done and each in read.ids and read.began >= changed for read in reads)
        assert any(read.done and each in read.ids and read.began >= changed + 2.99 for read in reads)
