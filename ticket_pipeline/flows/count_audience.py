"""Count an audience: how many people may be written to, how many are not and why; never who."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from threading import Lock

from ticket_pipeline.flows.announce_parts import AnnounceParts
from ticket_pipeline.flows.eligible import opt_in_mark, ways, why_no_way, why_not_told
from ticket_pipeline.model.announcement import AudienceCounts, PlannedStart, Skip, StartKey
from ticket_pipeline.model.subscriber import Subscriber
from ticket_pipeline.store import suppressions

_AT_ONCE = 500


def count_audience(parts: AnnounceParts, coming: Sequence[PlannedStart]) -> AudienceCounts:
    """Read everybody once, and count those who would be told of each coming sale start.

    Raises:
        TransientError, ConfigError: the audience cannot be read, or not to its end.
    """
    counting = _Counting(parts, coming)
    for some in _pieces(parts.audience.subscribers()):
        counting.take(some)
    return counting.counts()


@dataclass(frozen=True, kw_only=True)
class CountedAudience:
    """An audience that is counted while others read it, so that it need not be read once more for it."""

    parts: AnnounceParts
    coming: Sequence[PlannedStart]
    #: Is given the counts of the first reading that comes to its end.
    tell: Callable[[AudienceCounts], None]
    _uncounted: Lock = field(default_factory=Lock)

    @property
    def identity(self) -> str:
        """Name the place read from, without secrets."""
        return self.parts.audience.identity

    def subscribers(self) -> Iterator[Subscriber]:
        """Read everybody; count them, unless another reading does."""
        if not self._uncounted.acquire(blocking=False):
            yield from self.parts.audience.subscribers()
            return
        counting = _Counting(self.parts, self.coming)
        try:
            for some in _pieces(self.parts.audience.subscribers()):
                counting.take(some)
                yield from some
        except BaseException:
            self._uncounted.release()
            raise
        self.tell(counting.counts())

    def consent(self, ids: Collection[str]) -> Iterator[Subscriber]:
        """Read these; nobody is counted."""
        return self.parts.audience.consent(ids)


@dataclass
class _Counting:
    """How far the counting is."""

    parts: AnnounceParts
    coming: Sequence[PlannedStart]
    listed: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    eligible: Counter[StartKey] = field(default_factory=Counter)
    _seen: set[str] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        """Find out by which marks people ask for which sale starts."""
        self._asked = defaultdict[str, list[StartKey]](list)
        for each in self.coming:
            self._asked[opt_in_mark(self.parts.opt_in, each.start)].append(each.key)

    def take(self, some: Sequence[Subscriber]) -> None:
        """Count some of them."""
        self.listed += len(some)
        person = {each.id: self.parts.names.person(each) for each in some}
        with self.parts.state.reading() as tx:
            unsubscribed = suppressions.suppressed(tx, self.parts.state.site, person.values())
        for each in some:
            self.statuses[each.status.value] += 1
            marks = self._asked.keys() & each.opt_ins
            why = self._why_not(each, marks, person[each.id], unsubscribed)
            if why is not None:
                self.skipped[why.value] += 1
            else:
                self.eligible.update(key for mark in marks for key in self._asked[mark])

    def counts(self) -> AudienceCounts:
        """Give the counts, the largest first."""
        return AudienceCounts(
            listed=self.listed,
            statuses=dict(self.statuses.most_common()),
            skipped=dict(self.skipped.most_common()),
            eligible={each.key: self.eligible[each.key] for each in self.coming},
        )

    def _why_not(self, each: Subscriber, marks: Collection[str], person: str, unsubscribed: set[str]) -> Skip | None:
        why = why_not_told(each, next(iter(marks), ""))
        if why is not None:
            return why
        if person in unsubscribed:
            return Skip.UNSUBSCRIBED_HERE
        if next(ways(self.parts.channels, each), None) is None:
            return why_no_way(each)
        if person in self._seen:
            return Skip.DUPLICATE
        self._seen.add(person)
        return None


def _pieces(everybody: Iterator[Subscriber]) -> Iterator[list[Subscriber]]:
    while some := list(islice(everybody, _AT_ONCE)):
        yield some
