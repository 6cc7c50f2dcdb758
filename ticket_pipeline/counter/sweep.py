"""Which values have grown old (pure): read too long ago, or never, or before we began."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ticket_pipeline.model.counting import Why
from ticket_pipeline.model.tally import Tally, TallyStatus

#: Hidden counters show nothing: they are swept so many times more rarely.
_HIDDEN_FACTOR = 12
#: Those that Wix does not know cost a request each: so many are asked for again at one look.
_MOST_MISSING = 5


@dataclass(kw_only=True)
class Sweep:
    """What one site's looks have found so far."""

    every: timedelta
    #: What is shown now of a definition.
    held: Callable[[str], Tally | None]
    #: What was read before is read again: nobody may have heard of what changed in between.
    began: datetime | None = None
    #: When a definition was last asked for because its value was old, or missing.
    _tried: dict[str, datetime] = field(default_factory=dict)

    def old(self, ids: Iterable[str], *, now: datetime) -> Iterator[tuple[str, Why]]:
        """Give what nobody has read for long, or ever, and why; of several processes each finds what others left."""
        missing = 0
        for each in ids:
            tally = self.held(each)
            if not self._is_old(each, tally, now):
                continue
            is_missing = tally.gone if tally else each in self._tried
            missing += is_missing
            if not is_missing or missing <= _MOST_MISSING:
                self._tried[each] = now
                yield each, self._why(tally)

    def _why(self, tally: Tally | None) -> Why:
        if tally is None:
            return Why.FIRST_READ
        return Why.HEALING if self._is_from_before(tally) else Why.SWEEP

    def _is_from_before(self, tally: Tally) -> bool:
        return self.began is not None and tally.read_at < self.began

    def _is_old(self, definition_id: str, tally: Tally | None, now: datetime) -> bool:
        """Tell whether a value was read too long ago; one from the future was read by a clock that was set back."""
        every, tried_at = self.every, self._tried.get(definition_id)
        if tally is not None and tried_at is None and self._is_from_before(tally):
            return True
        read_at = tally.read_at if tally else tried_at
        if tally is not None and tally.status is TallyStatus.HIDDEN:
            every *= _HIDDEN_FACTOR
        return read_at is None or not timedelta(0) <= now - read_at < every
