"""The way to push services: to public addresses only, as endpoints come from outside and could name our own network.

What counts is where the connection ends, not what a name meant a moment before.
"""

import logging
import socket
from http.cookiejar import DefaultCookiePolicy
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPSConnectionPool
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import NewConnectionError

_LONGEST_ENDPOINT = 2000


class PrivateAddressError(Exception):
    """An endpoint leads into a private network; nothing was sent."""


def is_endpoint(url: str, *, allow_local: bool) -> bool:
    """Tell whether an address could be a push service's."""
    if len(url) > _LONGEST_ENDPOINT or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.password is not None:
        return False
    return allow_local if _is_private(host) else parts.scheme == "https" or (parts.scheme == "http" and allow_local)


def new_session(*, allow_local: bool) -> requests.Session:
    """Open a session that keeps its connections, and no cookies."""
    # Its debug lines name every endpoint, which is a person's address.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
    session = requests.Session()
    session.headers["User-Agent"] = "ticket-pipeline"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.mount("https://", HTTPAdapter(max_retries=0) if allow_local else _PublicAdapter(max_retries=0))
    return session


def as_it_is(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave the headers alone; without this, requests lets ~/.netrc overwrite Authorization."""
    return prepared


class _PublicConnection(HTTPSConnection):
    """Speaks to nobody in a private network."""

    def connect(self) -> None:
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise NewConnectionError(self, "its name cannot be resolved") from error
        for *_, address in found:
            _refuse_private(str(address[0]))
        super().connect()
        # The name may have meant something else this time; nothing was sent yet.
        if self.sock is not None:
            _refuse_private(self.sock.getpeername()[0])


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicAdapter(HTTPAdapter):
    """A declared proxy is its own gatekeeper: it has pools of its own."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"https": _PublicPool}


def _refuse_private(address: str) -> None:
    if not _is_public(ip_address(address.partition("%")[0])):
        raise PrivateAddressError("the endpoint leads into a private network")


def _is_private(host: str) -> bool:
    """Whether a host says by itself that it is not public."""
    try:
        return not _is_public(ip_address(host))
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    return address.is_global and not address.is_multicast and (inner is None or _is_public(inner))
