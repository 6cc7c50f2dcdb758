"""The client: retries what may pass, stops at what may not, and says what to do."""

import logging
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from ticket_pipeline.errors import ConfigError, NotFoundError, RejectedError, TransientError
from ticket_pipeline.wix.auth import ApiKey
from ticket_pipeline.wix.client import WixClient
from ticket_pipeline_tests.wix.scripted import (
    API_KEY,
    BASE_URL,
    Answer,
    OpenBudget,
    Step,
    ok,
    refused,
    scene,
)

QUERY = "/events/v3/ticket-definitions/query"


def test_a_call_sends_what_was_asked_and_gives_the_object() -> None:
    stage = scene(ok({"event": {}}))
    params = [("fields", "REGISTRATION"), ("fields", "URLS")]
    assert stage.client.call("GET", "/events/v3/events/e", params=params) == {"event": {}}
    (sent,) = stage.sent
    assert (sent.method, sent.url) == ("GET", f"{BASE_URL}/events/v3/events/e?fields=REGISTRATION&fields=URLS")
    assert (sent.headers["Authorization"], sent.headers["wix-site-id"]) == (API_KEY, "site-1")
    assert sent.timeout == (5.0, 30.0)


@pytest.mark.parametrize(
    "failure",
    [
        refused(429),
        refused(500),
        refused(503),
        refused(504),
        refused(408),
        requests.ConnectTimeout(),
        requests.ReadTimeout(),
        requests.ConnectionError("refused"),
        requests.exceptions.ChunkedEncodingError(),
        Answer(raw=b'{"ticketDefinitions": [{"id"'),
        Answer(raw=b"<html>busy</html>"),
        Answer(raw=b""),
        Answer(raw=b'{"value": NaN}'),
        Answer(raw=b"\xff\xfe"),
        Answer(raw=b"[" * 100_000),
    ],
)
def test_what_may_pass_is_tried_again(failure: Step) -> None:
    stage = scene(failure, ok({"a": 1}))
    assert stage.client.call("POST", QUERY, json={}) == {"a": 1}
    assert stage.slept == [1.0]
    assert stage.client.requests_spent == 2
    assert [sent.body for sent in stage.sent] == [{}, {}]


def test_waits_double_and_the_last_failure_is_raised() -> None:
    stage = scene(refused(503), attempts=5, repeat_last=True)
    with pytest.raises(TransientError, match=r"503 for POST .*Wix is unwell; try again later"):
        stage.client.call("POST", QUERY, json={})
    assert stage.slept == [1.0, 2.0, 4.0, 8.0]
    assert stage.client.requests_spent == 5


def test_retry_after_is_honoured_and_carried() -> None:
    stage = scene(refused(429, Retry_After="7"), repeat_last=True, attempts=2)
    with pytest.raises(TransientError, match="too many requests") as caught:
        stage.client.call("POST", QUERY, json={})
    assert stage.slept == [7.5]
    assert caught.value.retry_after == 7.0


def test_retry_after_as_a_date_is_honoured() -> None:
    headers = {"Retry_After": "Mon, 01 Jun 2026 12:00:09 GMT", "Date": "Mon, 01 Jun 2026 12:00:00 GMT"}
    stage = scene(refused(503, **headers), ok({}))
    stage.client.call("POST", QUERY, json={})
    assert stage.slept == [9.5]


def test_a_wait_longer_than_we_sleep_is_left_to_the_next_run() -> None:
    stage = scene(refused(429, Retry_After="3600"))
    with pytest.raises(TransientError) as caught:
        stage.client.call("POST", QUERY, json={})
    assert (stage.slept, caught.value.retry_after) == ([], 3600.0)


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [
        (
            refused(401, x_wix_request_id="r-1"),
            ConfigError,
            f"wix: 401 for POST {QUERY}: the API key for site site-1 was refused; check that the secret is whole, "
            "not revoked, and belongs to that site (request id r-1)",
        ),
        (
            refused(403, x_wix_request_id="r-1"),
            ConfigError,
            f"wix: 403 for POST {QUERY}: the API key for site site-1 may not read ticket definitions; "
            "check that it belongs to that site, and give it "
            '"Manage Ticket Definitions" (SCOPE.DC-EVENTS.MANAGE-TICKET-DEF; none only reads them); drafts and '
            "their tickets need the permission WIX_EVENTS.READ_DRAFT_EVENTS too (request id r-1)",
        ),
        (
            refused(428, "WIX_EVENTS_APP_NOT_INSTALLED"),
            ConfigError,
            f"wix: 428 for POST {QUERY}: Wix Events is not installed on the site of the API key for site site-1; "
            "install it there, or name another site",
        ),
        (
            refused(302, Location="https://elsewhere.test"),
            ConfigError,
            f"wix: 302 for POST {QUERY}: the address leads elsewhere; set base_url to where the API is",
        ),
        (refused(404), NotFoundError, f"wix: 404 for POST {QUERY}: there is no such thing (any more)"),
        (
            refused(400, "FILTER_PARSER_ERROR", "bad filter"),
            RejectedError,
            f"wix: 400 for POST {QUERY}: FILTER_PARSER_ERROR: bad filter",
        ),
        (refused(409), RejectedError, f"wix: 409 for POST {QUERY}: refused"),
    ],
)
def test_what_will_not_pass_is_raised_at_once_with_what_to_do(answer: Answer, error: type, sentence: str) -> None:
    stage = scene(answer)
    with pytest.raises(error) as caught:
        stage.client.call("POST", QUERY, json={})
    assert str(caught.value) == sentence
    assert len(stage.sent) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refused(400, "FILTER_PARSER_ERROR"), "FILTER_PARSER_ERROR"),
        (refused(428, "INVALID_SALE_PERIOD"), "INVALID_SALE_PERIOD"),
        (refused(409), "http_409"),
        (refused(501), "http_501"),
        (Answer(status=400, raw=b"<html>"), "http_400"),
        (Answer(status=400, body=["odd"]), "http_400"),
        (Answer(status=400, body={"details": {"applicationError": {"code": 7}}}), "http_400"),
        (refused(404), "not_found"),
        (ok(["no", "object"]), "unexpected_answer"),
    ],
)
def test_a_refusal_carries_wixs_code_or_the_status(answer: Answer, code: str) -> None:
    with pytest.raises(RejectedError) as caught:
        scene(answer).client.call("POST", QUERY, json={})
    assert caught.value.code == code


