"""The counters of all sites, joined: webhooks in, reads at Wix, values kept, readers told; what `serve` runs."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event

from ticket_pipeline.counter.clients import networks
from ticket_pipeline.counter.feed import Exposure, Feed, Shown
from ticket_pipeline.counter.following import Following, Kept
from ticket_pipeline.counter.meters import CounterMeters
from ticket_pipeline.counter.origins import Origins
from ticket_pipeline.counter.readers import Readers, StreamLimits
from ticket_pipeline.counter.reading import Concerned, Screen, Terms
from ticket_pipeline.counter.rhythm import Rhythm
from ticket_pipeline.counter.stream import CounterParts, Routes, counter_routes
from ticket_pipeline.errors import TicketPipelineError
from ticket_pipeline.flows import shown as counters
from ticket_pipeline.flows.count import count
from ticket_pipeline.flows.touched import RESERVATION_DELETED, Touched, next_turns, recalled, touched
from ticket_pipeline.model.counting import Cause, CountReport
from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.model.tally import Tally
from ticket_pipeline.settings import CounterSettings
from ticket_pipeline.store import tallies
from ticket_pipeline.store.database import Database
from ticket_pipeline.store.notices import notices, passes_on
from ticket_pipeline.wiring import Site, Wiring

log = logging.getLogger(__name__)

Run = Callable[[], Awaitable[None]]

#: Seconds between two looks at who is silent, stuck or waiting to be told that nothing changed.
_TICK = 1.0
#: Definitions that one read asks for by their ids, so that many that Wix does not know keep nobody waiting.
_MOST_BY_ID = 5


def utc_now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Timing:
    """The clocks and the bounds; tests have their own."""

    clock: Callable[[], datetime] = utc_now
    #: Never goes back.
    seconds: Callable[[], float] = time.monotonic
    tick: float = _TICK
    limits: StreamLimits = field(default_factory=StreamLimits)


class LiveCounters:
    """Everything about counters that runs beside the server, on its event loop."""

    def __init__(self, wiring: Wiring, timing: Timing | None = None) -> None:
        """Join the parts; nothing is read before the lifespan begins."""
        self._timing = timing or Timing()
        declared = wiring.pipeline.server
        sites = [each for each in wiring.sites() if each.settings.counters is not None]
        self._meters = CounterMeters(each.name for each in sites)
        limits = replace(self._timing.limits, per_client=declared.streams_per_client)
        self._readers = Readers(limits, seconds=self._timing.seconds)
        self._feed = Feed({each.name: _exposure(each.counters) for each in sites}, tell=self._tell)
        self._following = Following(
            self._feed, _kept(wiring.database), clock=self._timing.clock, seconds=self._timing.seconds
        )
        screen = Screen(held=self._held, catch_up=self._catch_up, meters=self._meters)
        self._rhythms = {
            each.name: Rhythm(_terms(each), SiteReading(each, self._timing.clock), screen, clock=self._timing.clock)
            for each in sites
        }
        self.parts = CounterParts(
            feed=self._feed,
            readers=self._readers,
            meters=self._meters,
            origins=Origins(declared.allowed_origins),
            proxies=networks(declared.trusted_proxies),
            ready=self._is_ready,
            last_seq=lambda: self._following.last_seq,
            clock=self._timing.clock,
        )

    def routes(self) -> Routes:
        """Give the counters' addresses."""
        return counter_routes(self.parts)

    def landed(self, site: str, new: Sequence[Envelope]) -> None:
        """Hear of webhooks that are durable now; of a site without counters nothing follows."""
        if site in self._rhythms:
            self._rhythms[site].landed(new)

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Show what is known before the first question; then read, follow and push until the block ends."""
        if not self._rhythms:
            yield
            return
        with suppress(TicketPipelineError):  # it is tried again at once, and said then
            await self._catch_up()
        running: list[Run] = [each.run for each in self._rhythms.values()]
        running += [partial(self._following.run, self._catch_up), self._following.note, self._tick]
        tasks = [asyncio.create_task(_for_ever(each)) for each in running]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._following.write_down()
            self._following.close()

    def stop(self) -> None:
        """End all streams."""
        self._readers.end()

    def figures(self) -> bytes:
        """Give what the counters count, as Prometheus reads it."""
        now = self._timing.clock()
        oldest = min((each.read_at for each in self._feed.tallies() if each.remaining is not None), default=now)
        self._meters.standing(
            streams=len(self._readers), dropped=self._readers.dropped, oldest=max(0.0, (now - oldest).total_seconds())
        )
        return self._meters.exposed()

    def _tell(self, shown: Shown) -> None:
        self._following.tell(shown, watched=self._readers.tell(shown))

    def _held(self, site: str, definition_id: str) -> Tally | None:
        shown = self._feed.get(definition_id)
        return shown.tally if shown and shown.tally.site == site else None

    async def _catch_up(self) -> None:
        by_site: dict[str, list[Tally]] = defaultdict(list)
        for tally in await self._following.catch_up():
            by_site[tally.site].append(tally)
        for site, taken in by_site.items():
            self._rhythms[site].kept(taken)

    def _is_ready(self) -> bool:
        return bool(self._following.last_seq) or all(each.prepared for each in self._rhythms.values())

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._timing.tick)
            self._feed.tick(now=self._timing.seconds())
            self._readers.tick()


async def _for_ever(run: Run) -> None:
    """Run something until cancelled, and again should it fail in a way that nobody thought of."""
    while True:
        try:
            await run()
        except Exception:
            log.exception("counters_failed")
        await asyncio.sleep(_TICK)


class SiteReading:
    """One site's counters, by its flows; a `ticket_pipeline.counter.reading.Reading`."""

    def __init__(self, site: Site, clock: Callable[[], datetime]) -> None:
        """Hold the site; nothing is asked yet."""
        self._site = site
        self._rules = site.counters.rules
        self._clock = clock
        self._shown: counters.Shown | None = None

    def count(self, wanted: Mapping[str, Cause]) -> CountReport:
        """Read and keep; see `ticket_pipeline.flows.count.count`."""
        site, rules = self._site, self._rules
        report = count(site.state, site.wix_at_once, rules, wanted, clock=self._clock, most_by_id=_MOST_BY_ID)
        self._shown = self._shown and self._shown.after(report)
        return report

    def survey(self) -> frozenset[str]:
        """Find out which counters there are; the first time the site is loaded for that."""
        self._shown = counters.prepare(self._site.state, self._site.wix_at_once, self._rules, now=self._clock())
        return self._shown.moving

    def known(self) -> frozenset[str]:
        """Tell which counters there are as far as our state knows."""
        self._shown = counters.shown(self._site.state, self._rules)
        return self._shown.moving

    def learn(self, event_id: str) -> None:
        """Load an event that we did not know."""
        counters.learn(self._site.state, self._site.wix_at_once, event_id, now=self._clock())

    def concerned(self, envelope: Envelope) -> Concerned:
        """Tell what a webhook has read again; before the first survey, what it names and we may show."""
        told = touched(envelope)
        ids = self._shown_of(told)
        unknown = told.event_id if self._rules.definitions is None and not ids else None
        to_recall = not told and envelope.topic == RESERVATION_DELETED
        return Concerned(ids=ids, unknown_event=unknown, again_at=told.again_at, to_recall=to_recall)

    def recall(self, envelopes: Sequence[Envelope]) -> Sequence[frozenset[str]]:
        """Look up what deleted reservations were of."""
        with self._site.state.reading() as tx:
            return [self._shown_of(recalled(tx, self._site.name, each)) for each in envelopes]

    def _shown_of(self, told: Touched) -> frozenset[str]:
        shown, declared = self._shown, self._rules.definitions
        if shown is not None:
            return shown.concerned(told)
        return told.definition_ids if declared is None else told.definition_ids & declared

    def turns(self, tally: Tally) -> Iterable[Cause]:
        """Name the dates of the sale that come after the read."""
        return next_turns(tally, now=tally.read_at)


def _exposure(declared: CounterSettings) -> Exposure:
    return Exposure(definitions=declared.rules.definitions, freshness_limit=declared.freshness_limit)


def _terms(site: Site) -> Terms:
    """A sweep is never so slow that what it reads has been too old to show before."""
    declared = site.counters
    return Terms(
        site=site.name,
        requests_per_minute=site.settings.wix.requests_per_minute,
        sweep_every=max(timedelta(seconds=1), min(declared.sweep_every, declared.freshness_limit / 2)),
    )


def _kept(database: Database) -> Kept:
    def after(seq: int) -> Sequence[tuple[int, Tally]]:
        with database.reading() as tx:
            return tallies.after(tx, seq)

    def pushed(values: Sequence[Tally], at: datetime) -> None:
        by_site: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for each in values:
            by_site[each.site].append((each.definition_id, each.version))
        with database.noting() as tx:
            for site, versions in by_site.items():
                tallies.pushed(tx, site, versions, at=at)

    def told(stopping: Event) -> Iterator[None]:
        return notices(database, tallies.CHANNEL, stopping)

    return Kept(after=after, pushed=pushed, notices=told if passes_on(database) else None)
