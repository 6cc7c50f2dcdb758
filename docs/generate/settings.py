"""The reference of `pipeline.yaml`: every key, what it takes, its default and what it means, from the models."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import Enum
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from docs.generate.markdown import code, sentence, table
from ticket_pipeline import audiences, channels, destinations, kinds, settings

_PACKAGES = {"destinations": destinations, "audiences": audiences, "channels": channels}
_KINDS = {
    "destination": "one of the [destinations](destinations.md)",
    "audience": "one of the [audiences](audiences.md)",
    "channels": "list of [channels](channels.md)",
}
_UNITS = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))


def pipeline() -> str:
    """Write a table for the file and for each section of it, in their order."""
    return "\n\n".join(_sections(settings.Pipeline, ""))


def kind(name: str) -> str:
    """Write the table of one kind: `destinations.sql`."""
    package, _, module = name.partition(".")
    return _table(kinds.load(_PACKAGES[package], module).Config, kind=module)


def _sections(model: type[BaseModel], where: str) -> Iterator[str]:
    heading = f"## `{where}`" if where else "## The file"
    yield f"{heading}\n\n{sentence(' '.join((model.__doc__ or '').split()))}\n\n{_table(model)}"
    for name, field in model.model_fields.items():
        for part in _models(field.annotation) if name not in _KINDS else ():
            below = f"{where}.{name}".strip(".") + (".<name>" if name == "sites" else "")
            title = (
                below if name != "auth" else f"{below}` with `kind: {get_args(part.model_fields['kind'].annotation)[0]}"
            )
            yield from _sections(part, title)


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Find the models in a type: itself, or what it is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for each in get_args(annotation) for model in _models(each)]


def _table(model: type[BaseModel], *, kind: str | None = None) -> str:
    schema = model.model_json_schema()
    rows = [(code("kind"), code(kind), "**required**", "Says that it is this one")] if kind else []
    for name, field in model.model_fields.items():
        takes = _KINDS.get(name) if kind is None else None
        takes = takes or (
            "" if _is_section(field) else _takes(schema["properties"][name], schema.get("$defs", {}), field)
        )
        rows.append((code(name), takes or "see below", _default(field), sentence(field.description or "")))
    return table(("key", "takes", "default", "what it means"), rows)


def _is_section(field: FieldInfo) -> bool:
    return bool(_models(field.annotation))


def _takes(schema: Mapping[str, Any], defs: Mapping[str, Any], field: FieldInfo) -> str:
    if "$ref" in schema:
        return _takes(defs[schema["$ref"].rpartition("/")[2]], defs, field)
    if "anyOf" in schema:
        parts = [_takes(each, defs, field) for each in schema["anyOf"] if each.get("type") != "null"]
        return " or ".join(dict.fromkeys(part for part in parts if part))
    if "enum" in schema:
        return ", ".join(code(each) for each in schema["enum"])
    if "const" in schema:
        return code(schema["const"])
    return _plain(schema, defs, field)


def _plain(schema: Mapping[str, Any], defs: Mapping[str, Any], field: FieldInfo) -> str:
    match schema.get("type"), schema.get("format"):
        case "string", "password":
            return "text, a secret"
        case "string", "path":
            return "path"
        case "string", _:
            return (
                "duration: `90s`, `5m`, `2h`, `1d`" if "examples" in schema else ("" if _is_number(field) else "text")
            )
        case "boolean", _:
            return "`true`, `false`"
        case "array", _:
            return f"list of {_takes(schema['items'], defs, field) or 'values'}"
        case "object", _:
            return "keys of yours"
        case ("integer" | "number") as number, _:
            return f"{'whole number' if number == 'integer' else 'number'}{_range(schema)}"
    return "anything"


def _is_number(field: FieldInfo) -> bool:
    """Tell whether text is only another way of writing a number."""
    return "Decimal" in str(field.annotation)


def _range(schema: Mapping[str, Any]) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    above = schema.get("exclusiveMinimum")
    first = f"from {least:g}" if least is not None else f"above {above:g}" if above is not None else ""
    last = f" to {most:,.0f}".replace(",", " ") if most is not None else ""
    return f", {first}{last}" if first or last else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.default if field.default is not PydanticUndefined else None
    return "" if isinstance(value, BaseModel) or value in (None, (), {}) else code(_written(value))


def _written(value: Any) -> str:
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        unit, size = next((unit, size) for unit, size in _UNITS if seconds % size == 0)
        return f"{seconds // size}{unit}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    return str(value.value if isinstance(value, Enum) else value)
