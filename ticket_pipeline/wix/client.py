"""The client: authorised calls that are retried when it may help and say what to do when it does not."""

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from ticket_pipeline.backoff import failure, may_pass, pauses
from ticket_pipeline.wix.answer import read_answer
from ticket_pipeline.wix.auth import Auth
from ticket_pipeline.wix.budget import Budget
from ticket_pipeline.wix.request import Request
from ticket_pipeline.wix.wire import Wire

log = logging.getLogger(__name__)


class WixClient:
    """Calls Wix's REST API for one site; safe to share between threads."""

    def __init__(
        self,
        *,
        base_url: str,
        auth: Auth,
        budget: Budget,
        session: requests.Session | None = None,
        timeout: tuple[float, float] = (5.0, 30.0),
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        attempts: int = 5,
    ) -> None:
        """Keep the settings; nothing is sent yet. `timeout` is to connect and to read, in seconds.

        Raises:
            ConfigError: base_url is no http(s) address.
        """
        self._wire = Wire(
            base_url=base_url,
            who=auth.describe(),
            budget=budget,
            session=session,
            timeout=timeout,
            sleep=sleep,
        )
        self._auth = auth
        self._sleep = sleep
        self._jitter = jitter
        self._attempts = attempts

    @property
    def requests_spent(self) -> int:
        """Count every request sent to Wix: retries and tokens too."""
        return self._wire.traffic.requests

    def server_time(self) -> datetime | None:
        """Tell Wix's clock at its last answer, to the second; None before the first."""
        return self._wire.traffic.server_time

    def call(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, Any] | None = None,
        params: Sequence[tuple[str, str]] = (),
        urgent: bool = False,
    ) -> dict[str, Any]:
        """Send a request, again where it may help, and give the JSON object of the answer.

        Raises:
            ConfigError: credentials, rights, site or address are wrong; a person must act.
            TransientError: every attempt failed, or Wix asked for a longer wait than we sleep.
            NotFoundError: 404.
            RejectedError: the request will be refused again.
        """
        request = Request(method=method, path=path, json=json, params=tuple(params), urgent=urgent)
        retrying = Retrying(
            stop=stop_after_attempt(self._attempts),
            wait=pauses(self._jitter),
            retry=retry_if_exception(may_pass),
            before_sleep=_log_retry,
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(self._attempt, request)

    def _attempt(self, request: Request) -> dict[str, Any]:
        """Ask once, and once more with a new token where the old one was refused."""
        headers = self._auth.headers(self._wire)
        response = self._wire.send(request, headers)
        if response.status_code == 401 and self._auth.forget(headers):
            response = self._wire.send(request, self._auth.headers(self._wire))
        return read_answer(response, request, who=self._wire.who)


def _log_retry(state: RetryCallState) -> None:
    log.warning(
        "wix_retry",
        extra={"attempt": state.attempt_number, "seconds": state.upcoming_sleep, "reason": str(failure(state))},
    )
