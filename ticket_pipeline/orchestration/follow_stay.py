"""A run that follows webhooks stays a few seconds for more of them.

Dagster begins to look for webhooks every five seconds, so what lands right after one that was asked for would wait for
that. The run that is there anyway takes it instead, and says so where the sensor reads it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import dagster as dg

from ticket_pipeline.orchestration.follow_runs import say_taken
from ticket_pipeline.store import backlog, inbox
from ticket_pipeline.wiring import Site

#: Seconds between two looks at the inbox, and at who waits for our place.
_LOOK, _LOOK_AT_QUEUE = 0.05, 0.5
_QUEUED = dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED])


@dataclass(kw_only=True)
class Stay:
    """The stay of one run."""

    instance: dg.DagsterInstance
    run_id: str
    site: Site
    seconds: float
    clock: Callable[[], datetime]
    sleep: Callable[[float], object] = time.sleep
    _newest: int = field(default=0, init=False)

    def stints(self) -> Iterator[None]:
        """Yield whenever it is time to follow: now, and each time something has landed during the stay.

        The run goes when the seconds are over, or sooner when another is queued that may need its place.
        """
        until = self.clock() + timedelta(seconds=self.seconds)
        self._say(until)
        yield
        while self._landed_before(until):
            self._say(until)
            yield
        before = self._newest
        self._say(None)
        # What landed before that was said was left to us.
        if self._waits(after=before):
            yield

    def _landed_before(self, until: datetime) -> bool:
        """Wait until something has landed; tell whether it did before it was time to go.

        Nothing is under way meanwhile, so whoever stops the run now only has it go sooner.
        """
        with suppress(dg.DagsterExecutionInterruptedError):
            return self._look(until)
        return False

    def _look(self, until: datetime) -> bool:
        look_at_queue = self.clock()
        while self.clock() < until:
            if self._waits(after=self._newest):
                return True
            if self.clock() >= look_at_queue:
                if self.instance.get_runs_count(_QUEUED):
                    return False
                look_at_queue = self.clock() + timedelta(seconds=_LOOK_AT_QUEUE)
            self.sleep(_LOOK)
        return False

    def _waits(self, *, after: int) -> bool:
        # What had landed when we last followed and waits still is not for us to try again and again.
        with self.site.state.reading() as tx:
            return backlog.newest(tx, self.site.name) > after

    def _say(self, until: datetime | None) -> None:
        with self.site.state.reading() as tx:
            self._newest = inbox.last_seq(tx, self.site.name)
        say_taken(self.instance, self.run_id, self._newest, until=until)
