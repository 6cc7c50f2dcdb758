"""The settings' own JSON schema -> the one by which `dg check yaml` reads a component's attributes.

Each value may be a template, since `dg` looks at the file before they are filled in. And each mistake is told of the
one value that is wrong: what stands behind `if` is reported by itself, where a failing `oneOf` or `anyOf` would be
reported with all that it stands over, secrets included.
"""

from functools import lru_cache
from typing import Any

import yaml

from ticket_pipeline.config import packaged
from ticket_pipeline.settings import SitePipeline

Schema = dict[str, Any]

TEMPLATE = "component_template.yaml"
_A_TEMPLATE = {"type": "string", "pattern": r"\{\{|\{%"}
_NOTHING = {"type": "null"}
#: What a reader of a place is told, whatever stands there.
_TOLD = ("title", "description", "default", "examples")


@lru_cache(maxsize=1)
def attributes_schema() -> Schema:
    """Describe a component's attributes; free of references, so that it can stand inside other schemas."""
    whole = SitePipeline.model_json_schema()
    example = yaml.safe_load(packaged(TEMPLATE))["attributes"]
    return {**_plain(whole, whole["$defs"]), "title": "WixTickets", "examples": [example]}


def _value(place: Schema, defs: Schema) -> Schema:
    """Describe a value that may also be a template, or nothing where that is allowed."""
    place = _resolved(place, defs)
    choices = [each for each in place.get("anyOf", ()) if each != _NOTHING]
    optional = "anyOf" in place and len(choices) < len(place["anyOf"])
    told = {key: place[key] for key in _TOLD if key in place}
    given = place if not optional else choices[0] if len(choices) == 1 else {"anyOf": choices}
    exempt: Schema = {"anyOf": [_A_TEMPLATE, _NOTHING]} if optional else _A_TEMPLATE
    return {**told, "if": exempt, "else": _plain(_resolved(given, defs), defs)}


def _plain(place: Schema, defs: Schema) -> Schema:
    """Describe a value that is no template."""
    if "discriminator" in place:
        return _told_apart(place["discriminator"]["mapping"], defs)
    made = {key: value for key, value in place.items() if key not in {"$defs", *_TOLD}}
    if "properties" in place:
        made["properties"] = {key: _value(child, defs) for key, child in place["properties"].items()}
    if "items" in place:
        made["items"] = _value(place["items"], defs)
    return made


def _told_apart(members: dict[str, str], defs: Schema) -> Schema:
    """Describe what is one of several kinds: its kind first, and then what that one may have."""
    return {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": sorted(members)}},
        "allOf": [
            {
                "if": {"type": "object", "required": ["kind"], "properties": {"kind": {"const": kind}}},
                "then": _plain(_resolved({"$ref": reference}, defs), defs),
            }
            for kind, reference in sorted(members.items())
        ],
    }


def _resolved(place: Schema, defs: Schema) -> Schema:
    """Put what a reference stands for in its place."""
    if "$ref" not in place:
        return place
    beside = {key: value for key, value in place.items() if key != "$ref"}
    return {**_resolved(defs[place["$ref"].removeprefix("#/$defs/")], defs), **beside}
