"""pretix's REST API: calls that are paced, retried when it may help, and say what to do when it does not.

https://docs.pretix.eu/dev/api/fundamentals.html
"""

import hashlib
import json
import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import requests
from requests.adapters import HTTPAdapter
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from ticket_pipeline.backoff import failure, may_pass, pauses, retry_after
from ticket_pipeline.errors import ConfigError, NotFoundError, RejectedError, TicketPipelineError, TransientError
from ticket_pipeline.wix.budget import TokenBucket

log = logging.getLogger(__name__)

#: The code of a refusal that pretix answers with 403: a missing right, an unknown event, or a thing already sold.
FORBIDDEN = "forbidden"
#: What pretix says where the token has not the right, or the event is not there; it does not tell the two apart.
NO_RIGHT = "You do not have permission to perform this action."

#: Seconds to connect, and to wait for bytes.
_TIMEOUT = (5.0, 30.0)
_ATTEMPTS = 6
#: pretix gives no more at once, whatever it is asked for.
_PAGE = 50
#: Things come and go while a list is read page by page; so often it is read again.
_LOOKS = 3
#: Statuses below 500 that a later try may turn into an answer; 409 is a lock held by somebody else.
_PASSING = frozenset({408, 409, 425, 429})


class PretixApi:
    """Calls one organizer of a pretix; safe to share between threads."""

    def __init__(
        self,
        *,
        url: str,
        organizer: str,
        token: str,
        requests_per_minute: int | None,
        connections: int,
        session: requests.Session | None = None,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Keep the settings; nothing is sent yet.

        Raises:
            ConfigError: the URL is none, or the pace is too slow to work with.
        """
        self.host, self.place = _place(url)
        self.organizer = organizer
        self.connections = connections
        self._base = f"{url.rstrip('/')}/api/v1/organizers/{organizer}"
        self._token = token
        self._bucket = TokenBucket(requests_per_minute) if requests_per_minute else None
        self.session = session or _new_session(connections)
        self._sleep = sleep
        self._jitter = jitter

    @property
    def paced(self) -> bool:
        """Whether there is a limit of requests."""
        return self._bucket is not None

    def get(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Read one object.

        Raises:
            ConfigError: the token or the address is wrong.
            TransientError: every attempt failed, or pretix asked for a longer wait than we sleep.
            RejectedError: pretix refuses; the code is `not_found`, `forbidden` or `refused`.
        """
        return _object(self._call("GET", path, params=params), path)

    def pages(self, path: str, params: Mapping[str, str] | None = None, *, key: str = "id") -> list[dict[str, Any]]:
        """Read a list whole, or fail; `key` tells one thing from another. Raises as `get`."""
        for _ in range(_LOOKS):
            found: dict[Any, dict[str, Any]] = {}
            # A list that became shorter has no such page any more.
            with suppress(NotFoundError):
                if self._collect(path, params or {}, key, found) == len(found):
                    return list(found.values())
        raise TransientError(f"pretix: the list {path} changes while it is read; try again later")

    def write(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, revision: int = 0) -> Any:
        """Write once, however often it must be sent; raises as `get`.

        pretix keeps the answer to an idempotency key for a day, and gives it again whatever the request then says. So
        a key stands for this one write and its retries: the same content written again tomorrow, over what a person
        changed in between, must reach the tables.
        """
        text = json.dumps([method, path, body, revision, uuid4().hex], sort_keys=True)
        return self._call(method, path, body=body, key=hashlib.sha256(text.encode()).hexdigest())

    def _collect(self, path: str, params: Mapping[str, str], key: str, found: dict[Any, dict[str, Any]]) -> int | None:
        """Read page after page into `found`; return how many there are, None where the pages disagree."""
        page, counts = 1, set[int]()
        while True:
            answer = self.get(path, {**params, "page_size": str(_PAGE), "page": str(page)})
            results, count = answer.get("results"), answer.get("count")
            if not isinstance(results, list) or not isinstance(count, int):
                raise ConfigError(f"pretix: the answer to {path} is no list; check that url leads to pretix")
            found.update({each[key]: each for each in results})
            counts.add(count)
            if not answer.get("next"):
                return count if len(counts) == 1 else None
            page += 1

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> Any:
        retrying = Retrying(
            stop=stop_after_attempt(_ATTEMPTS),
            wait=pauses(self._jitter),
            retry=retry_if_exception(may_pass),
            before_sleep=_log_retry,
            sleep=self._sleep,
            reraise=True,
        )
        headers = {"Accept": "application/json", "Accept-Language": "en"}
        if key is not None:
            headers["X-Idempotency-Key"] = key
        return retrying(self._attempt, method, path, params, body, headers)

    def _attempt(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str],
    ) -> Any:
        self._keep_pace()
        subject = f"{method} {path or '(the organizer)'} at {self.place}"
        try:
            response = self.session.request(
                method,
                f"{self._base}/{path}",
                params=params,
                json=body,
                headers=headers,
                auth=self._sign,
                timeout=_TIMEOUT,
                allow_redirects=False,
            )
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, UnicodeError) as error:
            raise ConfigError(f"pretix: {subject}: the request cannot be sent; check url") from error
        except requests.exceptions.SSLError as error:
            raise ConfigError(f"pretix: {subject}: TLS fails; check url, any proxy, and REQUESTS_CA_BUNDLE") from error
        except OSError as error:
            fault = "timed out" if isinstance(error, requests.Timeout) else "the connection failed"
            raise TransientError(f"pretix: no answer to {subject}: {fault}; try again later") from error
        return _read(response, subject)

    def _keep_pace(self) -> None:
        while self._bucket is not None and (wait := self._bucket.take(urgent=True)):
            self._sleep(wait)

    def _sign(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign each request; as `auth`, so that ~/.netrc cannot overwrite it."""
        prepared.headers["Authorization"] = f"Token {self._token}"
        return prepared


def lacks_right(error: RejectedError) -> bool:
    """Tell a missing right (or an event that is not there) from a thing that cannot be done."""
    return error.code == FORBIDDEN and NO_RIGHT in str(error)


def _log_retry(state: RetryCallState) -> None:
    log.info("pretix_retry", extra={"attempt": state.attempt_number, "reason": str(failure(state))})


def _read(response: requests.Response, subject: str) -> Any:
    if not 200 <= response.status_code < 300:
        raise _refusal(response, subject)
    if not response.content:
        return None
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError) as error:
        message = f"pretix: the answer to {subject} is cut off or no JSON; check url, or try again later"
        raise TransientError(message) from error


def _object(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"pretix: the answer to {path} is not pretix's; check that url leads to pretix")
    return value


def _refusal(response: requests.Response, subject: str) -> TicketPipelineError:
    status = response.status_code
    told = f"pretix: {status} for {subject}: "
    if status in _PASSING or status >= 500:
        asked = retry_after(response.headers, now=datetime.now(UTC))
        ailment = "too many requests" if status == 429 else "pretix is busy or unwell"
        return TransientError(f"{told}{ailment}; try again later", retry_after=asked)
    if status < 400:
        return ConfigError(f"{told}the address leads elsewhere; set url to the address pretix itself uses (https?)")
    if status == 401:
        return ConfigError(f"{told}the token was refused; make one in pretix (Organizer -> Teams -> API tokens)")
    said = _words(response)
    if status == 404:
        if said:
            return NotFoundError(f"{told}there is no such thing (any more)")
        return ConfigError(f"{told}pretix's API is not there; check url")
    return RejectedError(f"{told}{said or 'refused'}", code=FORBIDDEN if status == 403 else "refused")


def _words(response: requests.Response) -> str:
    """Say in pretix's words why a request was refused; empty where it says nothing."""
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return ""
    return "; ".join(_sentences(body))[:500]


def _sentences(said: Any, field: str = "") -> Iterator[str]:
    """Flatten `{"field": ["message"]}`, `{"detail": "message"}` and lists of either."""
    if isinstance(said, dict):
        for name, value in said.items():
            yield from _sentences(value, field if name in {"detail", "non_field_errors"} else str(name))
    elif isinstance(said, list):
        for value in said:
            yield from _sentences(value, field)
    elif said:
        words = " ".join(str(said).split())
        yield f"{field}: {words}" if field else words


def _place(url: str) -> tuple[str, str]:
    """Give the host, and the address without any credentials in it."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        (parts.hostname or "").encode("idna")
    except ValueError as error:
        raise ConfigError("pretix: url is no address; it looks like https://tickets.example.org") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError("pretix: url must begin with https://; it looks like https://tickets.example.org")
    return parts.hostname, f"{parts.hostname}{port}{parts.path.rstrip('/')}"


def _new_session(connections: int) -> requests.Session:
    session = requests.Session()
    session.headers["User-Agent"] = "ticket-pipeline"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=connections))
    return session
