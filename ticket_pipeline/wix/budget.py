"""How many requests may be sent, and when: the rate limit of one site, as arithmetic.

Wix allows 200 requests a minute per app instance and documents no answer headers that would tell where one
stands, so the limit is kept on our side.
Wix's documentation: REST, articles, get started, rate limits.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ticket_pipeline.errors import ConfigError

#: Below it there is no room for a reserve beside the steady flow.
LEAST_REQUESTS_PER_MINUTE = 4
#: The shortest wait ever asked for, so that rounding cannot make a caller spin.
_SHORTEST_WAIT = 0.001


class Budget(Protocol):
    """Who is asked before each request."""

    def take(self, *, urgent: bool = False) -> float:
        """Take one request from the budget, or tell how long to wait.

        Returns seconds. 0.0 means go: the request is taken. Above 0 nothing was taken: sleep, then ask again.
        An urgent take may use the reserve that others must leave.
        """


@dataclass(frozen=True, kw_only=True)
class Level:
    """How full a budget was at one moment."""

    tokens: float
    #: Seconds on whatever clock the callers share.
    at: float


def full(requests_per_minute: int, *, now: float) -> Level:
    """Tell the level of a budget that nobody has used lately.

    Raises:
        ConfigError: the limit is too low to work with.
    """
    return Level(tokens=_burst(requests_per_minute), at=now)


def draw(level: Level, *, now: float, requests_per_minute: int, urgent: bool) -> tuple[Level, float]:
    """Take one request if there is one; give the new level, and the seconds to wait (0.0: taken).

    Never grants more than `requests_per_minute` in any 60 seconds: a quarter may go at once and three quarters
    flow in over the minute. A draw that is not urgent leaves a reserve.

    Raises:
        ConfigError: the limit is too low to work with.
    """
    current = _refill(level, now=now, requests_per_minute=requests_per_minute)
    needed = 1.0 if urgent else 1.0 + reserve(requests_per_minute)
    if current.tokens >= needed:
        return Level(tokens=current.tokens - 1.0, at=current.at), 0.0
    wait = (needed - current.tokens) / _per_second(requests_per_minute) + max(0.0, current.at - now)
    return current, max(_SHORTEST_WAIT, wait)


def reserve(requests_per_minute: int) -> float:
    """Tell how many requests are kept for urgent ones: a tenth of the burst, at least 1."""
    return max(1.0, _burst(requests_per_minute) / 10)


def left(level: Level, *, now: float, requests_per_minute: int) -> tuple[float, float]:
    """Tell how many requests could be sent at once now, and how many when nobody has sent any lately."""
    return _refill(level, now=now, requests_per_minute=requests_per_minute).tokens, _burst(requests_per_minute)


class TokenBucket:
    """A budget inside one process; safe to share between threads."""

    def __init__(self, requests_per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with a full bucket.

        Raises:
            ConfigError: the limit is too low to work with.
        """
        self._requests_per_minute = requests_per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._level = full(requests_per_minute, now=clock())

    def take(self, *, urgent: bool = False) -> float:
        """Take one request, or tell how long to wait; see `Budget.take`."""
        with self._lock:
            self._level, wait = draw(
                self._level,
                now=self._clock(),
                requests_per_minute=self._requests_per_minute,
                urgent=urgent,
            )
        return wait


def _burst(requests_per_minute: int) -> float:
    """Tell how many may go at once: a quarter, and at least one beside the reserve."""
    if requests_per_minute < LEAST_REQUESTS_PER_MINUTE:
        raise ConfigError(
            f"wix: requests_per_minute is {requests_per_minute}; allowed: {LEAST_REQUESTS_PER_MINUTE} and more"
        )
    return max(2.0, requests_per_minute / 4)


def _per_second(requests_per_minute: int) -> float:
    return (requests_per_minute - _burst(requests_per_minute)) / 60


def _refill(level: Level, *, now: float, requests_per_minute: int) -> Level:
    """Add what has flowed in.

    Clocks of two processes differ a little, and time that runs backwards must mint nothing; a clock set back by
    more than a minute starts over, or it would close the budget for as long.
    """
    if level.at - now > 60:
        return Level(tokens=min(level.tokens, _burst(requests_per_minute)), at=now)
    elapsed = max(0.0, now - level.at)
    tokens = level.tokens + elapsed * _per_second(requests_per_minute)
    return Level(tokens=min(tokens, _burst(requests_per_minute)), at=max(level.at, now))
