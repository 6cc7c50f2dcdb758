"""Hold a claim on an announcement: give signs of life while waiting and while sending."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from ticket_pipeline.errors import TicketPipelineError, TransientError
from ticket_pipeline.flows.announce_parts import AnnounceParts
from ticket_pipeline.store import announcements, receipts
from ticket_pipeline.store.announcements import Claim
from ticket_pipeline.store.database import Transaction

log = logging.getLogger(__name__)

#: Without a sign of life for so long, whoever had the claim is taken for dead. Longer than any one message takes.
LEASE = timedelta(minutes=2)
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 300.0
_T = TypeVar("_T")


class LostClaimError(TransientError):
    """Somebody else took us for dead and goes on in our place."""


@dataclass(kw_only=True)
class Holding:
    """A claim of ours, and the time."""

    parts: AnnounceParts
    claim: Claim
    lease: timedelta = LEASE
    #: After this nobody is told any more who has not been; moves on with each message that went out.
    deadline: datetime
    _next_sign: datetime = field(init=False)

    def __post_init__(self) -> None:
        """Count the time from now."""
        self._next_sign = self.now() + self.lease / 4

    def now(self) -> datetime:
        """Tell the time."""
        return self.parts.clock()

    def sign(self, tx: Transaction) -> None:
        """Give a sign of life, if it is time for one.

        Raises:
            LostClaimError: it comes too late.
        """
        now = self.now()
        if now < self._next_sign:
            return
        if not announcements.extend(tx, self.claim, until=now + self.lease):
            raise LostClaimError("another process has taken this announcement over; it goes on there")
        self._next_sign = now + self.lease / 4

    def alive(self) -> None:
        """Give a sign of life where there is no transaction at hand.

        Raises:
            LostClaimError: as `sign` says.
        """
        if self.now() >= self._next_sign:
            with self.parts.state.noting() as tx:
                self.sign(tx)

    def until(self, instant: datetime) -> None:
        """Wait for an instant, alive."""
        while (left := (instant - self.now()).total_seconds()) > 0:
            self.alive()
            self.parts.sleep(min(left, self.lease.total_seconds() / 4))

    def patiently(self, what: str, act: Callable[[], _T]) -> _T:
        """Do what may fail for a while, again and again until the deadline.

        Raises:
            TransientError: it still fails then.
        """
        attempt = 0
        while True:
            try:
                return act()
            except LostClaimError:
                raise
            except TransientError as error:
                attempt += 1
                self.pause(what, attempt, error)

    def pause(self, what: str, attempt: int, error: TransientError) -> None:
        """Wait before the next attempt, longer each time, or as long as the other side asked for.

        Raises:
            TransientError: the given one, when the deadline would be over by then.
        """
        seconds = error.retry_after or min(_FIRST_PAUSE * 2 ** (attempt - 1), _LONGEST_PAUSE)
        after = self.now() + timedelta(seconds=seconds)
        if after > self.deadline:
            raise error
        log.warning(
            "announcement_waits",
            extra={**self.fields, "step": what, "attempt": attempt, "seconds": seconds, "reason": str(error)},
        )
        self.until(after)

    @property
    def fields(self) -> dict[str, str]:
        """Name the announcement in a line of the log."""
        return {
            "site": self.claim.site,
            "event_id": self.claim.key.event_id,
            "sale_start": self.claim.key.at.isoformat(),
        }


@contextmanager
def let_go_if_it_fails(holding: Holding) -> Iterator[None]:
    """Leave the announcement free for the next to go on with, whatever stops us."""
    try:
        yield
    except BaseException:
        try:
            with holding.parts.state.writing() as tx:
                announcements.let_go(tx, holding.claim)
        except TicketPipelineError as error:
            log.warning("claim_not_let_go", extra={**holding.fields, "reason": str(error)})
        raise


def deadline(tx: Transaction, parts: AnnounceParts, claim: Claim) -> datetime:
    """Tell until when telling people makes sense: so long after the start, or after the last who was told."""
    last = receipts.last_sent_at(tx, claim.site, claim.key)
    return max(claim.key.at, last or claim.key.at) + parts.late_limit
