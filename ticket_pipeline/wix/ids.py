"""Ids of Wix's in addresses."""

import re

from ticket_pipeline.errors import NotFoundError

_ID = re.compile(r"[0-9A-Za-z_-]{1,100}")


def in_path(identity: str) -> str:
    """Give an id that is safe in an address.

    Raises:
        NotFoundError: it is none; nothing can be found by it, and `..` would lead elsewhere.
    """
    if not _ID.fullmatch(identity):
        raise NotFoundError(f"wix: {identity[:40]!r} is no id of Wix's; expected a GUID")
    return identity
