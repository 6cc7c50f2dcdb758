"""A Wix that answers from a script, at the transport: no socket is opened and nothing sleeps."""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from ticket_pipeline.wix.auth import ApiKey, Auth
from ticket_pipeline.wix.budget import Budget
from ticket_pipeline.wix.client import WixClient

BASE_URL = "https://wix.test"
API_KEY = "IST.secret-key"
SITE_ID = "site-1"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One scripted answer; `raw` wins over `body`."""

    status: int = 200
    body: Any = None
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


Step = Answer | Exception | Callable[[requests.PreparedRequest], "Answer"]


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One request as it went out."""

    method: str
    url: str
    headers: CaseInsensitiveDict[str]
    body: Any
    timeout: Any


class ScriptedAdapter(BaseAdapter):
    """Plays one step per request; the last step repeats when asked to."""

    def __init__(self, steps: Iterable[Step], *, repeat_last: bool = False) -> None:
        super().__init__()
        self._steps = list(steps)
        self._repeat_last = repeat_last
        self._lock = threading.Lock()
        self.sent: list[Sent] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        with self._lock:
            self.sent.append(_sent(request, options.get("timeout")))
            keep = self._repeat_last and len(self._steps) == 1
            step = self._steps[0] if keep else self._steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return _response(request, step if isinstance(step, Answer) else step(request))

    def close(self) -> None:
        """Hold nothing."""


class OpenBudget:
    """A budget without end that notes how it was asked."""

    def __init__(self) -> None:
        self.asked: list[bool] = []

    def take(self, *, urgent: bool = False) -> float:
        self.asked.append(urgent)
        return 0.0


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A client, what it sent and what it slept."""

    client: WixClient
    adapter: ScriptedAdapter
    slept: list[float]

    @property
    def sent(self) -> list[Sent]:
        return self.adapter.sent


def scene(
    *steps: Step,
    auth: Auth | None = None,
    budget: Budget | None = None,
    attempts: int = 5,
    repeat_last: bool = False,
) -> Scene:
    """Set up a client whose Wix answers with these steps; jitter is always a half."""
    adapter = ScriptedAdapter(steps, repeat_last=repeat_last)
    session = requests.Session()
    session.mount("https://", adapter)
    slept: list[float] = []
    client = WixClient(
        base_url=BASE_URL,
        auth=auth or ApiKey(api_key=API_KEY, site_id=SITE_ID),
        budget=budget or OpenBudget(),
        session=session,
        sleep=slept.append,
        jitter=lambda: 0.5,
        attempts=attempts,
    )
    return Scene(client=client, adapter=adapter, slept=slept)


def ok(body: Any, **headers: str) -> Answer:
    """Answer 200 with this JSON."""
    return Answer(body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def refused(status: int, code: str | None = None, description: str = "no", **headers: str) -> Answer:
    """Answer as Wix refuses."""
    error = {"applicationError": {"code": code, "description": description, "data": {}}} if code else {}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, body={"message": "", "details": error}, headers=names)


def _sent(request: requests.PreparedRequest, timeout: Any) -> Sent:
    body = json.loads(request.body) if request.body else None
    return Sent(
        method=request.method or "",
        url=request.url or "",
        headers=request.headers.copy(),
        body=body,
        timeout=timeout,
    )


def _response(request: requests.PreparedRequest, answer: Answer) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    response.headers = CaseInsensitiveDict(answer.headers)
    response.url = request.url or ""
    response.request = request
    content = answer.raw if answer.raw is not None else json.dumps(answer.body).encode()
    response._content = content
    return response
