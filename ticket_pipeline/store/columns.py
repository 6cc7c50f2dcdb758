"""How values lie in a column, alike on SQLite and PostgreSQL."""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Text
from sqlalchemy.types import TypeDecorator

# ASCII only: Wix cuts names in the middle of an emoji, and half an emoji cannot be written as UTF-8.
_dumps = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class Json(TypeDecorator[Any]):
    """JSON as compact text that comes back equal; None is NULL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Write the value as text."""
        return None if value is None else _dumps(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002 - as above
        """Read the text back."""
        return None if value is None else json.loads(value)


class Instant(TypeDecorator[datetime]):
    """An aware instant; comes back in UTC, to the microsecond."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Write in UTC; SQLite gets a text without zone, whose order is the order of time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError(f"an instant has a time zone, {value!r} has none")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Read back in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text for people: what a database cannot hold (half an emoji, a NUL) is replaced instead of refused."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - as above
        """Write what can be written."""
        return None if value is None else value.encode("utf-8", "replace").decode().replace("\x00", "?")
