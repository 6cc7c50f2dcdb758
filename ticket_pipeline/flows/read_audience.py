"""Read the audience before the start: who is to be told, kept as ids only."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from ticket_pipeline.flows.announce_parts import AnnounceParts
from ticket_pipeline.flows.eligible import opt_in_mark, ways, why_no_way, why_not_told
from ticket_pipeline.model.announcement import PlannedStart, Skip
from ticket_pipeline.model.subscriber import Subscriber
from ticket_pipeline.store import receipts, suppressions

_AT_ONCE = 500


@dataclass(kw_only=True)
class Listed:
    """Who is to be told, and why the others are not. No address: of a hundred thousand people a few megabytes."""

    #: The tool's ids, in its order.
    ids: list[str] = field(default_factory=list, repr=False)
    skipped: Counter[Skip] = field(default_factory=Counter)
    #: By the channel that would be taken first.
    channels: Counter[str] = field(default_factory=Counter)
    listed: int = 0

    @property
    def eligible(self) -> int:
        """How many are to be told, those told already included."""
        return len(self.ids) + self.skipped[Skip.ALREADY_TOLD]


def read_audience(parts: AnnounceParts, planned: PlannedStart, *, alive: Callable[[], None] = lambda: None) -> Listed:
    """Read all subscribers once, and keep the ids of those who are to be told and have not been.

    It may take minutes; `alive` is called now and then.

    Raises:
        TransientError, ConfigError: the audience cannot be read, or not to its end.
    """
    with parts.state.reading() as tx:
        told = receipts.told(tx, parts.state.site, planned.key, resend=parts.resend)
    reading = _Reading(parts=parts, mark=opt_in_mark(parts.opt_in, planned.start), told=told)
    for some in _pieces(parts.audience.subscribers(), _AT_ONCE):
        reading.take(some)
        alive()
    return reading.listed


@dataclass(kw_only=True)
class _Reading:
    """How far the reading is."""

    parts: AnnounceParts
    mark: str
    told: set[str] = field(repr=False)
    seen: set[str] = field(default_factory=set, repr=False)
    listed: Listed = field(default_factory=Listed)

    def take(self, some: Sequence[Subscriber]) -> None:
        """Sort out some of them."""
        self.listed.listed += len(some)
        person = {each.id: self.parts.names.person(each) for each in some}
        with self.parts.state.reading() as tx:
            unsubscribed = suppressions.suppressed(tx, self.parts.state.site, person.values())
        for each in some:
            why = self._why_not(each, person[each.id], unsubscribed)
            if why is not None:
                self.listed.skipped[why] += 1
            else:
                self.listed.ids.append(each.id)
                self.listed.channels[next(ways(self.parts.channels, each)).kind] += 1

    def _why_not(self, subscriber: Subscriber, person: str, unsubscribed: set[str]) -> Skip | None:
        why = why_not_told(subscriber, self.mark)
        if why is not None:
            return why
        if person in unsubscribed:
            return Skip.UNSUBSCRIBED_HERE
        if next(ways(self.parts.channels, subscriber), None) is None:
            return why_no_way(subscriber)
        if person in self.seen:
            return Skip.DUPLICATE
        self.seen.add(person)
        return Skip.ALREADY_TOLD if person in self.told else None


def _pieces(everybody: Iterable[Subscriber], size: int) -> Iterator[list[Subscriber]]:
    supply = iter(everybody)
    while some := list(islice(supply, size)):
        yield some
