"""JSON that strangers wrote, read within bounds."""

from json import JSONDecoder
from typing import Any, NoReturn

#: Levels of objects and lists; a webhook of Wix's has about ten.
MOST_LEVELS = 40


def read_json(text: str | bytes) -> Any:
    """Read strict JSON of at most 40 levels.

    Raises:
        ValueError: it is no JSON, no UTF-8, holds NaN or Infinity, or is nested too deeply.
    """
    text = text.decode() if isinstance(text, bytes) else text
    try:
        value = _DECODER.decode(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if text.count("[") + text.count("{") > MOST_LEVELS:  # with fewer there is nothing to look for
        refuse_depth(value)
    return value


def refuse_depth(value: Any) -> None:
    """Look level by level, so that no depth can exhaust the stack.

    Raises:
        ValueError: nested more than 40 levels deep.
    """
    level = [value]
    for _ in range(MOST_LEVELS + 1):
        level = [child for each in level if type(each) in _CONTAINERS for child in _children(each)]
        if not level:
            return
    raise ValueError("nested too deeply")


def _children(value: Any) -> Any:
    return value.values() if type(value) is dict else value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_CONTAINERS = frozenset({dict, list})
_DECODER = JSONDecoder(parse_constant=_refuse_constant)
