"""The innermost payload, freed from what Wix's pages spell differently (pure)."""

from collections.abc import Mapping
from typing import Any

from ticket_pipeline.webhooks.json_text import read_json, refuse_depth

#: Where a domain event holds its data: the wrapper, the name we use, and the names that pages of Wix's use.
_DATA: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "createdEvent": ("entity", ("entityAsJson", "currentEntity", "currentEntityAsJson")),
    "updatedEvent": ("currentEntity", ("currentEntityAsJson", "entity", "entityAsJson")),
    "deletedEvent": ("deletedEntity", ("deletedEntityAsJson", "entity", "entityAsJson")),
    "actionEvent": ("body", ("bodyAsJson",)),
}


def opened(value: Any) -> dict[str, Any] | None:
    """Give a level of the nesting, which may be an object or its text; None when it is neither."""
    try:
        if isinstance(value, str):
            value = read_json(value)
        else:
            refuse_depth(value)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def normalised(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Give the payload with its data as objects under one set of names."""
    renamed = dict(payload)
    for wrapper, (name, others) in _DATA.items():
        if wrapper in payload:
            renamed[wrapper] = _wrapped(opened(payload[wrapper]) or {}, name, others)
    return renamed


def data_of(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give what a normalised payload is about: the entity, the action's body, or the flat payload itself."""
    for wrapper, (name, _) in _DATA.items():
        if wrapper in payload:
            data: Mapping[str, Any] = payload[wrapper].get(name, {})
            return data
    return payload


def _wrapped(wrapper: Mapping[str, Any], name: str, others: tuple[str, ...]) -> dict[str, Any]:
    found = (opened(wrapper[each]) for each in (name, *others) if wrapper.get(each))
    data = next((each for each in found if each is not None), None)
    return {} if data is None else {name: data}
