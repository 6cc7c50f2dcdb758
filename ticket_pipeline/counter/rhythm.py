"""When one site's counters are read: at once after a change, and again; at their turns; and all of them, slowly.

One read at a time, on a thread of its own. What changes in the meantime is read together by the next one, so the last
change is always followed by a read that was sent after it.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from time import monotonic

from ticket_pipeline.backoff import LONGEST_WAIT, pause
from ticket_pipeline.counter.agenda import Agenda
from ticket_pipeline.counter.in_thread import CallsBlocking, in_thread
from ticket_pipeline.counter.pace import Pace
from ticket_pipeline.counter.reading import Reading, Screen, Terms
from ticket_pipeline.counter.sweep import Sweep
from ticket_pipeline.errors import ConfigError, RejectedError, TicketPipelineError, TransientError
from ticket_pipeline.model.counting import Cause, CountReport, Why
from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.model.tally import Tally
from ticket_pipeline.tracing import span

log = logging.getLogger(__name__)

#: Seconds after which a refused credential or an error of our own is tried again.
_LONG_PAUSE = 60.0
#: How often, per sweep, it is looked which values have grown old, and which counters there are.
_LOOKS, _SURVEYS = 20, 4
#: So few that fail while others are read are put off for so many seconds, or up to twice as long.
_MOST_UNWELL, _UNWELL_AGAIN = 5, 30.0
#: Seconds; so that rounding cannot make us spin.
_SHORTEST_REST = 0.001
#: Seconds until a survey that failed is tried again.
_SURVEY_AGAIN = 10.0
#: Seconds after which one try is made for a change that comes while Wix is unwell.
_SOON = 2.0
_OURS = frozenset(Why)


class Rhythm:
    """One site's reads; lives on the event loop."""

    def __init__(
        self,
        terms: Terms,
        reading: Reading,
        screen: Screen,
        *,
        clock: Callable[[], datetime],
        calling: CallsBlocking = in_thread,
    ) -> None:
        """Hold what is needed; nothing is read yet."""
        self._terms = terms
        self._reading = reading
        self._screen = screen
        self._clock = clock
        self._calling = calling
        self._agenda = Agenda()
        self._pace = Pace(terms.requests_per_minute)
        self._woken = asyncio.Event()
        self._failures = 0
        self._not_before: datetime | None = None
        #: Whether nobody asked us to wait: a change may then have it tried sooner.
        self._may_hurry = False
        #: The counters whose number may still move, as far as we know.
        self._moving: frozenset[str] = frozenset()
        #: Whether that is all there are, or all that we are let see.
        self._surveyed = False
        #: Events that a webhook told of and whose definitions we do not know.
        self._to_learn: dict[str, Cause] = {}
        #: Webhooks whose counters only our state tells, which must not hold up who lets them land.
        self._to_recall: list[tuple[Envelope, Cause]] = []
        self._sweep = Sweep(every=terms.sweep_every, held=self._held)
        #: Definitions that failed while others were read: they must not hold those up.
        self._unwell: set[str] = set()
        self._look_at: datetime | None = None
        self._survey_at: datetime | None = None
        #: Whether every counter there is was asked for once.
        self.prepared = False

    def landed(self, new: Sequence[Envelope]) -> None:
        """Hear of webhooks that are durable now."""
        now = self._clock()
        for envelope in new:
            concerned = self._reading.concerned(envelope)
            cause = Cause(why=envelope.topic, at=now, inbox_key=envelope.key)
            self._agenda.changed(sorted(concerned.ids), cause)
            if concerned.to_recall:
                self._to_recall.append((envelope, cause))
            if concerned.unknown_event:
                self._to_learn.setdefault(concerned.unknown_event, cause)
            if concerned.again_at is not None:
                expiry = Cause(why=Why.HOLD_EXPIRY, at=_end_of_second(concerned.again_at))
                for each in concerned.ids:
                    self._agenda.turn(each, expiry)
            if concerned.ids or concerned.to_recall or concerned.unknown_event:
                self._hurry(now)
        self._woken.set()

    def kept(self, tallies: Iterable[Tally]) -> None:
        """Hear of values that are shown now: they may turn by themselves."""
        for tally in tallies:
            for cause in self._reading.turns(tally):
                self._agenda.turn(tally.definition_id, cause)
        self._woken.set()

    async def run(self) -> None:
        """Read until cancelled, whatever happens."""
        self._sweep.began = self._sweep.began or self._clock()
        while True:
            try:
                wait = self._wait()
                if wait > 0:
                    await self._rest(wait)
                else:
                    await self._work()
            except (ConfigError, RejectedError) as error:
                self._hold_up(_LONG_PAUSE, error)
            except TransientError as error:
                self._failures += 1
                self._hold_up(pause(self._failures, asked=error.retry_after, jitter=random.random), error)
                self._may_hurry = error.retry_after is None
            except Exception:
                log.exception("counters_failed", extra={"site": self._terms.site})
                self._screen.meters.read(self._terms.site, "failed")
                self._hold_up(_LONG_PAUSE)

    def _wait(self) -> float:
        """Tell for how many seconds there is nothing to do."""
        now = self._clock()
        held_up = min(_until(self._not_before, now), LONGEST_WAIT) if self._not_before else 0.0
        looks = min(_until(self._look_at, now), _until(self._survey_at, now))
        due = 0.0 if self._to_learn or self._to_recall else self._agenda.wait(now=now)
        if due is None or due >= looks:
            return max(looks, held_up)
        return max(due, held_up, self._pace.wait(now=now))

    async def _rest(self, seconds: float) -> None:
        # `wait_for` would swallow a cancellation that comes together with a wake-up.
        with suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, _SHORTEST_REST)):
                await self._woken.wait()
        self._woken.clear()

    async def _work(self) -> None:
        """Do what is due; what fails is due again."""
        now = self._clock()
        if _until(self._survey_at, now) <= 0:
            await self._survey(now)
        if _until(self._look_at, now) <= 0:
            self._look(now)
        if self._to_recall:
            await self._recall()
        if self._pace.wait(now=self._clock()) <= 0 and (taken := self._agenda.take(now=self._clock())):
            await self._read(taken)
        for event_id in list(self._to_learn)[:1]:
            await self._learn(event_id)

    async def _read(self, taken: Mapping[str, Cause]) -> None:
        started, began = monotonic(), self._clock()
        try:
            report = await self._calling(self._reading.count, taken)
        except BaseException as error:
            if isinstance(error, TransientError) and await self._put_off(taken, began, error):
                return
            self._agenda.put_back(taken)
            raise
        self._unwell -= taken.keys()
        for each in report.left:
            self._agenda.old([each], taken[each])
        self._done(report, monotonic() - started)
        self._outlast(report, taken)
        with span("counter.push", site=self._terms.site, definitions=len(taken)):
            await self._screen.catch_up()
        now = self._clock()
        for each, cause in taken.items():
            if cause.why not in _OURS and each not in report.left:
                self._screen.meters.pushed((now - cause.at).total_seconds())

    async def _put_off(self, taken: Mapping[str, Cause], began: datetime, error: TransientError) -> bool:
        """Put off the few that fail while others are read, apart from each other; tell whether that is all there is."""
        with suppress(TicketPipelineError):
            await self._screen.catch_up()
        left = {each: cause for each, cause in taken.items() if not self._was_read(each, since=began)}
        is_new = len(left) == len(taken) and not left.keys() <= self._unwell
        if is_new or len(left) > _MOST_UNWELL or error.retry_after is not None:
            return False
        now = self._clock()
        self._unwell |= left.keys()
        self._pace.spent(1 + len(left), now=now)
        for each, cause in left.items():
            seconds = _UNWELL_AGAIN * random.uniform(1.0, 2.0)  # noqa: S311 - no secret
            self._agenda.put_off(each, cause, until=now + timedelta(seconds=seconds))
        told = {"site": self._terms.site, "definitions": len(left), "reason": str(error)}
        log.warning("counters_put_off", extra=told)
        return True

    def _was_read(self, definition_id: str, *, since: datetime) -> bool:
        tally = self._held(definition_id)
        return tally is not None and tally.read_at >= since

    def _held(self, definition_id: str) -> Tally | None:
        return self._screen.held(self._terms.site, definition_id)

    def _done(self, report: CountReport, seconds: float) -> None:
        site = self._terms.site
        self._failures, self._not_before = 0, None
        self._pace.spent(report.requests, now=self._clock())
        self._screen.meters.read(site, "done")
        self._screen.meters.answered(site, requests=report.requests, seconds=seconds)
        for each in report.refused:
            log.warning("counter_refused", extra={"site": site, "definition_id": each.subject, "code": each.code})
        self._prepare()

    def _outlast(self, report: CountReport, taken: Mapping[str, Cause]) -> None:
        """Read again what another process, whose clock is ahead of ours, read "later": ours was not believed."""
        now = self._clock()
        for each in report.kept:
            if each.read_at > now:
                self._agenda.put_off(each.definition_id, taken[each.definition_id], until=each.read_at)

    async def _survey(self, now: datetime) -> None:
        """Find out which counters there are; where that fails, those that are known are read all the same."""
        self._survey_at = now + self._terms.sweep_every / _SURVEYS
        try:
            self._moving = await self._calling(self._reading.survey)
            self._surveyed = True
        except TicketPipelineError as error:
            self._survey_at = now + timedelta(seconds=_SURVEY_AGAIN)
            # Who is refused will not find more by waiting.
            self._surveyed = self._surveyed or isinstance(error, ConfigError)
            log.warning("counters_not_surveyed", extra={"site": self._terms.site, "reason": str(error)})
            with suppress(TicketPipelineError):
                self._moving = await self._calling(self._reading.known)
        self._look(now)
        self._prepare()

    def _prepare(self) -> None:
        self.prepared = self.prepared or (self._surveyed and self._agenda.is_empty)

    def _look(self, now: datetime) -> None:
        """Have read what has grown old."""
        self._look_at = now + self._terms.sweep_every / _LOOKS * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
        for each, why in self._sweep.old(self._moving, now=now):
            self._agenda.old([each], Cause(why=why, at=now))

    async def _recall(self) -> None:
        """Have read what webhooks that say nothing themselves have read again."""
        taken = list(self._to_recall)
        found = await self._calling(self._reading.recall, [envelope for envelope, _ in taken])
        for ids, (_, cause) in zip(found, taken, strict=True):
            self._agenda.changed(sorted(ids), cause)
        del self._to_recall[: len(taken)]

    async def _learn(self, event_id: str) -> None:
        """Load an event that we did not know, and read all of its counters."""
        self._pace.spent(2, now=self._clock())
        try:
            await self._calling(self._reading.learn, event_id)
        except (ConfigError, RejectedError) as error:
            # Where all is refused, reading the counters says so.
            log.warning("event_refused", extra={"site": self._terms.site, "event_id": event_id, "reason": str(error)})
        before, self._moving = self._moving, await self._calling(self._reading.known)
        cause = self._to_learn.pop(event_id)
        self._agenda.changed(sorted(self._moving - before), cause)

    def _hurry(self, now: datetime) -> None:
        """Have a change make one try before the pause is over: the outage may be."""
        if self._not_before is not None and self._may_hurry:
            soon = now + timedelta(seconds=_SOON * random.uniform(0.9, 1.1))  # noqa: S311 - no secret
            self._not_before, self._may_hurry = min(self._not_before, soon), False

    def _hold_up(self, seconds: float, error: Exception | None = None) -> None:
        """Leave Wix alone for a while; what comes in the meantime waits, too, unless it may hurry."""
        self._not_before, self._may_hurry = self._clock() + timedelta(seconds=seconds), False
        self._pace.spent(1, now=self._clock())
        if error is not None:
            self._screen.meters.read(self._terms.site, "postponed")
            told = {"site": self._terms.site, "seconds": round(seconds, 1), "reason": str(error)}
            log.warning("counters_not_read", extra=told)


def _until(at: datetime | None, now: datetime) -> float:
    return (at - now).total_seconds() if at else 0.0


def _end_of_second(at: datetime) -> datetime:
    """Give the end of an instant's second: what ends then has ended at Wix, too, and many fall into one."""
    return at.replace(microsecond=0) + timedelta(seconds=1)
