"""Credentials: a key as it is; an app's token fetched once, shared, renewed early, and once on a 401."""

import threading
from typing import Any

import pytest
import requests

from ticket_pipeline.errors import ConfigError, RejectedError, TransientError
from ticket_pipeline.wix.auth import ApiKey, AppCredentials
from ticket_pipeline_tests.wix.scripted import BASE_URL, Answer, ok, refused, scene

PATH = "/events/v3/events/query"


class Clock:
    """Time as the test tells it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def token(value: str, expires_in: Any = 14_400) -> Answer:
    return ok({"access_token": value, "token_type": "Bearer", "expires_in": expires_in})


def app(clock: Clock | None = None, *, bearer: bool = False) -> AppCredentials:
    return AppCredentials("app-1", "app-secret", "instance-1", bearer, clock=clock or Clock())


def test_a_key_is_stripped_of_the_line_break_a_file_ends_in() -> None:
    stage = scene(ok({}), auth=ApiKey(api_key="key\n", site_id=" site "))
    stage.client.call("POST", PATH)
    assert stage.sent[0].headers["Authorization"] == "key"
    assert stage.sent[0].headers["wix-site-id"] == "site"


@pytest.mark.parametrize("key", ["", "  ", "two words", "schlüssel", "a\nb"])
def test_a_key_that_no_header_can_hold_is_config_and_not_shown(key: str) -> None:
    stage = scene(auth=ApiKey(api_key=key, site_id="s"))
    with pytest.raises(ConfigError, match="api_key is empty or holds blanks") as caught:
        stage.client.call("POST", PATH)
    assert not key.strip() or key not in str(caught.value)
    assert stage.sent == []


def test_a_token_is_fetched_once_and_sent_bare() -> None:
    stage = scene(token("t1"), ok({}), ok({}), auth=app())
    stage.client.call("POST", PATH)
    stage.client.call("POST", PATH)
    assert [sent.url for sent in stage.sent] == [f"{BASE_URL}/oauth2/token", BASE_URL + PATH, BASE_URL + PATH]
    assert stage.sent[0].body == {
        "grant_type": "client_credentials",
        "client_id": "app-1",
        "client_secret": "app-secret",
        "instance_id": "instance-1",
    }
    assert "Authorization" not in stage.sent[0].headers
    assert stage.sent[1].headers["Authorization"] == "t1"
    assert "wix-site-id" not in stage.sent[1].headers
    assert stage.client.requests_spent == 3


def test_the_word_bearer_can_be_put_before_the_token() -> None:
    stage = scene(token("t1"), ok({}), auth=app(bearer=True))
    stage.client.call("POST", PATH)
    assert stage.sent[1].headers["Authorization"] == "Bearer t1"


@pytest.mark.parametrize(
    ("expires_in", "lives"), [(14_400, 14_100), (None, 14_100), ("soon", 14_100), (0, 14_100), (100, 50)]
)
def test_a_token_is_renewed_before_its_end(expires_in: Any, lives: float) -> None:
    clock = Clock()
    stage = scene(token("t1", expires_in), ok({}), ok({}), token("t2"), ok({}), auth=app(clock))
    stage.client.call("POST", PATH)
    clock.now += lives - 1
    stage.client.call("POST", PATH)
    clock.now += 1
    stage.client.call("POST", PATH)
    assert [sent.headers.get("Authorization") for sent in stage.sent] == [None, "t1", "t1", None, "t2"]


def test_a_refused_token_is_renewed_once() -> None:
    stage = scene(token("t1"), refused(401), token("t2"), ok({"a": 1}), auth=app())
    assert stage.client.call("POST", PATH) == {"a": 1}
    assert stage.slept == []


def test_a_token_refused_twice_is_config() -> None:
    stage = scene(token("t1"), refused(401), token("t2"), refused(401), auth=app())
    with pytest.raises(ConfigError, match="the app app-1 on instance instance-1 was refused"):
        stage.client.call("POST", PATH)
    assert len(stage.sent) == 4


def test_a_token_that_another_thread_has_renewed_is_not_forgotten() -> None:
    stage = scene(token("t1"), ok({}), auth=(credentials := app()))
    stage.client.call("POST", PATH)
    assert credentials.forget({"Authorization": "t0"})
    assert credentials.headers(NoTransport()) == {"Authorization": "t1"}


class NoTransport:
    """Must not be needed."""

    def post(self, path: str, body: Any) -> dict[str, Any]:
        raise AssertionError(path, body)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=400, body={"error": "invalid_grant", "error_description": "no such installation"}),
        Answer(status=401, body={"error": "invalid_client"}),
        Answer(status=403, body={}),
        Answer(status=404, body={}),
    ],
)
def test_refused_credentials_are_config_and_the_secret_is_not_shown(answer: Answer) -> None:
    stage = scene(answer, auth=app())
    with pytest.raises(ConfigError, match=r"check|give it") as caught:
        stage.client.call("POST", PATH)
    assert "app-secret" not in str(caught.value)
    assert len(stage.sent) == 1


def test_a_token_that_cannot_be_had_this_time_is_tried_again() -> None:
    stage = scene(refused(503), requests.ReadTimeout(), token("t1"), ok({}), auth=app())
    stage.client.call("POST", PATH)
    assert len(stage.slept) == 2
    failing = scene(refused(503), repeat_last=True, attempts=3, auth=app())
    with pytest.raises(TransientError):
        failing.client.call("POST", PATH)
    assert failing.client.requests_spent == 3


@pytest.mark.parametrize("value", [None, "", 7, "two words"])
def test_an_answer_without_a_token_is_unexpected(value: Any) -> None:
    stage = scene(ok({"access_token": value}), auth=app())
    with pytest.raises(RejectedError) as caught:
        stage.client.call("POST", PATH)
    assert caught.value.code == "unexpected_answer"


def test_threads_share_one_token() -> None:
    stage = scene(token("t1"), ok({}), auth=app(), repeat_last=True)
    threads = [threading.Thread(target=stage.client.call, args=("POST", PATH)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(sent.url.endswith("/oauth2/token") for sent in stage.sent) == 1
    assert stage.client.requests_spent == 13
