"""What is to be read again, and when (pure): changes at once and once more a little later, turns at their instant.

Nothing is forgotten: what was taken and not read is put back, and a change that comes while a read is under way
waits for the next one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count, islice

from ticket_pipeline.model.counting import EVENT_DELETED, Cause, Why

#: Wix is eventually consistent: what changed is read once more so long after its last change.
SECOND_READ = timedelta(seconds=3)
#: Definitions in one request: what is merely old fills it up.
_FULL = 100
#: Definitions in one read, so that a long one keeps nobody waiting.
_MOST = 500


@dataclass(kw_only=True)
class Agenda:
    """One site's definitions that wait to be read, each with what has it read."""

    _now: dict[str, Cause] = field(default_factory=dict)
    _old: dict[str, Cause] = field(default_factory=dict)
    #: When each is read a second time; a later change puts it off.
    _second: dict[str, datetime] = field(default_factory=dict)
    _turns: set[tuple[datetime, str]] = field(default_factory=set)
    #: A heap; the number keeps two of one instant in the order in which they came.
    _later: list[tuple[datetime, int, str, Cause]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    def changed(self, ids: Iterable[str], cause: Cause) -> None:
        """Have these read at once, and again some seconds after the last of their changes."""
        again = Cause(why=Why.SECOND_READ, at=cause.at + SECOND_READ)
        for each in ids:
            self._now[each] = cause if cause.why == EVENT_DELETED else self._now.get(each, cause)
            self._second[each] = again.at
            self._push(each, again)

    def turn(self, definition_id: str, cause: Cause) -> None:
        """Have this read at the cause's instant; many within one second are one."""
        if (cause.at, definition_id) not in self._turns:
            self._turns.add((cause.at, definition_id))
            self._push(definition_id, cause)

    def old(self, ids: Iterable[str], cause: Cause) -> None:
        """Have these read when there is room beside what changed."""
        for each in ids:
            self._old.setdefault(each, cause)

    def take(self, *, now: datetime) -> dict[str, Cause]:
        """Take what is to be read now, longest waiting first; it is read, or put back."""
        self._come_due(now)
        taken = _first(self._now, _MOST)
        for each in taken:
            self._old.pop(each, None)
        return taken | _first(self._old, max(0, _FULL - len(taken)))

    def put_back(self, taken: Mapping[str, Cause]) -> None:
        """Let what was not read wait again, before what came since."""
        came = {each: why for each, why in self._now.items() if each not in taken or why.why == EVENT_DELETED}
        self._now = {**taken, **came}

    def put_off(self, definition_id: str, cause: Cause, *, until: datetime) -> None:
        """Let what was not read wait until then."""
        if cause.why == Why.SECOND_READ:
            until = self._second.setdefault(definition_id, until)
        heappush(self._later, (until, next(self._numbers), definition_id, cause))

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits to be read now."""
        return not (self._now or self._old)

    def wait(self, *, now: datetime) -> float | None:
        """Tell in how many seconds there is something to read; None: not before something happens."""
        self._come_due(now)
        if not self.is_empty:
            return 0.0
        return (self._later[0][0] - now).total_seconds() if self._later else None

    def _push(self, definition_id: str, cause: Cause) -> None:
        heappush(self._later, (cause.at, next(self._numbers), definition_id, cause))

    def _come_due(self, now: datetime) -> None:
        while self._later and self._later[0][0] <= now:
            at, _, each, cause = heappop(self._later)
            if self._is_on(at, each, cause):
                self._now.setdefault(each, cause)

    def _is_on(self, at: datetime, each: str, cause: Cause) -> bool:
        """Strike out what has come due; tell whether it still holds: a later change puts a second read off."""
        if cause.why != Why.SECOND_READ:
            self._turns.discard((at, each))
            return True
        if self._second.get(each) != at:
            return False
        del self._second[each]
        return True


def _first(waiting: dict[str, Cause], most: int) -> dict[str, Cause]:
    """Take so many from the front."""
    taken = {each: waiting[each] for each in islice(waiting, most)}
    for each in taken:
        del waiting[each]
    return taken
