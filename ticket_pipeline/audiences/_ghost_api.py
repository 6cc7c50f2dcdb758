"""Ghost's Admin API: signed calls that are retried when it may help and say what to do when it does not.

https://ghost.org/docs/admin-api/#token-authentication
"""

import json
import logging
import random
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jwt
import requests
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from ticket_pipeline.backoff import failure, may_pass, pauses, retry_after
from ticket_pipeline.errors import ConfigError, NotFoundError, TicketPipelineError, TransientError

log = logging.getLogger(__name__)

#: Seconds to connect, and to wait for bytes.
_TIMEOUT = (5.0, 30.0)
_ATTEMPTS = 4
#: Seconds; as long as Ghost takes a token.
_TOKEN_LIVES = 300
_KEY = re.compile(r"([0-9a-f]{24}):([0-9a-f]{64})")
#: Statuses below 500 that a later try may turn into an answer.
_PASSING = frozenset({408, 425, 429})


class GhostApi:
    """Calls one Ghost site's Admin API with an integration's key; safe to share between threads."""

    def __init__(
        self,
        *,
        url: str,
        admin_api_key: str,
        session: requests.Session | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Keep the settings; nothing is sent yet. `clock` tells the seconds since 1970.

        Raises:
            ConfigError: the key has not Ghost's form, or the URL is none.
        """
        key = _KEY.fullmatch(admin_api_key.strip())
        if not key:
            raise ConfigError(
                "ghost: admin_api_key is not of the form id:secret (24 and 64 hexadecimal digits); "
                "copy the Admin API key of a custom integration (Settings -> Integrations), not the Content API key"
            )
        self.host, self.place = _place(url)
        self._key_id, self._secret = key[1], bytes.fromhex(key[2])
        self._base = f"{url.rstrip('/')}/ghost/api/admin"
        self._session = session or _new_session()
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Send a request, again where it may help, and give the JSON object of the answer.

        Raises:
            ConfigError: the key, the address or the filter is wrong.
            TransientError: every attempt failed, or Ghost asked for a longer wait than we sleep.
            NotFoundError: there is no such thing.
        """
        retrying = Retrying(
            stop=stop_after_attempt(_ATTEMPTS),
            wait=pauses(self._jitter),
            retry=retry_if_exception(may_pass),
            before_sleep=_log_retry,
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(self._attempt, method, path, params or {}, body)

    def _attempt(
        self, method: str, path: str, params: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        # In Ghost's filters a plus means "and"; where it is not escaped it arrives as a blank.
        query = f"?{urlencode(params, quote_via=quote, safe='')}" if params else ""
        subject = f"{method} {path} at {self.host}"
        try:
            response = self._session.request(
                method,
                f"{self._base}{path}{query}",
                json=body,
                headers={"Accept": "application/json", "Accept-Version": "v5.0"},
                auth=self._sign,
                timeout=_TIMEOUT,
                allow_redirects=False,
            )
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, UnicodeError) as error:
            raise ConfigError(f"ghost: {subject}: the request cannot be sent; check url") from error
        except requests.exceptions.SSLError as error:
            raise ConfigError(f"ghost: {subject}: TLS fails; check url, any proxy, and REQUESTS_CA_BUNDLE") from error
        except OSError as error:
            fault = "timed out" if isinstance(error, requests.Timeout) else "the connection failed"
            raise TransientError(f"ghost: no answer to {subject}: {fault}; try again later") from error
        return _read(response, subject)

    def _sign(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign each request anew; as `auth`, so that ~/.netrc cannot overwrite it."""
        now = int(self._clock())
        claims = {"iat": now, "exp": now + _TOKEN_LIVES, "aud": "/admin/"}
        token = jwt.encode(claims, self._secret, algorithm="HS256", headers={"kid": self._key_id})
        prepared.headers["Authorization"] = f"Ghost {token}"
        return prepared


def _read(response: requests.Response, subject: str) -> dict[str, Any]:
    if not 200 <= response.status_code < 300:
        raise _refusal(response, subject)
    try:
        value = json.loads(response.content)
    except (ValueError, RecursionError) as error:
        message = f"ghost: the answer to {subject} is cut off or no JSON; check url, or try again later"
        raise TransientError(message) from error
    if not isinstance(value, dict):
        raise ConfigError(f"ghost: the answer to {subject} is not Ghost's; check that url is the site's own address")
    return value


def _refusal(response: requests.Response, subject: str) -> TicketPipelineError:
    status = response.status_code
    told = f"ghost: {status} for {subject}: "
    if status in _PASSING or status >= 500:
        asked = retry_after(response.headers, now=datetime.now(UTC))
        ailment = "too many requests" if status == 429 else "Ghost is unwell"
        return TransientError(f"{told}{ailment}; try again later", retry_after=asked)
    if status < 400:
        return ConfigError(f"{told}the address leads elsewhere; set url to the address Ghost itself uses (https?)")
    if status in {401, 403}:
        return ConfigError(
            f"{told}admin_api_key was refused; check that it is the Admin API key of an integration that still "
            "exists on this site, and that the clocks agree"
        )
    if status == 404 and _is_ghosts(response):
        return NotFoundError(f"{told}there is no such thing (any more)")
    remedy = "check url: Ghost's Admin API is not there" if status == 404 else f"Ghost says: {_reason(response)}"
    return ConfigError(f"{told}{remedy}")


def _is_ghosts(response: requests.Response) -> bool:
    """Tell Ghost's own 404 from that of a web server that knows no Ghost."""
    return _reason(response) != ""


def _reason(response: requests.Response) -> str:
    """Say in Ghost's words why a request was refused; empty where it says nothing."""
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return ""
    errors = body.get("errors") if isinstance(body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return ""
    words = [first.get("message"), first.get("context")]
    return ": ".join(" ".join(word.split()) for word in words if isinstance(word, str) and word)[:300]


def _place(url: str) -> tuple[str, str]:
    """Give the host, and the address without any credentials in it."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        (parts.hostname or "").encode("idna")
    except ValueError as error:
        raise ConfigError("ghost: url is no address; it looks like https://news.example.org") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError("ghost: url must begin with https://; it looks like https://news.example.org")
    return f"{parts.hostname}{port}", f"{parts.hostname}{port}{parts.path.rstrip('/')}"


def _new_session() -> requests.Session:
    session = requests.Session()
    session.headers["User-Agent"] = "ticket-pipeline"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


def _log_retry(state: RetryCallState) -> None:
    log.warning(
        "ghost_retry",
        extra={"attempt": state.attempt_number, "seconds": state.upcoming_sleep, "reason": str(failure(state))},
    )
