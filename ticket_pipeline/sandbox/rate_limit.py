"""Wix's limit of requests per minute and installation."""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from ticket_pipeline.sandbox.faults import too_many_requests

MINUTE = timedelta(minutes=1)


class RateLimit:
    """At most so many requests in any minute, per caller; what is refused does not count."""

    def __init__(self, per_minute: int | None, clock: Callable[[], datetime]) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._spent: dict[str, deque[datetime]] = {}

    def spend(self, caller: str, retry_after: int | None) -> None:
        """Count a request.

        Raises:
            Refusal: 429, over the limit.
        """
        if self._per_minute is None:
            return
        now = self._clock()
        spent = self._spent.setdefault(caller, deque())
        while spent and spent[0] <= now - MINUTE:
            spent.popleft()
        if len(spent) >= self._per_minute:
            raise too_many_requests(retry_after)
        spent.append(now)
