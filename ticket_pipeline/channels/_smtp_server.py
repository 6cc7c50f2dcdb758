"""Which mail server, as whom, and how the way to it is kept from others."""

import ssl
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from ticket_pipeline.errors import ConfigError

StartTls = Literal["auto", "always", "never"]
_FORM = "should be smtp://user:password@host:587 or smtps://…; write / ? # @ : in a password as %2F %3F %23 %40 %3A"


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where mail is handed over, and as whom."""

    host: str
    port: int
    implicit_tls: bool
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def at(self) -> str:
        """Name it, without credentials."""
        return f"{self.host}:{self.port}"

    @property
    def local(self) -> bool:
        """Whether nobody is in between."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def server_of(url: str) -> Server:
    """Read `smtp://user:pw@host:587` or `smtps://…`.

    Raises:
        ValueError: it is no such URL; the text does not repeat it.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(_FORM) from error
    more = parts.path.strip("/") or parts.query or parts.fragment
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or more:
        raise ValueError(_FORM)
    implicit = parts.scheme == "smtps"
    return Server(
        host=parts.hostname,
        port=port or (465 if implicit else 587 if parts.username else 25),
        implicit_tls=implicit,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


@dataclass(frozen=True, kw_only=True)
class Security:
    """How the connection is kept from others."""

    starttls: StartTls = "auto"
    ca_file: Path | None = None
    timeout: float = 30.0

    @cached_property
    def context(self) -> ssl.SSLContext:
        """Check certificates against the system's authorities and the declared one; read once, as they are many.

        Raises:
            ConfigError: the file cannot be read.
        """
        context = ssl.create_default_context()
        if self.ca_file:
            try:
                context.load_verify_locations(self.ca_file)
            except (OSError, ssl.SSLError) as error:
                raise ConfigError(f"smtp: ca_file {self.ca_file} cannot be read: {error}") from error
        return context
