"""When Wix tries again.

Wix's documentation: get started, webhook resend policy.
"""

MINUTE, HOUR = 60.0, 3600.0

#: Seconds from each failure to the next attempt; after the last, a webhook is lost.
RESENDS = (
    MINUTE, 10 * MINUTE, HOUR, 2 * HOUR, 2 * HOUR, 2 * HOUR, 4 * HOUR, 4 * HOUR, 4 * HOUR, 8 * HOUR, 8 * HOUR,
    12 * HOUR,
)  # fmt: skip


def next_attempt(failures: int, failed_at: float, *, scale: float = 1.0) -> float | None:
    """Tell when a webhook that failed so often, the last time at this instant, is sent again; None: never."""
    if failures > len(RESENDS):
        return None
    return failed_at + RESENDS[failures - 1] * scale
