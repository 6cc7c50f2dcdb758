"""The way to Wix: one HTTP exchange at a time, within the budget, timed, counted and logged."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from ticket_pipeline.backoff import http_date
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.tracing import span
from ticket_pipeline.wix.answer import read_answer, request_id
from ticket_pipeline.wix.budget import Budget
from ticket_pipeline.wix.failure import no_answer
from ticket_pipeline.wix.request import Request

log = logging.getLogger(__name__)

#: Connections kept open; more threads than this still work, they open their own.
_POOL = 16


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """What has been sent so far, and the server's clock at the last answer."""

    requests: int = 0
    server_time: datetime | None = None


class Wire:
    """Sends requests to one host; safe to share between threads."""

    def __init__(
        self,
        *,
        base_url: str,
        who: str,
        budget: Budget,
        session: requests.Session | None = None,
        timeout: tuple[float, float],
        sleep: Callable[[float], None],
    ) -> None:
        """Keep the way; nothing is sent yet. `who` names the credentials in errors.

        Raises:
            ConfigError: base_url is no http(s) address.
        """
        self.host = _host(base_url)
        self.who = who
        self._base_url = base_url.rstrip("/")
        self._budget = budget
        self._session = session or _new_session()
        self._timeout = timeout
        self._sleep = sleep
        self._lock = threading.Lock()
        self._traffic = Traffic()

    @property
    def traffic(self) -> Traffic:
        """Tell what has been sent so far."""
        return self._traffic

    def send(self, request: Request, headers: Mapping[str, str]) -> requests.Response:
        """Wait for the budget, send once, and give whatever status came back.

        Raises:
            ConfigError: there can be no answer from this address.
            TransientError: there was none this time.
        """
        while (wait := self._budget.take(urgent=request.urgent)) > 0:
            self._sleep(wait)
        started = time.monotonic()
        with span("wix.request", method=request.method, path=request.path) as note:
            response = self._exchange(request, headers)
            note(status=response.status_code)
        seconds = round(time.monotonic() - started, 3)
        self._count(server_time=http_date(response.headers.get("Date", "")))
        log.info("wix_request", extra=_fields(request, response.status_code, seconds, request_id(response)))
        return response

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send a body without credentials in the header, once, and give the answer: how tokens are fetched.

        Raises:
            ConfigError, TransientError, RejectedError: as `read_answer` and `send` say.
        """
        request = Request(method="POST", path=path, json=body, urgent=True)
        return read_answer(self.send(request, {}), request, who=self.who)

    def _exchange(self, request: Request, headers: Mapping[str, str]) -> requests.Response:
        started = time.monotonic()
        try:
            return self._session.request(
                request.method,
                self._base_url + request.path,
                params=request.params,
                json=request.json,
                headers={"Accept": "application/json", **headers},
                auth=_as_it_is,
                timeout=self._timeout,
                allow_redirects=False,
            )
        except OSError as error:
            self._count()
            seconds = round(time.monotonic() - started, 3)
            log.warning("wix_no_answer", extra=_fields(request, type(error).__name__, seconds, None))
            raise no_answer(error, request, host=self.host) from error

    def _count(self, *, server_time: datetime | None = None) -> None:
        with self._lock:
            self._traffic = Traffic(
                requests=self._traffic.requests + 1,
                server_time=server_time or self._traffic.server_time,
            )


def _fields(request: Request, status: int | str, seconds: float, identity: str | None) -> dict[str, Any]:
    return {
        "method": request.method,
        "path": request.path,
        "status": status,
        "seconds": seconds,
        "request_id": identity,
    }


def _as_it_is(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave the headers alone; without this, requests lets ~/.netrc overwrite Authorization."""
    return prepared


def _new_session() -> requests.Session:
    """Open a session for many threads: no cookies, and no retries below ours."""
    session = requests.Session()
    session.headers["User-Agent"] = "ticket-pipeline"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=_POOL, max_retries=0))
    return session


def _host(base_url: str) -> str:
    """Give the host and port of an address, without any credentials in it."""
    try:
        parts = urlsplit(base_url)
        port = f":{parts.port}" if parts.port else ""
        # requests lets what urllib3 says about such a name escape.
        (parts.hostname or "").encode("idna")
    except ValueError as error:
        raise ConfigError("wix: base_url is no address; the default is https://www.wixapis.com") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError("wix: base_url must begin with https://; the default is https://www.wixapis.com")
    return f"{parts.hostname}{port}"
