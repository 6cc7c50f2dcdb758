"""Counters' JSON, as the server gives it."""

from datetime import UTC, datetime, timedelta
from typing import Any

#: When the tests happen, by the server's clock; the browser's own does not matter.
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
STALLS = "11111111-1111-4111-8111-111111111111"

Value = dict[str, Any]


def instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def money(value: str, currency: str = "EUR", name: str | None = None) -> Value:
    return {"name": name, "value": value, "currency": currency}


def value(status: str = "low", remaining: int | None = 3, *, age: float = 0, version: int = 1, **more: Any) -> Value:
    """Give the JSON of the stalls' counter, read `age` seconds before noon."""
    return {
        "definition_id": STALLS,
        "site": "box_office",
        "event_id": "22222222-2222-4222-8222-222222222222",
        "status": status,
        "remaining": remaining,
        "prices": [money("25.00")],
        "minimum_price": False,
        "sale_start": None,
        "sale_end": None,
        "version": version,
        "read_at": instant(NOON - timedelta(seconds=age)),
        **more,
    }
