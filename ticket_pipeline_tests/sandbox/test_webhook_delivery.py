"""Webhooks on their way: answered, repeated, lost; subscribed to; kept over a restart."""

import json
import socket
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import requests

from ticket_pipeline.sandbox.serve import running
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline.sandbox.webhooks.faults import WebhookFaults
from ticket_pipeline.sandbox.webhooks.senders import deliver
from ticket_pipeline_tests.sandbox.api import NOW, Api, Clock
from ticket_pipeline_tests.sandbox.happenings import edit_event, made_event
from ticket_pipeline_tests.sandbox.subscriber import Subscriber, subscriber

#: A minute of Wix's is 60 microseconds, the 47 hours are 170 milliseconds.
HASTE = 1e-6


def status_of(api: Api) -> Any:
    """Show the newest entry of the log."""
    return api.ask("GET", "/sandbox/webhooks?last=1")["last"][0]


def test_what_is_answered_200_is_done(api: Api, receiver: Subscriber) -> None:
    event_id = made_event(api)
    counts = api.flush(resends=True)
    assert (counts["delivered"], counts["failed"], counts["queued"]) == (1, 0, 0)
    shown = status_of(api)
    assert (shown["status"], shown["answer"], shown["entityId"]) == ("delivered", 200, event_id)
    assert (shown["eventType"], shown["url"]) == ("wix.events.v3.event_created", receiver.url)


@pytest.mark.parametrize("answer", [201, 204, 302, 400, 401, 500, 503])
def test_anything_but_200_is_a_failure_and_waits(api: Api, receiver: Subscriber, answer: int) -> None:
    receiver.answers = [answer]
    made_event(api)
    counts = api.flush()
    assert (counts["failed"], counts["waiting"], counts["delivered"], len(receiver.received)) == (1, 1, 0, 1)
    assert (status_of(api)["status"], status_of(api)["answer"]) == ("waiting", answer)


def test_what_waits_can_be_sent_again_now_and_is_the_same(api: Api, receiver: Subscriber) -> None:
    receiver.answers = [503]
    event_id = made_event(api)
    api.flush()
    edit_event(api, event_id, title="Meanwhile")
    api.flush()
    assert api.sandbox("/webhooks/resend") == {"resent": 1}
    counts = api.flush(resends=True)
    first, edited, again = receiver.received
    assert first.payload == again.payload
    assert edited.payload["id"] != first.payload["id"]
    assert (counts["delivered"], counts["failed"], counts["waiting"]) == (2, 1, 0)


def test_one_webhook_can_be_sent_again_though_it_was_taken(api: Api, receiver: Subscriber) -> None:
    made_event(api)
    api.flush()
    assert api.sandbox("/webhooks/resend", {"id": receiver.received[0].payload["id"]}) == {"resent": 1}
    api.flush()
    first, again = receiver.received
    assert first.payload == again.payload
    assert api.refused("POST", "/sandbox/webhooks/resend", {"id": "nobody"})[0] == 404


def test_nobody_there_is_a_failure_too(api: Api) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
        api.sandbox("/webhooks/subscriptions", {"url": url})
        made_event(api)
        assert api.flush()["failed"] == 1
    assert status_of(api)["answer"] == "unreachable"


def test_no_answer_in_time_is_a_failure_and_so_is_a_late_one() -> None:
    with subscriber() as sleeper, requests.Session() as session:
        sleeper.awake.clear()
        assert deliver(session, sleeper.url, "token", patience=0.02) == "timeout"
        sleeper.awake.set()
        assert deliver(session, sleeper.url, "token") == 200
        assert deliver(session, sleeper.url, "token", patience=1e-9) == "timeout"


def test_a_failing_subscriber_gets_it_until_it_takes_it() -> None:
    with subscriber() as receiver:
        settings = SandboxSettings(now=NOW, resend_scale=HASTE, webhook_urls=(receiver.url,), events=1)
        receiver.answers = [503, 500, 302]
        with running(settings) as sandbox:
            api = Api(sandbox.base_url)
            made_event(api)
            counts = api.flush(resends=True)
            api.session.close()
        assert (counts["delivered"], counts["failed"], counts["lost"]) == (1, 3, 0)
        assert len({received.payload["id"] for received in receiver.received}) == 1
        assert len(receiver.received) == 4


