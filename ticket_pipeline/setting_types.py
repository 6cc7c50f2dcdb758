"""Values of a `pipeline.yaml` that are more than text or number: durations, ids, networks, names."""

import re
from datetime import timedelta
from ipaddress import ip_network
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, StringConstraints, WithJsonSchema


def _duration(given: Any) -> Any:
    """Read `90s`, `5m`, `2h` or `1d`; pydantic's own forms are taken too."""
    match = _DURATION.fullmatch(given) if isinstance(given, str) else None
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]]) if match else given


_DURATION = re.compile(r"(\d{1,6})\s*([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
Duration = Annotated[
    timedelta, BeforeValidator(_duration), WithJsonSchema({"type": "string", "examples": ["5m", "2h"]})
]


def half_a_minute(given: timedelta) -> timedelta:
    """See that a duration is not shorter; raises ValueError."""
    if given < timedelta(seconds=30):
        raise ValueError("is not allowed; allowed: 30s or more")
    return given


def _as_wix_writes_it(given: str) -> str:
    """Give a GUID in small letters; other ids may mean their capitals."""
    return given.lower() if _GUID.fullmatch(given) else given


_GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
#: A GUID at Wix; other systems that speak its language may have other ids.
DefinitionId = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"), AfterValidator(_as_wix_writes_it)
]


def all_or_list(given: Any) -> Any:
    """Read `all` as None, and see that anything else is a list; raises ValueError."""
    if given == "all":
        return None
    if not isinstance(given, list | tuple):
        raise ValueError("is not allowed; allowed: all, or a list of ids")
    return given


ALL_OR_IDS = WithJsonSchema({"anyOf": [{"const": "all"}, {"type": "array", "items": {"type": "string"}}]})


def network(given: str) -> str:
    """See that this is an address or a network; raises ValueError."""
    try:
        ip_network(given, strict=False)
    except ValueError as error:
        raise ValueError("is no address and no network; allowed: 192.0.2.1, 10.0.0.0/8") from error
    return given


def not_the_app(name: str) -> str:
    """Refuse the name that the app's own webhook address has; raises ValueError."""
    if name == "wix":
        raise ValueError("is taken: /webhooks/wix is the app's address, for all its sites; choose another name")
    return name
