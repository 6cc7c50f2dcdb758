"""Which landed webhooks the counters have answered, and which are to be healed; from values alone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

#: A server that runs reads within a second or two, even in a rush; a webhook older than this found none.
PATIENCE = timedelta(seconds=15)
#: How many definitions one evaluation heals: a few requests, as it must not take long.
MOST_HEALED = 300
#: Seconds until a healing that failed is tried again, and at most.
_FIRST_WAIT, _LONGEST_WAIT = 10.0, 300.0


@dataclass(frozen=True, kw_only=True)
class Concern:
    """A landed webhook, and the counters it has read again."""

    seq: int
    topic: str
    landed_at: datetime
    #: Their events, by their ids; None where the event is not known yet.
    event_of: Mapping[str, str | None]
    #: Ids of those that it names; others are of the same event, and read to be sure.
    named: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How far the counters are with what landed."""

    #: Answered: each counter was read after the webhook had landed.
    answered: tuple[Concern, ...] = ()
    #: Left unanswered for too long; in its order among the answered.
    late: tuple[Concern, ...] = ()
    #: Ids of what is to be read for them.
    unread: frozenset[str] = frozenset()
    #: Up to this number all is answered or late.
    seq: int = 0

    @property
    def concerns(self) -> tuple[Concern, ...]:
        """All that may be reported once what is late was healed."""
        return tuple(sorted((*self.answered, *self.late), key=lambda each: each.seq))

    def without_healing(self) -> "Verdict":
        """Stop before the first that is late."""
        if not self.late:
            return self
        first = self.late[0].seq
        return Verdict(answered=tuple(each for each in self.answered if each.seq < first), seq=first - 1)


def judge(concerns: Sequence[Concern], read_at: Mapping[str, datetime], *, seen: int, at: datetime) -> Verdict:
    """Go through what landed, in order, up to `seen`; stop at the first that a server may still be at work on."""
    answered: list[Concern] = []
    late: list[Concern] = []
    to_read: set[str] = set()
    for each in concerns:
        unread = {one for one in each.event_of if one not in read_at or read_at[one] < each.landed_at}
        waits = at - each.landed_at < PATIENCE
        full = bool(to_read) and len(to_read | unread) > MOST_HEALED
        if unread and (waits or full):
            seen = each.seq - 1
            break
        to_read |= unread
        (late if unread else answered).append(each)
    return Verdict(answered=tuple(answered), late=tuple(late), unread=frozenset(to_read), seq=seen)


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What the sensor's cursor remembers; losing it costs a repeated report, never a number."""

    #: Up to this number of the inbox all is reported; None: nothing is known yet.
    seq: int | None = None
    #: How often healing failed in a row, and until when it is not tried, as a timestamp.
    failures: int = 0
    due: float = 0.0
    #: Timestamps: when all counters were last looked at, and when one was last reported.
    looked: float = 0.0
    reported: float = 0.0
    #: What was last said of all counters being fresh; None: nothing yet.
    fresh: bool | None = None

    @classmethod
    def read(cls, cursor: str | None) -> "Memory":
        """Read a cursor."""
        return cls(**json.loads(cursor)) if cursor else cls()

    def written(self) -> str:
        """Write the cursor."""
        return json.dumps(asdict(self))


def next_try(failures: int, *, at: datetime) -> float:
    """Tell, as a timestamp, when to try again after so many failures."""
    wait: float = min(_FIRST_WAIT * 2.0 ** min(failures - 1, 10), _LONGEST_WAIT)
    return at.timestamp() + wait
