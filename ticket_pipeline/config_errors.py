"""Validation errors of `pipeline.yaml` -> sentences: which file and line, which key, what is allowed."""

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ticket_pipeline.words import unknown
from ticket_pipeline.yaml_source import Path, Source

Schema = dict[str, Any]


def explain(error: ValidationError, source: Source, schema: Schema) -> str:
    """Say every problem on a line of its own, in the order of the file."""
    sentences = [_sentence(detail, source, schema) for detail in error.errors(include_url=False)]
    return "\n".join(text for _, text in sorted(sentences))


def _sentence(detail: ErrorDetails, source: Source, schema: Schema) -> tuple[int, str]:
    path, place = _walk(detail["loc"], schema)
    at = source.at(path)
    line = int(at.rpartition(":")[2])
    where = ".".join(map(str, path)) or "the file"
    problem = _problem(detail, path, place, source)
    if detail["type"] == "extra_forbidden" and _belongs_outside(detail["loc"], path, schema):
        problem += f"; {path[-1]!r} belongs beside {path[-2]!r}, not inside it"
    return line, f"{at}: {where}: {problem}"


def _belongs_outside(location: tuple[str | int, ...], path: Path, schema: Schema) -> bool:
    """Tell whether an unknown setting would be known one level further out, where it was probably meant to be."""
    around = [_walk(location[:end], schema) for end in range(len(location))]
    return any(path[-1] in place.get("properties", {}) for outer, place in around if outer == path[:-2] != ())


def _problem(detail: ErrorDetails, path: Path, place: Schema, source: Source) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            return unknown("setting", str(path[-1]), sorted(place.get("properties", {})))
        case "missing":
            return "is missing" + (f" ({place['description']})" if "description" in place else "")
        case "union_tag_invalid":
            allowed = [name.strip().strip("'") for name in context["expected_tags"].split(",")]
            return unknown("kind", source.spelled.get((*path, "kind"), str(context["tag"])), allowed)
        case "union_tag_not_found":
            return "has no `kind`"
        case "enum" | "literal_error":
            return f"{_shown(detail, path, place, source)} is not allowed; allowed: {context['expected']}"
    message = detail["msg"].replace("Input should be", "should be").replace("String should", "should")
    message = message.removeprefix("Value error, ")
    return f"{_shown(detail, path, place, source)} {message}"


def _shown(detail: ErrorDetails, path: Path, place: Schema, source: Source) -> str:
    """Show the value as the file spells it; never what the environment or a secret holds."""
    if path in source.spelled:
        return source.spelled[path]
    if place.get("format") == "password":
        return "the secret"
    return _kind_of(detail, place) or repr(detail["input"])


def _kind_of(detail: ErrorDetails, place: Schema) -> str | None:
    """Name only the kind of what stands where something else belongs: secrets may lie inside."""
    if isinstance(detail["input"], list):
        return "a list"
    if isinstance(detail["input"], dict):
        return "a mapping"
    whole = "properties" in place or "discriminator" in place
    return "a text" if whole and isinstance(detail["input"], str) and detail["loc"][-1] != "[key]" else None


def _walk(location: tuple[str | int, ...], schema: Schema) -> tuple[Path, Schema]:
    """Follow an error's location through the schema: the path in the file, and the schema of that place.

    Of a location's steps those that only name a union's member, or a key as a whole, are not in the file.
    """
    path: Path = ()
    place = _resolved(schema, schema)
    for step in location:
        if step == "[key]":
            continue
        tags = place.get("discriminator", {}).get("mapping", {})
        if step in tags:
            place = _resolved({"$ref": tags[step]}, schema)
            continue
        path = (*path, step)
        place = _inside(place, step, schema) or place
    return path, place


def _inside(place: Schema, step: str | int, schema: Schema) -> Schema | None:
    child = place.get("properties", {}).get(step) or place.get("items") or place.get("additionalProperties")
    if child is None and (patterns := place.get("patternProperties")):
        child = next(iter(patterns.values()))
    return _resolved(child, schema) if isinstance(child, dict) else None


def _resolved(place: Schema, schema: Schema) -> Schema:
    optional = [each for each in place.get("anyOf", ()) if each.get("type") != "null"]
    if len(optional) == 1:
        return _resolved(optional[0], schema)
    reference = place.get("$ref")
    if reference is None:
        return place
    found: Schema = schema["$defs"][reference.removeprefix("#/$defs/")]
    return found
