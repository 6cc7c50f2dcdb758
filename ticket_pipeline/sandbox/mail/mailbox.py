"""Where mails lie: the last ones only, in memory."""

from collections import deque
from dataclasses import dataclass
from itertools import dropwhile, islice
from threading import Lock
from uuid import uuid4

#: So many mails, and so many bytes of them, are kept; then the oldest make room.
MOST_MAILS = 1000
MOST_BYTES = 64_000_000
#: So many are listed at once; a page that looks again gets the next ones.
MOST_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Mail:
    """A mail as it came."""

    #: Counted from 1 in the order of arrival.
    number: int
    #: When it came, in seconds since 1970.
    at: float
    #: Where the envelope said it came from and goes to; the mail itself may say otherwise.
    sender: str
    recipients: tuple[str, ...]
    raw: bytes


@dataclass(frozen=True, kw_only=True)
class News:
    """What came since somebody looked last."""

    #: Say this the next time.
    mark: str
    #: Whether what was seen before is of no use any more.
    anew: bool
    #: The oldest first.
    mails: tuple[Mail, ...]
    #: How many came in all, and how many of them are kept.
    total: int
    kept: int


class Mailbox:
    """The last mails; may be used by several threads."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._begin()

    def put(self, *, sender: str, recipients: tuple[str, ...], raw: bytes, at: float) -> None:
        """Keep a mail, and drop the oldest where there are too many."""
        with self._guard:
            self._total += 1
            self._mails.append(Mail(number=self._total, at=at, sender=sender, recipients=recipients, raw=raw))
            self._bytes += len(raw)
            while len(self._mails) > MOST_MAILS or self._bytes > MOST_BYTES:
                self._bytes -= len(self._mails.popleft().raw)

    def get(self, number: int) -> Mail | None:
        """Give a mail; None where there is none such any more."""
        with self._guard:
            return next((mail for mail in self._mails if mail.number == number), None)

    def since(self, mark: str) -> News:
        """Give what came since a mark, a handful at a time; all there is if the mark is not of this mailbox."""
        with self._guard:
            name, _, number = mark.partition(".")
            seen = int(number) if name == self._name and number.isascii() and number.isdigit() else 0
            newer = tuple(islice(dropwhile(lambda mail: mail.number <= seen, self._mails), MOST_AT_ONCE))
            last = newer[-1].number if newer else self._total
            mark, kept = f"{self._name}.{last}", len(self._mails)
            return News(mark=mark, anew=seen == 0, mails=newer, total=self._total, kept=kept)

    def clear(self) -> None:
        """Throw everything away."""
        with self._guard:
            self._begin()

    def _begin(self) -> None:
        #: Another one each time, so that what a page remembers of the last one is not taken for this one's.
        self._name = uuid4().hex[:8]
        self._mails: deque[Mail] = deque()
        self._bytes = 0
        self._total = 0
