"""Every webhook that can move a number, as Wix sends it and as it is kept, has the right counters read again."""

from typing import Any

import pytest

from ticket_pipeline.flows.touched import RESERVATION_DELETED, Touched, recalled, touched
from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.store import inbox
from ticket_pipeline.webhooks.unwrap import unwrap
from ticket_pipeline_tests.flows.stage import Stage
from ticket_pipeline_tests.sandbox.api import NOW, Api
from ticket_pipeline_tests.sandbox.conftest import receiver
from ticket_pipeline_tests.sandbox.happenings import HAPPENINGS
from ticket_pipeline_tests.sandbox.subscriber import Subscriber

__all__ = ["receiver"]

DEFINITION, EVENT = "wix.events.v3.ticket_definition_", "wix.events.v3.event_"
ORDER, RESERVATION = "wix.events.ticketing.events.Order", "wix.events.v1.ticket_reservation_"


def webhooks(api: Api, receiver: Subscriber, topic: str) -> list[Envelope]:
    """Bring a topic about; give all webhooks that were sent, as they are kept, that of the topic last."""
    HAPPENINGS[topic](api)
    api.flush()
    kept = [unwrap(each.claims) for each in receiver.received]
    return sorted(kept, key=lambda each: each.topic == topic)


def ids(api: Api, *names: str) -> frozenset[str]:
    return frozenset(api.named(name)["id"] for name in names)


@pytest.mark.parametrize("topic", [each for each in HAPPENINGS if each.startswith(DEFINITION)])
def test_a_definition_is_read_again(api: Api, receiver: Subscriber, topic: str) -> None:
    envelope = webhooks(api, receiver, topic)[-1]
    assert envelope.entity_id is not None
    assert touched(envelope) == Touched(definition_ids=frozenset({envelope.entity_id}))


@pytest.mark.parametrize("topic", [each for each in HAPPENINGS if each.startswith(EVENT)])
def test_all_counters_of_an_event_are_read_again(api: Api, receiver: Subscriber, topic: str) -> None:
    envelope = webhooks(api, receiver, topic)[-1]
    assert touched(envelope) == Touched(event_id=envelope.entity_id)


@pytest.mark.parametrize("word", ["Confirmed", "Updated", "Deleted"])
def test_the_definitions_of_an_order_are_read_again(api: Api, receiver: Subscriber, word: str) -> None:
    assert touched(webhooks(api, receiver, ORDER + word)[-1]).definition_ids == ids(api, "Livestream", "Family")


def test_an_order_without_tickets_has_its_event_read_again(api: Api, receiver: Subscriber) -> None:
    event_id: Any = api.named("Livestream")["eventId"]
    assert touched(webhooks(api, receiver, ORDER + "Initiated")[-1]) == Touched(event_id=event_id)


def test_a_hold_is_read_again_when_it_runs_out(api: Api, receiver: Subscriber) -> None:
    what = touched(webhooks(api, receiver, RESERVATION + "created")[-1])
    assert what.definition_ids == ids(api, "Livestream")
    assert what.again_at is not None
    assert what.again_at > NOW


def test_a_hold_that_was_given_back_is_read_again_now_only(api: Api, receiver: Subscriber) -> None:
    what = touched(webhooks(api, receiver, RESERVATION + "updated")[-1])
    assert what == Touched(definition_ids=ids(api, "Livestream"))


def test_a_hold_that_was_deleted_is_recalled(api: Api, receiver: Subscriber, stage: Stage) -> None:
    landed = webhooks(api, receiver, RESERVATION_DELETED)
    with stage.site.state.writing() as tx:
        inbox.land(tx, "box_office", landed, at=NOW)
        assert recalled(tx, "box_office", landed[-1]) == Touched(definition_ids=ids(api, "Livestream"))
