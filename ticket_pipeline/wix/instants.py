"""Instants as Wix writes them.

RFC 3339 with up to nine fraction digits, `Z` or an offset.
Wix's documentation: REST, Events, Ticket Definitions V3, ticket definition object; articles, domain events.
"""

import re
from datetime import UTC, datetime

_INSTANT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]"
    r"(?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.(?P<fraction>[0-9]+))?"
    r"(?P<zone>[Zz]|[+-][0-9]{2}:?[0-9]{2})"
)
#: How Wix writes nearly all of them, and how Python reads them by itself.
_USUAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{3})?Z")


def parse_instant(text: str) -> datetime:
    """Read an instant as aware UTC; what is finer than a microsecond is cut off.

    Raises:
        ValueError: the text is no instant, or names no offset.
    """
    if _USUAL.fullmatch(text):
        return datetime.fromisoformat(text)
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:40]!r} is no instant with an offset")
    fraction = (found["fraction"] or "")[:6].ljust(6, "0")
    time = found["time"] if found["time"].count(":") == 2 else found["time"] + ":00"
    try:
        instant = datetime.fromisoformat(f"{found['day']}T{time}.{fraction}{found['zone'].upper()}")
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text[:40]!r} lies outside the calendar") from error
