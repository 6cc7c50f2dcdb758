"""A record: a ticket definition in a destination's terms."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property

#: What a field of a record may hold. A tuple of mappings is a list of parts (price options).
Scalar = str | int | bool | Decimal | datetime | None
Part = Mapping[str, Scalar]
Value = Scalar | tuple[Part, ...]
#: A record's fields as JSON holds them: decimals and instants tagged, so that they come back as they were.
Json = str | int | bool | None | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, kw_only=True)
class Record:
    """What the destination should hold for one ticket definition."""

    definition_id: str
    event_id: str
    revision: int
    fields: Mapping[str, Value]
    #: What the destination cannot carry, one sentence each; reported, never dropped in silence.
    losses: tuple[str, ...] = field(default=())

    @cached_property
    def content_hash(self) -> str:
        """Identify the fields' content: equal hashes mean there is nothing to write."""
        return content_hash(self.fields)


def content_hash(fields: Mapping[str, Value]) -> str:
    """Hash the fields independently of their order and of how a decimal was spelt (`5` and `5.00` are one)."""
    text = json.dumps(to_json(fields), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def to_json(fields: Mapping[str, Value]) -> dict[str, Json]:
    """Turn fields into JSON that `from_json` turns back into equal fields."""
    return {name: _pack(value) for name, value in fields.items()}


def from_json(fields: Mapping[str, Json]) -> dict[str, Value]:
    """Turn what `to_json` made back into fields."""
    return {name: _unpack(value) for name, value in fields.items()}


def _pack(value: Value) -> Json:
    if isinstance(value, Decimal):
        return {"$decimal": format(_plain(value), "f")}
    if isinstance(value, datetime):
        return {"$instant": value.astimezone(UTC).isoformat()}
    if isinstance(value, tuple):
        return [to_json(part) for part in value]
    return value


def _plain(value: Decimal) -> Decimal:
    """Drop trailing zeros, so that equal amounts are equal texts."""
    return value.normalize() if value else Decimal(0)


def _unpack(value: Json) -> Value:
    if isinstance(value, list):
        return tuple(_unpack_part(part) for part in value)
    if isinstance(value, dict):
        return _unpack_tagged(value)
    return value


def _unpack_part(part: Json) -> Part:
    if not isinstance(part, dict):
        raise TypeError(f"a part of a record is a mapping, not {part!r}")
    return {name: _unpack_scalar(value) for name, value in part.items()}


def _unpack_scalar(value: Json) -> Scalar:
    unpacked = _unpack(value)
    if isinstance(unpacked, tuple):
        raise TypeError("a part of a record holds no further parts")
    return unpacked


def _unpack_tagged(value: dict[str, Json]) -> Scalar:
    match value:
        case {"$decimal": str(text)}:
            return Decimal(text)
        case {"$instant": str(text)}:
            return datetime.fromisoformat(text)
    raise TypeError(f"not a value of a record: {value!r}")