@pytest.mark.parametrize("anew", [True, False])
def test_after_thirteen_attempts_it_is_lost(anew: bool) -> None:
    ticks = iter(range(10**6))
    with subscriber() as receiver:
        receiver.answers = [503] * 20
        settings = SandboxSettings(
            now=NOW, resend_scale=HASTE, webhook_urls=(receiver.url,), events=1, webhooks_signed_anew=anew
        )
        with running(
            settings, clock=lambda: NOW.replace(microsecond=0).fromtimestamp(next(ticks), NOW.tzinfo)
        ) as sandbox:
            api = Api(sandbox.base_url)
            made_event(api)
            counts = api.flush(resends=True)
            shown = status_of(api)
            api.session.close()
        assert (counts["delivered"], counts["failed"], counts["lost"], counts["waiting"]) == (0, 13, 1, 0)
        assert (shown["status"], shown["failures"]) == ("lost", 13)
        tokens = [received.token for received in receiver.received]
        assert len(tokens) == 13
        assert len(set(tokens)) == (13 if anew else 1)
        assert len({str(received.payload) for received in receiver.received}) == 1


def test_what_is_pending_survives_a_restart(tmp_path: Path) -> None:
    settings = SandboxSettings(database=tmp_path / "world.db", now=NOW, events=1, webhooks_signed_anew=False)
    with subscriber() as receiver:
        receiver.answers = [503, 503]
        with running(settings) as sandbox:
            api = Api(sandbox.base_url)
            api.sandbox("/webhooks/subscriptions", {"url": receiver.url})
            made_event(api)
            assert api.flush()["waiting"] == 1
            api.session.close()
        for expected in (1, 0):
            with running(settings) as sandbox:
                api = Api(sandbox.base_url)
                assert api.ask("GET", "/sandbox/webhooks/subscriptions") == {"subscriptions": [receiver.url]}
                assert status_of(api)["status"] == "waiting"
                api.sandbox("/webhooks/resend")
                assert api.flush()["waiting"] == expected
                api.session.close()
        with running(settings) as sandbox:
            assert sandbox.desk.webhooks.document(9)["last"] == []
        assert len({received.token for received in receiver.received}) == 1
        assert len(receiver.received) == 3


def test_what_was_never_tried_survives_a_restart_too(tmp_path: Path) -> None:
    with subscriber() as receiver:
        late = WebhookFaults(least_delay_ms=1e6, most_delay_ms=2e6)
        settings = SandboxSettings(
            database=tmp_path / "world.db", now=NOW, events=1, webhook_urls=(receiver.url,), webhook_faults=late
        )
        with running(settings) as sandbox:
            api = Api(sandbox.base_url)
            event_id = made_event(api)
            api.session.close()
        with running(settings) as sandbox:
            api = Api(sandbox.base_url)
            entry = status_of(api)
            assert (entry["status"], entry["entityId"], receiver.received) == ("queued", event_id, [])
            api.sandbox("/webhooks/resend", {"id": entry["id"]})
            api.flush()
            api.session.close()
        assert [received.payload["id"] for received in receiver.received] == [entry["id"]]


def test_a_reset_forgets_what_was_under_way_but_nobody_who_subscribed(api: Api, receiver: Subscriber) -> None:
    receiver.answers = [503]
    made_event(api)
    api.flush()
    api.sandbox("/reset")
    shown = api.ask("GET", "/sandbox/webhooks")
    assert set(shown["counts"].values()) == {0}
    assert (shown["last"], shown["subscriptions"]) == ([], [receiver.url])
    made_event(api)
    assert api.flush(resends=True)["delivered"] == 1


def test_who_has_unsubscribed_gets_nothing_more_not_even_what_was_pending(api: Api, receiver: Subscriber) -> None:
    receiver.answers = [503]
    made_event(api)
    api.flush()
    with subscriber() as other:
        api.sandbox("/webhooks/subscriptions", {"url": other.url})
        api.sandbox("/webhooks/subscriptions", {"url": receiver.url}, "DELETE")
        made_event(api)
        counts = api.flush(resends=True)
        api.sandbox("/webhooks/subscriptions", {"url": receiver.url})
        assert (len(receiver.received), len(other.received), counts["waiting"]) == (1, 1, 0)


