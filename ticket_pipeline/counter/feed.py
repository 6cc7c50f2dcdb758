"""What every counter shows now, in memory, each value encoded once; newer takes the place of older, never the reverse.

Lives on the event loop. Values come from the database only, in the order in which they became visible there, so that
several servers over one database show the same.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from ticket_pipeline.model.tally import Tally

#: Seconds between two pushes of a value that was read again and found the same.
STILL_SO = 10.0


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """Which of a site's definitions the public may see, and for how long a value may be shown."""

    #: None: all.
    definitions: frozenset[str] | None
    freshness_limit: timedelta

    def shows(self, definition_id: str) -> bool:
        """Tell whether this definition may be seen."""
        return self.definitions is None or definition_id in self.definitions


@dataclass(frozen=True, slots=True)
class Shown:
    """A tally, ready to be sent."""

    tally: Tally
    #: Grows with every value of every definition; what a reader has seen up to.
    seq: int
    #: The counter's JSON.
    body: bytes
    #: The same as an event of a stream.
    event: bytes
    etag: str


#: Told of each value that readers should have.
Tell = Callable[[Shown], None]


class Feed:
    """The values of all sites."""

    def __init__(self, exposures: Mapping[str, Exposure], *, tell: Tell) -> None:
        """Begin empty; where two sites hold the same definition id, the site named first is shown."""
        self._exposures = dict(exposures)
        self._rank = {site: rank for rank, site in enumerate(exposures)}
        self._tell = tell
        self._shown: dict[str, Shown] = {}
        self._pushed: dict[str, tuple[Mapping[str, Any], float]] = {}
        self._held_back: set[str] = set()

    def offer(self, seq: int, tally: Tally, *, now: float) -> bool:
        """Take a value, unless it is not to be shown or not newer; `now` in seconds. Tells whether it was taken."""
        exposure = self._exposures.get(tally.site)
        before = self._shown.get(tally.definition_id)
        if exposure is None or not exposure.shows(tally.definition_id):
            return False
        if before is not None and not self._replaces(tally, before.tally):
            return False
        self._shown[tally.definition_id] = shown = encode(seq, tally)
        self._push_or_hold(shown, now)
        return True

    def get(self, definition_id: str) -> Shown | None:
        """Give what is shown of a definition."""
        return self._shown.get(definition_id)

    def may_come(self, definition_id: str) -> bool:
        """Tell whether a definition is shown, or is declared by its id and only has not been read yet."""
        return definition_id in self._shown or any(
            each.definitions is not None and definition_id in each.definitions for each in self._exposures.values()
        )

    def freshness_limit(self, definition_ids: Iterable[str]) -> float:
        """Tell for how many seconds the values of all of these may be shown."""
        sites = {self._shown[each].tally.site for each in definition_ids if each in self._shown}
        return min(self._exposures[site].freshness_limit.total_seconds() for site in sites or self._exposures)

    def tallies(self) -> Iterator[Tally]:
        """Give all that is shown."""
        return (shown.tally for shown in list(self._shown.values()))

    def tick(self, *, now: float) -> None:
        """Push what was held back for long enough."""
        for each in [each for each in self._held_back if now - self._pushed[each][1] >= STILL_SO]:
            self._push(self._shown[each], now)

    def _replaces(self, new: Tally, old: Tally) -> bool:
        if new.site != old.site:
            return self._rank[new.site] < self._rank[old.site]
        return new.version > old.version

    def _push_or_hold(self, shown: Shown, now: float) -> None:
        """Push a change at once; that nothing changed is told now and then."""
        value, at = self._pushed.get(shown.tally.definition_id, ({}, now))
        if value == shown.tally.shown() and now - at < STILL_SO:
            self._held_back.add(shown.tally.definition_id)
        else:
            self._push(shown, now)

    def _push(self, shown: Shown, now: float) -> None:
        self._held_back.discard(shown.tally.definition_id)
        self._pushed[shown.tally.definition_id] = (shown.tally.shown(), now)
        self._tell(shown)


def encode(seq: int, tally: Tally) -> Shown:
    """Make what is sent of a tally, once for all readers."""
    body = json.dumps(tally.body(), separators=(",", ":")).encode()
    return Shown(
        tally=tally,
        seq=seq,
        body=body,
        event=b"id: %d\ndata: %b\n\n" % (seq, body),
        etag=f'"{sha256(body).hexdigest()[:16]}"',
    )
