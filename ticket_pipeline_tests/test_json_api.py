"""JSON over HTTP: what is tried again, what is not, and what the errors say."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from pydantic import SecretStr
from requests.adapters import BaseAdapter

from ticket_pipeline.errors import ConfigError, NotFoundError, RejectedError, TransientError
from ticket_pipeline.json_api import Host, JsonApi, NotTakenError, credential
from ticket_pipeline_tests.audiences.ghost_stub import answer

Step = Callable[[requests.PreparedRequest], requests.Response]


class Line(BaseAdapter):
    """The other side, which answers as it is told, the last answer for ever."""

    def __init__(self, *steps: Step) -> None:
        super().__init__()
        self.steps = list(steps)
        self.requests: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        assert options["timeout"]
        self.requests.append(request)
        return (self.steps.pop(0) if len(self.steps) > 1 else self.steps[0])(request)

    def close(self) -> None:
        """Hold nothing."""


def says(status: int, body: Any = None, **headers: Any) -> Step:
    return lambda request: answer(request, {} if body is None else body, status=status, **headers)


def cut(_: requests.PreparedRequest) -> requests.Response:
    raise requests.ConnectionError("cut")


def sign(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    prepared.headers["X-Key"] = "top-secret"
    return prepared


def api(line: Line, slept: list[float] | None = None, **how: Any) -> JsonApi:
    session = requests.Session()
    session.mount("https://", line)
    usual: dict[str, Any] = {"credentials": "check key", "words": lambda body: str(body.get("said", "")), "sign": sign}
    host = Host(kind="shop", base_url="https://shop.test/v1", **{**usual, **how})
    return JsonApi(host, session, sleep=(slept if slept is not None else []).append, jitter=lambda: 0.5)


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (says(400, {"said": "no"}), RejectedError),
        (says(401), ConfigError),
        (says(403), ConfigError),
        (says(404), NotFoundError),
        (says(301, Location="https://evil.test"), ConfigError),
        (says(429), NotTakenError),
        (says(503), TransientError),
        (lambda request: answer(request, None, raw=b'{"cut'), TransientError),
        (cut, TransientError),
    ],
)
def test_an_error_says_what_to_do_and_no_secret(step: Step, kind: type[Exception]) -> None:
    line = Line(step)
    with pytest.raises(kind) as caught:
        api(line).call("GET", "/things", params={"page": "2"})
    assert type(caught.value) is kind
    assert str(caught.value).startswith("shop: ")
    assert "top-secret" not in str(caught.value)
    assert line.requests[0].headers["X-Key"] == "top-secret"


def test_a_refusal_is_a_setting_to_mend_where_the_host_refuses_nothing_by_itself() -> None:
    with pytest.raises(ConfigError, match="no such order"):
        api(Line(says(400, {"said": "no such order"})), rejects=False).call("GET", "/things")


def test_what_may_pass_is_tried_again() -> None:
    line, slept = Line(cut, says(502), says(429, Retry_After="5"), says(200, {"fine": 1})), list[float]()
    assert api(line, slept).call("GET", "/things") == {"fine": 1}
    assert (len(line.requests), slept[2]) == (4, 5.5)


@pytest.mark.parametrize(("first", "sent"), [(cut, 1), (says(504), 1), (says(429), 2)])
def test_what_must_not_be_sent_twice_is_sent_again_only_if_it_was_not_looked_at(first: Step, sent: int) -> None:
    line = Line(first, says(200, {"made": 1}))
    if sent == 1:
        with pytest.raises(TransientError):
            api(line).call("POST", "/things", body={"a": 1}, once=True)
    else:
        assert api(line).call("POST", "/things", body={"a": 1}, once=True) == {"made": 1}
    assert len(line.requests) == sent


def test_a_429_without_a_word_waits_as_long_as_the_host_is_known_to() -> None:
    slept: list[float] = []
    with pytest.raises(TransientError) as caught:
        api(Line(says(429)), slept, slow_down=3600.0).call("GET", "/things")
    assert (caught.value.retry_after, slept) == (3600.0, [])


def test_addresses_in_the_other_side_s_words_are_not_handed_on() -> None:
    with pytest.raises(RejectedError) as caught:
        api(Line(says(400, {"said": "anna@example.org is\nno member"}))).call("GET", "/things")
    assert str(caught.value) == "shop: 400 for GET /things: … is no member"


def test_amounts_are_read_digit_by_digit() -> None:
    line = Line(lambda request: answer(request, None, raw=b'{"price": 100000000.01}'))
    assert str(api(line).object("GET", "/things")["price"]) == "100000000.01"
    with pytest.raises(ConfigError, match="not what is documented"):
        api(Line(says(200, [1]))).object("GET", "/things")


def test_an_empty_answer_is_none() -> None:
    assert api(Line(lambda request: answer(request, None, status=204, raw=b""))).call("DELETE", "/things/1") is None


@pytest.mark.parametrize("secret", ["", " ", "a b", "line\nbreak", "ключ"])
def test_a_secret_that_cannot_stand_in_a_header_is_refused_unseen(secret: str) -> None:
    with pytest.raises(ConfigError, match="shop: key") as caught:
        credential(SecretStr(secret), kind="shop", setting="key")
    assert not secret.strip() or secret not in str(caught.value)


def test_blanks_around_a_secret_are_nobody_s_intent() -> None:
    assert credential(SecretStr(" abc\n"), kind="shop", setting="key") == "abc"