def test_each_subscriber_gets_the_same_once(api: Api, receiver: Subscriber) -> None:
    with subscriber() as other:
        for _ in range(2):
            api.sandbox("/webhooks/subscriptions", {"url": other.url})
        made_event(api)
        assert api.flush()["delivered"] == 2
        assert [received.payload for received in receiver.received] == [received.payload for received in other.received]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8787/webhooks/wix",
        "http://localhost/webhooks/box_office",
        "https://[::1]:443",
        "http://127.1.2.3/?a=b",
    ],
)
def test_an_address_on_this_machine_may_subscribe(api: Api, url: str) -> None:
    assert api.sandbox("/webhooks/subscriptions", {"url": url}) == {"subscriptions": [url]}


@pytest.mark.parametrize(
    "url",
    [
        None,
        7,
        "",
        "localhost",
        "ftp://localhost/",
        "http://example.com/",
        "http://127.0.0.1.example.com/",
        "http://localhost.example.com/",
        "http://127.0.0.1@example.com/",
        "http://example.com\\@127.0.0.1/",
        "http://127.0.0.1\\@example.com/",
        "http://example.com#@127.0.0.1/",
        "http://10.0.0.1/",
        "http://0.0.0.0/",
        "http://2130706433/",
        "http://127.0.0.1/\r\nHost: example.com",
        "http://127.0.0.1/a b",
        "http://localhost/\n",
        "http://localhost/" + "x" * 2000,
    ],
    ids=repr,
)
def test_any_other_address_is_refused(api: Api, url: Any) -> None:
    answer = api.call("POST", "/sandbox/webhooks/subscriptions", {"url": url})
    assert answer.status_code == 400
    assert "not an address on this machine" in answer.json()["message"]
    assert api.refused("DELETE", "/sandbox/webhooks/subscriptions", {"url": url})[0] == 404


def test_settings_may_not_name_another_machine_either() -> None:
    with pytest.raises(ValueError, match="not an address on this machine"):
        running(SandboxSettings(webhook_urls=("http://example.com/",), events=1))


def test_a_flush_gives_up_in_time(api: Api, receiver: Subscriber) -> None:
    receiver.awake.clear()
    made_event(api)
    answer = api.sandbox("/webhooks/flush", {"timeout": 0.05})
    receiver.awake.set()
    assert (answer["flushed"], answer["counts"]["sending"]) == (False, 1)


def test_while_somebody_waits_for_a_flush_the_sandbox_goes_on_answering(api: Api, receiver: Subscriber) -> None:
    with closing(HTTPConnection(api.base_url.removeprefix("http://"), timeout=10)) as waiter:
        waiter.request("GET", "/sandbox/webhooks/subscriptions")
        waiter.getresponse().read()
        receiver.awake.clear()
        made_event(api)
        waiter.request("POST", "/sandbox/webhooks/flush", '{"timeout": 1}')
        assert api.named("Crew")
        receiver.awake.set()
        assert json.loads(waiter.getresponse().read())["flushed"]


@pytest.mark.parametrize("timeout", [-1, 61, "long", True, None])
def test_a_flush_can_not_wait_for_ever(api: Api, timeout: Any) -> None:
    assert api.refused("POST", "/sandbox/webhooks/flush", {"timeout": timeout})[0] == 400


def test_a_sale_starts_at_its_instant_though_nobody_asks(receiver: Subscriber, clock: Clock) -> None:
    clock.forward(minutes=10)
    receiver.wait_for(1)
    assert receiver.topics == ["ticket_definition_sale_started"]


def test_a_resend_comes_by_itself() -> None:
    with subscriber() as receiver:
        settings = SandboxSettings(now=NOW, resend_scale=1e-4, webhook_urls=(receiver.url,), events=1)
        receiver.answers = [503]
        with running(settings) as sandbox:
            own = Api(sandbox.base_url)
            made_event(own)
            receiver.wait_for(2)
            own.session.close()


def test_nothing_is_kept_for_nobody(api: Api) -> None:
    made_event(api)
    assert api.ask("GET", "/sandbox/webhooks")["last"] == []
