"""Reports -> plain JSON values."""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any


def as_json(value: Any) -> Any:
    """Turn a report into JSON values: decimals are strings, instants ISO 8601 in UTC, tuples lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: as_json(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): as_json(child) for key, child in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [as_json(child) for child in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, Decimal) else value
