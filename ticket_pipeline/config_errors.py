"""Validation errors of `pipeline.yaml` -> sentences: which file and line, which key, what is allowed."""

from datetime import date
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
            kinds = sorted(place.get("discriminator", {}).get("mapping", {}))
            return "has no `kind`" + (f"; allowed: {', '.join(kinds)}" if kinds else "")
        case "too_short":
            return "is empty; name at least one"
        case "enum" | "literal_error":
            return f"{_shown(detail, path, place, source)} is not allowed; allowed: {context['expected']}"
    if detail["input"] is None and detail["type"] in _EXPECTED:
        return f"is empty; it {_EXPECTED[detail['type']]}"
    message = detail["msg"].replace("Input should be", "should be").replace("String should", "should")
    message = _EXPECTED.get(detail["type"], message.removeprefix("Value error, "))
    if detail["type"] == "string_type" and not isinstance(detail["input"], list | dict):
        message += "; put it in quotes"
    whole = detail["type"] == "value_error" and isinstance(detail["input"], dict) and "properties" in place
    return message if whole else f"{_shown(detail, path, place, source)} {message}"


_MAPPING = "should be a mapping, lines of `key: value`"
_DURATION = "should be a duration, such as 90s, 5m, 2h or 1d"
_WHOLE_NUMBER = "should be a whole number"
_TRUTH = "should be true or false"
#: What pydantic calls by Python's names, in those of the file.
_EXPECTED = {
    "bool_parsing": _TRUTH,
    "bool_type": _TRUTH,
    "decimal_parsing": "should be a number",
    "decimal_type": "should be a number",
    "dict_type": _MAPPING,
    "int_from_float": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_type": _WHOLE_NUMBER,
    "list_type": "should be a list",
    "model_attributes_type": _MAPPING,
    "model_type": _MAPPING,
    "string_type": "should be a text",
    "time_delta_parsing": _DURATION,
    "time_delta_type": _DURATION,
    "tuple_type": "should be a list",
}


def _shown(detail: ErrorDetails, path: Path, place: Schema, source: Source) -> str:
    """Show the value as the file spells it; never what the environment or a secret holds."""
    if path in source.spelled:
        return source.spelled[path]
    if place.get("format") == "password":
        return "the secret"
    given = detail["input"]
    return _kind_of(detail, place) or (str(given) if isinstance(given, date) else repr(given))


def _kind_of(detail: ErrorDetails, place: Schema) -> str | None:
    """Name only the kind of what stands where something else belongs: secrets may lie inside."""
    if detail["input"] is None:
        return "an empty value"
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
        if step == "[key]" or (isinstance(step, str) and len(place.get("anyOf", ())) > 1):
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
