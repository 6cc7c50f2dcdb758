"""What becomes of webhooks on their way, on purpose."""

from collections import Counter
from typing import Any

import pytest

from ticket_pipeline.sandbox.serve import running
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline.sandbox.webhooks.faults import WebhookFaultBox, WebhookFaults
from ticket_pipeline.sandbox.webhooks.webhook import Webhook
from ticket_pipeline_tests.sandbox.api import NOW, Api
from ticket_pipeline_tests.sandbox.happenings import edit_definition, made_definition, made_event
from ticket_pipeline_tests.sandbox.subscriber import Subscriber, subscriber


def inject(api: Api, **faults: Any) -> None:
    """Put webhook faults in force."""
    api.sandbox("/webhooks/faults", faults, "PUT")


def ids(receiver: Subscriber) -> Counter[str]:
    """Count what came by id."""
    return Counter(received.payload["id"] for received in receiver.received)


def test_some_are_dropped_the_same_ones_for_the_same_seed(api: Api, receiver: Subscriber) -> None:
    outcomes = []
    for _ in range(2):
        inject(api, drop=0.3, seed=4)
        receiver.forget()
        events = [made_event(api) for _ in range(40)]
        counts = api.flush()
        came = {received.payload["entityId"] for received in receiver.received}
        outcomes.append([event in came for event in events])
    assert outcomes[0] == outcomes[1]
    assert 3 < outcomes[0].count(False) < 25
    assert counts["dropped"] == 2 * outcomes[0].count(False)


def test_a_dropped_webhook_stands_in_the_log_and_can_be_sent_after_all(api: Api, receiver: Subscriber) -> None:
    inject(api, drop=1)
    made_event(api)
    counts = api.flush()
    (entry,) = api.ask("GET", "/sandbox/webhooks")["last"]
    assert (entry["status"], counts["dropped"], receiver.received) == ("dropped", 1, [])
    inject(api)
    api.sandbox("/webhooks/resend", {"id": entry["id"]})
    api.flush()
    assert ids(receiver) == {entry["id"]: 1}


def test_duplicates_keep_their_id(api: Api, receiver: Subscriber) -> None:
    inject(api, duplicate=1)
    for _ in range(5):
        made_event(api)
    assert api.flush()["duplicated"] == 5
    assert set(ids(receiver).values()) == {2}
    assert len(ids(receiver)) == 5


def test_old_data_come_back_as_if_they_were_news(api: Api, receiver: Subscriber) -> None:
    definition_id = made_definition(api)
    inject(api, old_data=1)
    for name in ("One", "Two", "Three"):
        edit_definition(api, definition_id, name=name)
    counts = api.flush()
    payloads = [received.payload for received in receiver.received if received.payload["entityId"] == definition_id]
    times = Counter(payload["entityEventSequence"] for payload in payloads)
    assert counts["outdated"] == 3
    assert len(payloads) == 7
    assert set(ids(receiver).values()) == {1}
    assert len(times) == 4
    assert max(times.values()) >= 2


def test_the_data_of_one_entity_never_come_back_for_another(api: Api, receiver: Subscriber) -> None:
    inject(api, old_data=1)
    for _ in range(3):
        made_event(api)
    assert api.flush()["outdated"] == 0
    assert len(receiver.received) == 3


def test_what_is_collected_comes_in_another_order() -> None:
    with subscriber() as receiver:
        settings = SandboxSettings(now=NOW, webhook_urls=(receiver.url,), webhook_senders=1, events=1)
        with running(settings) as sandbox:
            api = Api(sandbox.base_url)
            straight = [made_event(api) for _ in range(6)]
            api.flush()
            assert [received.payload["entityId"] for received in receiver.received] == straight
            receiver.forget()
            inject(api, reorder=3)
            made = [made_event(api) for _ in range(7)]
            api.flush()
            came = [received.payload["entityId"] for received in receiver.received]
            api.session.close()
    assert set(came[:3]) == set(made[:3])
    assert set(came[3:6]) == set(made[3:6])
    assert came[6] == made[6]
    assert came[:3] != made[:3]
    assert came[3:6] != made[3:6]


def test_each_is_held_back_by_something_between_the_two_bounds(api: Api, receiver: Subscriber) -> None:
    inject(api, least_delay_ms=100_000, most_delay_ms=200_000)
    made_event(api)
    assert not api.sandbox("/webhooks/flush", {"timeout": 0})["flushed"]
    assert receiver.received == []
    box = WebhookFaultBox(WebhookFaults(least_delay_ms=10, most_delay_ms=20, duplicate=1))
    webhook = Webhook(id="1", topic="t", entity_id="e", payload="{}")
    delays = [delay for _ in range(50) for delay in box.draw(webhook).delays]
    assert len(delays) == 100
    assert 0.01 <= min(delays) < 0.012 < 0.018 < max(delays) <= 0.02


def test_faults_can_be_kept_to_some_topics(api: Api, receiver: Subscriber) -> None:
    inject(api, drop=1, only="ticket_definition")
    made_definition(api)
    api.flush()
    assert receiver.topics == ["event_created"]


def test_faults_are_shown_and_what_is_not_named_is_off(api: Api) -> None:
    inject(api, drop=0.5)
    inject(api, reorder=2)
    shown = api.ask("GET", "/sandbox/webhooks/faults")
    assert (shown["drop"], shown["reorder"]) == (0, 2)


@pytest.mark.parametrize(
    "faults",
    [{"drp": 1}, {"drop": 2}, {"duplicate": "yes"}, {"least_delay_ms": -1}, {"reorder": -2}, {"old_data": None}],
    ids=str,
)
def test_a_fault_that_makes_no_sense_is_refused_by_name(api: Api, faults: dict[str, Any]) -> None:
    status, said = api.refused("PUT", "/sandbox/webhooks/faults", faults)
    assert status == 400
    assert said.startswith(next(iter(faults)))
