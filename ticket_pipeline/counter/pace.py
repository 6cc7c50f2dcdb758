"""How fast one site's counters may ask Wix (pure): at once while it is calm, evenly in a rush.

A share of the site's budget, so that a rush never empties what loads, repairs and announcements live on.
"""

from datetime import datetime

_SHARE = 0.6
#: The part of a minute's requests that may go without a pause when it has been calm.
_AT_ONCE = 0.05


class Pace:
    """The budget's share, as it stands."""

    def __init__(self, requests_per_minute: int) -> None:
        """Start calm."""
        self._per_second = _SHARE * requests_per_minute / 60
        self._most = max(1.0, _AT_ONCE * requests_per_minute)
        self._left = self._most
        self._at: datetime | None = None

    def spent(self, requests: int, *, now: datetime) -> None:
        """Count what a read cost."""
        self._refill(now)
        self._left -= requests

    def wait(self, *, now: datetime) -> float:
        """Tell in how many seconds the next request may go; 0.0: now."""
        self._refill(now)
        return max(0.0, (1.0 - self._left) / self._per_second)

    def _refill(self, now: datetime) -> None:
        """Add what has come since; a clock that was set back only starts again."""
        elapsed = max(0.0, (now - self._at).total_seconds()) if self._at else 0.0
        self._left = min(self._most, self._left + elapsed * self._per_second)
        self._at = now
