"""Which pages may show counters: the CORS headers of an answer (pure).

https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from collections.abc import Collection

Headers = list[tuple[bytes, bytes]]

_EXPOSED = (b"access-control-expose-headers", b"Date, ETag, Retry-After, X-Freshness-Limit")
_PREFLIGHT: Headers = [
    (b"access-control-allow-methods", b"GET, HEAD"),
    (b"access-control-allow-headers", b"Last-Event-ID, Cache-Control, If-None-Match"),
    (b"access-control-max-age", b"86400"),
]


class Origins:
    """The origins that were allowed."""

    def __init__(self, allowed: Collection[str]) -> None:
        """Allow these; `*` allows any."""
        self._any = "*" in allowed
        self._allowed = frozenset(each.rstrip("/").lower().encode() for each in allowed)

    def headers(self, origin: bytes | None, *, preflight: bool = False) -> Headers:
        """Give what tells a browser whether this page may read the answer."""
        made: Headers = [] if self._any else [(b"vary", b"Origin")]
        if self._any:
            made.append((b"access-control-allow-origin", b"*"))
        elif origin is not None and origin.lower() in self._allowed:
            made.append((b"access-control-allow-origin", origin))
        else:
            return made
        return [*made, *_PREFLIGHT] if preflight else [*made, _EXPOSED]
