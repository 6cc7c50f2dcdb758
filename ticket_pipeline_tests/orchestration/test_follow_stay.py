"""A run that follows stays for what lands next; whatever lands is taken by it, or seen by the sensor."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import dagster as dg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.orchestration.assets import Parts
from ticket_pipeline.orchestration.follow_runs import EVERYTHING, read_runs
from ticket_pipeline.orchestration.follow_stay import Stay
from ticket_pipeline.store import backlog, inbox
from ticket_pipeline_tests.orchestration.origins import origin
from ticket_pipeline_tests.orchestration.stage import SITE, Stage

STAY = Parts.stay
Happens = Callable[[], None]


@dataclass
class Visit:
    """One run's stay at a site where time passes only while it waits, or works."""

    stage: Stage
    #: What happens after so many seconds.
    plan: list[tuple[float, Happens]] = field(default_factory=list)
    #: Seconds each stint takes.
    work: float = 0.0
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float = 0.0
    stints: list[float] = field(default_factory=list)
    queued: str | None = None

    def __post_init__(self) -> None:
        self.run_id = self.begin(dg.DagsterRunStatus.STARTED).run_id

    def begin(self, status: dg.DagsterRunStatus) -> dg.DagsterRun:
        """Have this run under way, or another queued."""
        job = self.stage.names.follow_job if status is dg.DagsterRunStatus.STARTED else "another"
        return self.stage.instance.add_run(dg.DagsterRun(job_name=job, status=status, remote_job_origin=origin(job)))

    def queue(self) -> None:
        """Have another run queued."""
        self.queued = self.begin(dg.DagsterRunStatus.QUEUED).run_id

    def land(self, key: str = "one") -> None:
        """Have a webhook land."""
        envelope = Envelope(
            key=key, topic="t", instance_id=None, entity_id=None, event_id=None, occurred_at=None, body={}
        )
        with self.stage.site.state.writing() as tx:
            inbox.land(tx, SITE, [envelope], at=self.clock())

    def clock(self) -> datetime:
        return self.began + timedelta(seconds=self.seconds)

    def pass_(self, seconds: float) -> None:
        """Let time pass, and happen what was planned."""
        until = self.seconds + seconds
        while self.plan and self.plan[0][0] <= until:
            self.seconds, happens = max(self.seconds, self.plan[0][0]), self.plan.pop(0)[1]
            happens()
        self.seconds = until

    def stay(self, seconds: float) -> Stay:
        """Begin a stay."""
        instance, site = self.stage.instance, self.stage.site
        return Stay(
            instance=instance, run_id=self.run_id, site=site, seconds=seconds, clock=self.clock, sleep=self.pass_
        )

    def take(self, stay: float = STAY, *, settles: bool = True) -> list[float]:
        """Stay; give the seconds at which a stint began."""
        for _ in self.stay(stay).stints():
            self.stints.append(round(self.seconds, 2))
            if settles:
                self.settle()
            self.pass_(self.work)
        return self.stints

    def settle(self) -> None:
        with self.stage.site.state.writing() as tx:
            numbers = [each.seq for each in inbox.waiting(tx, SITE, 1_000)]
            inbox.finish(tx, SITE, numbers, inbox.State.DONE, at=self.clock())

    def waits(self) -> int:
        with self.stage.site.state.reading() as tx:
            return backlog.newest(tx, SITE)

    def covered(self) -> int:
        """What the sensor takes for covered."""
        return read_runs(self.stage.instance, self.stage.names, at=self.clock()).covered


@pytest.fixture
def visit(stage: Stage) -> Visit:
    return Visit(stage)


def test_it_follows_at_once_and_goes_when_nothing_more_lands(visit: Visit) -> None:
    assert visit.take() == [0.0]
    assert visit.seconds == pytest.approx(STAY)


def test_what_lands_while_it_stays_is_followed_within_a_tenth_of_a_second(visit: Visit) -> None:
    visit.plan = [(1.2, lambda: visit.land("a")), (4.7, lambda: visit.land("b"))]
    stints = visit.take()
    assert len(stints) == 3
    assert [stints[1] < 1.3, stints[2] < 4.8] == [True, True]
    assert not visit.waits()


def test_meanwhile_the_sensor_leaves_all_that_lands_to_it(visit: Visit) -> None:
    seen: list[int] = []
    visit.plan = [(each, lambda: seen.append(visit.covered())) for each in (0.1, 2.5, STAY - 0.1)]
    visit.take()
    assert seen == [EVERYTHING] * 3
    visit.land()
    assert visit.covered() < visit.waits()


def test_a_run_that_was_killed_while_it_stayed_is_not_waited_for_any_longer(visit: Visit) -> None:
    next(visit.stay(STAY).stints())
    visit.land()
    assert visit.covered() == EVERYTHING
    visit.seconds = STAY
    assert visit.covered() < visit.waits()


def test_it_goes_when_another_run_is_queued(visit: Visit) -> None:
    visit.plan = [(2.0, visit.queue)]
    assert visit.take() == [0.0]
    assert 2.0 <= visit.seconds < 3.0
    assert visit.covered() == 0


def test_but_not_without_what_landed_before_it_said_so(visit: Visit) -> None:
    visit.plan = [(2.0, visit.queue), (2.0, visit.land)]
    assert len(visit.take()) == 2
    assert not visit.waits()


def test_whoever_stops_it_while_it_only_waits_has_it_go_sooner(visit: Visit) -> None:
    def stop() -> None:
        visit.land()
        raise dg.DagsterExecutionInterruptedError

    visit.plan = [(2.0, stop)]
    assert len(visit.take()) == 2
    assert visit.seconds == pytest.approx(2.0)
    assert not visit.waits()


def test_what_cannot_be_settled_is_not_tried_again_and_again(visit: Visit) -> None:
    visit.land()
    assert visit.take(settles=False) == [0.0]
    assert visit.waits()


def test_without_a_stay_it_follows_once(visit: Visit) -> None:
    assert visit.take(0.0) == [0.0]
    assert visit.seconds == 0.0


@given(
    lands=st.lists(st.floats(0, 2 * STAY), max_size=6),
    queues=st.none() | st.floats(0, STAY),
    work=st.sampled_from([0.0, 0.3, 2.0, 7.0]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_lands_whenever_is_taken_or_seen(
    stage: Stage, lands: list[float], queues: float | None, work: float
) -> None:
    visit = Visit(stage, work=work)
    visit.settle()
    visit.plan = [(at, partial(visit.land, f"{visit.run_id} {number}")) for number, at in enumerate(lands)]
    visit.plan += [(queues, visit.queue)] if queues is not None else []
    visit.plan.sort(key=lambda each: each[0])
    visit.take()
    waits = visit.waits()
    assert not waits or visit.covered() < waits
    assert len(visit.stints) <= 2 + len(lands)
    if visit.queued:
        stage.instance.delete_run(visit.queued)
