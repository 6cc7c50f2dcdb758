"""Instants as Wix writes them: RFC 3339, UTC, as many fraction digits as needed (0, 3 or 6)."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Tell the current instant, aware, in UTC."""
    return datetime.now(UTC)


def to_wire(instant: datetime) -> str:
    """Write an instant as protobuf's JSON mapping does."""
    text = instant.strftime("%Y-%m-%dT%H:%M:%S")
    if instant.microsecond == 0:
        return text + "Z"
    if instant.microsecond % 1000 == 0:
        return f"{text}.{instant.microsecond // 1000:03d}Z"
    return f"{text}.{instant.microsecond:06d}Z"


def from_wire(text: str) -> datetime:
    """Read an RFC 3339 instant.

    Raises:
        ValueError: the text is no instant, or names no offset.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} names no time zone")
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} is out of range") from error


def to_the_minute(instant: datetime) -> datetime:
    """Cut seconds and fractions off, as Wix does with sale periods."""
    return instant.replace(second=0, microsecond=0)


def to_the_millisecond(instant: datetime) -> datetime:
    """Cut off what is finer than a millisecond, as Wix does with created and updated dates."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
