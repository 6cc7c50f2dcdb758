"""Who we are to Wix: an API key, or an app with a token that lives four hours.

Wix's documentation: REST, articles, authentication, about API keys; API reference, authorization, OAuth 2, create
access token.
"""

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ticket_pipeline.errors import ConfigError, NotFoundError, RejectedError
from ticket_pipeline.wix.page import unexpected

TOKEN_PATH = "/oauth2/token"  # noqa: S105 - an address, not a secret
#: Seconds a token lives where the answer does not say.
_FOUR_HOURS = 14_400
#: Seconds before its end at which a token is renewed.
_EARLY = 300

_HEADER_VALUE = re.compile(r"[\x21-\x7e]+")


class Transport(Protocol):
    """The way to Wix without credentials, as far as fetching a token needs it."""

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send a body once and give the answer's object.

        Raises:
            ConfigError: the credentials or the address are wrong.
            TransientError: try again later.
            RejectedError: the request was refused.
        """


class Auth(Protocol):
    """Credentials for one site."""

    def headers(self, transport: Transport) -> dict[str, str]:
        """Give the headers that authorise a request, fetching a token where one is needed.

        Raises:
            ConfigError: the credentials were refused.
            TransientError: no token could be had this time.
        """

    def forget(self, refused: Mapping[str, str]) -> bool:
        """Drop what gave these headers, which Wix refused (401); tell whether asking again may help."""

    def describe(self) -> str:
        """Name the credentials and their site in a sentence, without any secret."""


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """A key of the account owner's, for one site."""

    api_key: str = field(repr=False)
    site_id: str

    def headers(self, transport: Transport) -> dict[str, str]:  # noqa: ARG002 - a key needs no token
        """Give the key and the site; Wix refuses an account id beside them."""
        return {
            "Authorization": _header_value(self.api_key, "api_key"),
            "wix-site-id": _header_value(self.site_id, "site_id"),
        }

    def forget(self, refused: Mapping[str, str]) -> bool:  # noqa: ARG002 - there is only this key
        """Tell that a refused key stays refused."""
        return False

    def describe(self) -> str:
        """Name the site."""
        return f"the API key for site {self.site_id}"


@dataclass(frozen=True, kw_only=True)
class _Token:
    value: str
    #: When to fetch the next, on the clock of the credentials.
    renew_at: float


class AppCredentials:
    """A self-managed app on one site: client credentials, exchanged for a token that threads share."""

    def __init__(
        self,
        app_id: str,
        app_secret: str,
        instance_id: str,
        bearer: bool = False,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep the credentials; `bearer` puts the word before the token (Wix's own SDK sends it bare)."""
        self._app_id = app_id
        self._app_secret = app_secret
        self._instance_id = instance_id
        self._prefix = "Bearer " if bearer else ""
        self._clock = clock
        self._lock = threading.Lock()
        self._token: _Token | None = None

    def headers(self, transport: Transport) -> dict[str, str]:
        """Give the token, fetching one where there is none or its end is near.

        Raises:
            ConfigError: Wix refused the app's id, secret or instance.
            TransientError: no token could be had this time.
        """
        with self._lock:
            if self._token is None or self._clock() >= self._token.renew_at:
                self._token = self._fetch(transport)
            return {"Authorization": self._prefix + self._token.value}

    def forget(self, refused: Mapping[str, str]) -> bool:
        """Drop the token unless another thread has renewed it already; a new one may help."""
        with self._lock:
            if self._token and refused.get("Authorization") == self._prefix + self._token.value:
                self._token = None
        return True

    def describe(self) -> str:
        """Name the app and the instance."""
        return f"the app {self._app_id} on instance {self._instance_id}"

    def _fetch(self, transport: Transport) -> _Token:
        asked_at = self._clock()
        body = {
            "grant_type": "client_credentials",
            "client_id": self._app_id,
            "client_secret": self._app_secret,
            "instance_id": self._instance_id,
        }
        try:
            answer = transport.post(TOKEN_PATH, body)
        except NotFoundError as error:
            raise ConfigError(f"{error}; check base_url, and that the app is installed on the site") from error
        except RejectedError as error:
            remedy = f"check app_id, app_secret and instance_id of {self.describe()}"
            raise ConfigError(f"wix: no token ({error.code}): {remedy}") from error
        return _read_token(answer, asked_at)


def _read_token(answer: Mapping[str, Any], asked_at: float) -> _Token:
    value, lives = answer.get("access_token"), answer.get("expires_in")
    if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
        raise unexpected("the answer holds no access_token")
    seconds = lives if isinstance(lives, int | float) and lives > 0 else _FOUR_HOURS
    return _Token(value=value, renew_at=asked_at + max(seconds - _EARLY, seconds / 2))


def _header_value(value: str, name: str) -> str:
    """Strip a value (files end in line breaks) and see that a header can hold it."""
    stripped = value.strip()
    if not _HEADER_VALUE.fullmatch(stripped):
        raise ConfigError(f"wix: {name} is empty or holds blanks or letters that Wix never uses; copy it again")
    return stripped