def test_a_validation_error_names_the_fields() -> None:
    violations = [{"field": "query.paging.limit", "description": "must be at most 1000"}, "odd"]
    body = {"message": "", "details": {"validationError": {"fieldViolations": violations}}}
    with pytest.raises(RejectedError, match=r"query\.paging\.limit must be at most 1000"):
        scene(Answer(status=400, body=body)).client.call("POST", QUERY, json={})


def test_403_for_events_names_the_scope_of_events() -> None:
    with pytest.raises(
        ConfigError, match=r"may not read events; check that it belongs to that site, and give it \"Read Events\""
    ):
        scene(refused(403)).client.call("POST", "/events/v3/events/query", json={})


def test_no_secret_reaches_an_error_or_a_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="ticket_pipeline")
    for step in (refused(401), refused(403), refused(500), requests.ConnectionError(API_KEY)):
        with pytest.raises((ConfigError, TransientError)) as caught:
            scene(step, repeat_last=True, attempts=2).client.call("POST", QUERY, json={})
        assert API_KEY not in str(caught.value)
    assert API_KEY not in "".join(str(record.__dict__) for record in caplog.records if not record.exc_info)
    assert API_KEY not in repr(ApiKey(api_key=API_KEY, site_id="s"))


def test_each_exchange_is_logged_with_its_fields(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="ticket_pipeline.wix")
    scene(refused(503), requests.ReadTimeout(), ok({}, x_wix_request_id="r-9")).client.call("POST", QUERY, json={})
    seen: list[Any] = [record.__dict__ for record in caplog.records]
    assert [each["msg"] for each in seen] == [
        "wix_request",
        "wix_retry",
        "wix_no_answer",
        "wix_retry",
        "wix_request",
    ]
    last = seen[-1]
    assert (last["method"], last["path"], last["status"], last["request_id"]) == ("POST", QUERY, 200, "r-9")
    assert last["seconds"] >= 0


def test_the_servers_clock_is_read_from_the_last_answer() -> None:
    stage = scene(ok({}, Date="Mon, 01 Jun 2026 12:00:00 GMT"), ok({}, Date="nonsense"))
    assert stage.client.server_time() is None
    stage.client.call("POST", QUERY, json={})
    stage.client.call("POST", QUERY, json={})
    assert stage.client.server_time() == datetime(2026, 6, 1, 12, tzinfo=UTC)


class TightBudget:
    """Lets every second question through."""

    def __init__(self) -> None:
        self.asked: list[bool] = []

    def take(self, *, urgent: bool = False) -> float:
        self.asked.append(urgent)
        return 0.25 if len(self.asked) % 2 else 0.0


def test_the_budget_is_asked_before_each_attempt_and_waited_for() -> None:
    budget = TightBudget()
    stage = scene(refused(500), ok({}), budget=budget)
    stage.client.call("POST", QUERY, json={}, urgent=True)
    assert budget.asked == [True] * 4
    assert stage.slept == [0.25, 1.0, 0.25]


def test_threads_share_one_client() -> None:
    stage = scene(ok({"a": 1}), repeat_last=True)
    threads = [
        threading.Thread(target=lambda: [stage.client.call("POST", QUERY, json={}) for _ in range(25)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stage.client.requests_spent == 200


@pytest.mark.parametrize(
    "base_url",
    ["", "www.wixapis.com", "ftp://wix.test", "https://", "https://wix.test:port", f"https://{'a' * 70}.test"],
)
def test_a_base_url_that_is_no_address_is_refused_at_once(base_url: str) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        WixClient(base_url=base_url, auth=ApiKey(api_key="k", site_id="s"), budget=OpenBudget())
