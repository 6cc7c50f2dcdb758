"""Who asks, and whether too often: the address a limit counts by, and requests per second.

An address that is not public is a proxy of ours, or this machine: many visitors share it, so it is not counted. A
proxy that is declared names the visitor in X-Forwarded-For, and that one is.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

#: Requests a client may make at once, and per second after that. Many visitors may share one address.
_AT_ONCE = 200.0
_PER_SECOND = 50.0
#: Clients remembered; of so many, those who have been quiet are forgotten.
_MOST = 10_000
#: What one household or phone is given of IPv6.
_ONE_SUBSCRIBER = 64


def client_of(peer: str | None, forwarded: Sequence[str], proxies: Sequence[Network]) -> str | None:
    """Name whom a request's limits are counted by; None for nobody in particular.

    `forwarded` are the X-Forwarded-For headers: the last address in them that no declared proxy has is the visitor.
    """
    address = _address(peer or "")
    if address is None:
        return None
    if _among(address, proxies):
        hops = [each.strip() for header in forwarded for each in header.split(",")]
        found = (_address(each) for each in reversed(hops))
        address = next((each for each in found if each is None or not _among(each, proxies)), None)
    return _counted(address) if address is not None and address.is_global else None


class Visits:
    """How often clients asked lately."""

    def __init__(self, *, seconds: Callable[[], float] = time.monotonic) -> None:
        """Begin with nobody; `seconds` is a clock that never goes back."""
        self._seconds = seconds
        self._left: dict[str, tuple[float, float]] = {}

    def allows(self, client: str | None) -> bool:
        """Count one request; tell whether it may be answered."""
        if client is None:
            return True
        now = self._seconds()
        left, at = self._left.get(client, (_AT_ONCE, now))
        left = min(_AT_ONCE, left + (now - at) * _PER_SECOND)
        if len(self._left) >= _MOST:
            self._forget(now)
        self._left[client] = (max(0.0, left - 1.0), now)
        return left >= 1.0

    def _forget(self, now: float) -> None:
        """Forget who would be full again by now; when nobody is, start over rather than grow."""
        full = _AT_ONCE / _PER_SECOND
        self._left = {each: (left, at) for each, (left, at) in self._left.items() if now - at < full}
        if len(self._left) >= _MOST:
            self._left = {}


def networks(declared: Iterable[str]) -> list[Network]:
    """Read addresses and networks of proxies.

    Raises:
        ValueError: one is neither.
    """
    return [ip_network(each, strict=False) for each in declared]


@lru_cache(maxsize=4_096)
def _address(text: str) -> Address | None:
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _among(address: Address, proxies: Sequence[Network]) -> bool:
    return any(address.version == each.version and address in each for each in proxies)


def _counted(address: Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((int(address), _ONE_SUBSCRIBER), strict=False))
