"""JSON over HTTP, for systems that others host: calls that are retried where it may help, and say what to do else.

A write without an idempotency key must not be sent again when nobody knows whether it arrived: `once` sends it again
only where the other side says that it did nothing.
"""

import json
import logging
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from pydantic import SecretStr
from requests.adapters import HTTPAdapter
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from ticket_pipeline.backoff import failure, may_pass, pauses, retry_after
from ticket_pipeline.errors import ConfigError, NotFoundError, RejectedError, TicketPipelineError, TransientError

log = logging.getLogger(__name__)

_ATTEMPTS = 4
#: Statuses below 500 that a later try may turn into an answer.
_PASSING = frozenset({408, 425, 429})
_LONGEST_WORDS = 300
_ADDRESS = re.compile(r"\S+@\S+")
_CREDENTIAL = re.compile(r"[\x21-\x7e]+")


class NotTakenError(TransientError):
    """Wait and try again: the other side says that it has not even looked at the request."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the other side answered."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    #: Its JSON; None where there is none, or it cannot be read.
    body: Any = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Host:
    """Who is called, and how that system says things."""

    #: The name of the kind, for messages.
    kind: str
    base_url: str
    #: Puts the credentials into a request.
    sign: Callable[[requests.PreparedRequest], requests.PreparedRequest] = field(repr=False)
    #: What a person should do where the credentials are refused.
    credentials: str
    #: Reads from an answer's body why a request was refused, in the system's own words.
    words: Callable[[Any], str]
    #: Gives the error an answer means where the general rules are wrong; takes the answer and how a sentence begins.
    judge: Callable[[Answer, str], TicketPipelineError | None] = lambda _answer, _told: None
    #: Seconds to wait after a 429 that does not say how long.
    slow_down: float | None = None
    #: Seconds to wait for bytes.
    patience: float = 30.0
    connections: int = 1
    #: Whether a refusal may be about one thing among many; where it is not, a setting is wrong.
    rejects: bool = True


class JsonApi:
    """Calls one host; safe to share between threads."""

    def __init__(
        self,
        host: Host,
        session: requests.Session | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Keep the settings; nothing is sent yet."""
        self._host = host
        self._session = session or _new_session(host.connections)
        self._sleep = sleep
        self._jitter = jitter

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        once: bool = False,
    ) -> Any:
        """Send a request, again where it may help, and give the JSON of the answer; None where it is empty.

        Raises:
            ConfigError: the credentials, a right or the address is wrong.
            TransientError: every attempt failed, or a longer wait was asked for than we sleep.
            NotFoundError: there is no such thing.
            RejectedError: refused, and it would be again (ConfigError where the host `rejects` nothing).
        """
        passing = NotTakenError if once else TransientError
        retrying = Retrying(
            stop=stop_after_attempt(_ATTEMPTS),
            wait=pauses(self._jitter),
            retry=retry_if_exception(lambda error: isinstance(error, passing) and may_pass(error)),
            before_sleep=self._log_retry,
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(self._attempt, method, path, params, body)

    def object(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """Send a request whose answer is a JSON object; raises as `call`, and ConfigError where it is none."""
        found = self.call(method, path, **options)
        if not isinstance(found, dict):
            raise ConfigError(f"{self._host.kind}: the answer to {method} {path} is not what is documented")
        return found

    def _attempt(self, method: str, path: str, params: Mapping[str, Any] | None, body: Mapping[str, Any] | None) -> Any:
        kind, subject = self._host.kind, f"{method} {path}"
        try:
            response = self._session.request(
                method,
                f"{self._host.base_url}{path}",
                params=params,
                json=body,
                headers={"Accept": "application/json"},
                # As `auth`, so that a login in ~/.netrc cannot overwrite it.
                auth=self._host.sign,
                timeout=(5.0, self._host.patience),
                allow_redirects=False,
            )
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, UnicodeError) as error:
            raise ConfigError(f"{kind}: {subject}: the request cannot be sent; check the settings") from error
        except requests.exceptions.SSLError as error:
            raise ConfigError(f"{kind}: {subject}: TLS fails; check any proxy, and REQUESTS_CA_BUNDLE") from error
        except OSError as error:
            fault = "timed out" if isinstance(error, requests.Timeout) else "the connection failed"
            raise TransientError(f"{kind}: no answer to {subject}: {fault}; try again later") from error
        return self._read(response, subject)

    def _read(self, response: requests.Response, subject: str) -> Any:
        fine = 200 <= response.status_code < 300
        try:
            body = json.loads(response.content, parse_float=Decimal) if response.content else None
        except (ValueError, RecursionError) as error:
            if fine:
                message = f"{self._host.kind}: the answer to {subject} is cut off or no JSON; try again later"
                raise TransientError(message) from error
            body = None
        if fine:
            return body
        raise self._refusal(Answer(status=response.status_code, headers=response.headers, body=body), subject)

    def _refusal(self, answer: Answer, subject: str) -> TicketPipelineError:
        host, status = self._host, answer.status
        told = f"{host.kind}: {status} for {subject}: "
        if (judged := host.judge(answer, told)) is not None:
            return judged
        said = in_words(host.words, answer.body)
        if status == 429:
            asked = retry_after(answer.headers, now=datetime.now(UTC))
            wait = host.slow_down if asked is None else asked
            return NotTakenError(f"{told}too many requests; try again later", retry_after=wait)
        if status in _PASSING or status >= 500:
            asked = retry_after(answer.headers, now=datetime.now(UTC))
            return TransientError(f"{told}the other side is unwell; try again later", retry_after=asked)
        if status < 400:
            return ConfigError(f"{told}the address leads elsewhere; check the settings, or a proxy on the way")
        if status in {401, 403}:
            return ConfigError(f"{told}{f'{said}; ' if said else ''}{host.credentials}")
        if status == 404:
            return NotFoundError(f"{told}{said or 'there is no such thing (any more)'}")
        message = f"{told}{said or 'refused without a reason'}"
        return RejectedError(message, code="refused") if host.rejects else ConfigError(message)

    def _log_retry(self, state: RetryCallState) -> None:
        fields = {"kind": self._host.kind, "attempt": state.attempt_number, "reason": str(failure(state))}
        log.warning("json_api_retry", extra=fields)


def credential(secret: SecretStr, *, kind: str, setting: str) -> str:
    """Give a secret that can stand in a header.

    Raises:
        ConfigError: it cannot; it is not shown.
    """
    found = secret.get_secret_value().strip()
    if not _CREDENTIAL.fullmatch(found):
        raise ConfigError(f"{kind}: {setting} is empty, or holds what no key or token holds; copy it again")
    return found


def in_words(read: Callable[[Any], str], body: Any) -> str:
    """Give the other side's words in one line, without any address in them."""
    return _ADDRESS.sub("…", " ".join(read(body).split()))[:_LONGEST_WORDS]


def _new_session(connections: int) -> requests.Session:
    session = requests.Session()
    session.headers["User-Agent"] = "ticket-pipeline"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.mount("https://", HTTPAdapter(pool_connections=1, pool_maxsize=connections))
    return session
