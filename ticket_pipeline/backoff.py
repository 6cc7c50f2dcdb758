"""How long to wait before asking again.

Wix documents 429 but neither Retry-After nor a rule of backing off, so Retry-After is honoured in both forms of
RFC 9110 (10.2.3) where it comes, and waits grow exponentially with full jitter where it does not.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tenacity import RetryCallState

from ticket_pipeline.errors import TransientError

#: Seconds; whoever asks us to wait longer is left to the next run.
LONGEST_WAIT = 120.0
#: Seconds; what the first wait is drawn from (0 to this), doubled each time.
_FIRST_WAIT = 2.0
#: Seconds; where the doubling ends.
_LONGEST_BACKOFF = 60.0

_SECONDS = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]+)?)\s*")


def pause(attempt: int, *, asked: float | None, jitter: Callable[[], float]) -> float:
    """Tell the seconds to wait after the given attempt (1 is the first); `jitter` draws from [0, 1).

    Never less than the other side asked for; a little more, so that threads do not come back as one.
    """
    if asked is not None:
        return asked + jitter()
    return jitter() * min(_LONGEST_BACKOFF, _FIRST_WAIT * 2.0 ** min(attempt - 1, 10))


def pauses(jitter: Callable[[], float]) -> Callable[[RetryCallState], float]:
    """Give tenacity the seconds to wait between two tries, as `pause` tells them."""

    def wait(state: RetryCallState) -> float:
        error = failure(state)
        asked = error.retry_after if isinstance(error, TransientError) else None
        return pause(state.attempt_number, asked=asked, jitter=jitter)

    return wait


def may_pass(error: BaseException) -> bool:
    """Tell whether to try again: only what passes, and only if we are not asked to stay away for long."""
    return isinstance(error, TransientError) and (error.retry_after or 0.0) <= LONGEST_WAIT


def failure(state: RetryCallState) -> BaseException | None:
    """Give what the try before this wait ended with."""
    return state.outcome.exception() if state.outcome else None


def retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Read the seconds an answer asks us to wait; None where it does not say, or says nothing sensible.

    A date is measured against the answer's own Date where there is one: our clocks need not agree.
    """
    text = headers.get("Retry-After", "")
    seconds = _SECONDS.fullmatch(text)
    if seconds:
        return float(seconds[1])
    until = http_date(text)
    if until is None:
        return None
    return max(0.0, (until - (http_date(headers.get("Date", "")) or now)).total_seconds())


def http_date(text: str) -> datetime | None:
    """Read a date as HTTP headers write it; None where it is none."""
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
