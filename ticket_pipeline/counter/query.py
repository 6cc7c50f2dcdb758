"""What a stream is asked for: `?ids=a,b&ids=c` and the last event somebody has seen (pure). Hostile until read."""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl

MOST_IDS = 100
#: More is not looked at: a hundred of the longest ids are shorter.
_MOST_BYTES = 16_384
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SEQ = re.compile(r"[0-9]{1,18}")


class BadQueryError(Exception):
    """The question cannot be answered; its text is a stable word."""


def ids(query: bytes) -> list[str]:
    """Read the definitions asked for, each once, in their order; what cannot be an id is left out.

    Raises:
        BadQueryError: none is named, or too many are.
    """
    named = [each for value in _values(query, "ids") for each in value.split(",") if each]
    distinct = list(dict.fromkeys(named))
    if not distinct:
        raise BadQueryError("no_ids")
    if len(distinct) > MOST_IDS:
        raise BadQueryError("too_many_ids")
    return [each for each in distinct if is_id(each)]


def is_id(text: str) -> bool:
    """Tell whether a text can be a definition's id."""
    return _ID.fullmatch(text) is not None


def last_seq(query: bytes, header: str | None) -> int:
    """Read up to where somebody has seen the stream; 0 when nothing sensible says so. The header goes first."""
    told = [header] if header is not None else list(_values(query, "last_event_id"))
    return int(told[-1]) if told and _SEQ.fullmatch(told[-1]) else 0


def wants_settings(query: bytes) -> bool:
    """Tell whether the stream should begin with the settings."""
    return "1" in _values(query, "settings")


def _values(query: bytes, name: str) -> Iterable[str]:
    if len(query) > _MOST_BYTES:
        raise BadQueryError("too_many_ids")
    pairs = parse_qsl(query.decode("latin-1"), encoding="utf-8", errors="replace")
    return [value for key, value in pairs if key == name]
