import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.webhooks.refused import Refusal, RefusedWebhook
from ticket_pipeline.webhooks.topics import TOPICS
from ticket_pipeline.webhooks.unwrap import unwrap
from ticket_pipeline_tests.webhooks.signing import (
    BALCONY,
    GALA,
    INSTANCE,
    NOON,
    ORDER_CONFIRMED,
    UPDATED,
    claims_of,
    order,
    updated,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def opened(payload: Any, topic: str = UPDATED, **more: Any) -> Envelope:
    return unwrap(claims_of(payload, topic, **more))


def of_reservation(data: dict[str, Any]) -> Envelope:
    return opened({"id": "r1", "entityId": "res-1", **data}, "wix.events.v1.ticket_reservation_updated")


def test_a_domain_event_becomes_an_envelope() -> None:
    assert opened(updated(7)) == Envelope(
        key="85deb868-5896-4a44-8f0a-000000000007",
        topic=UPDATED,
        instance_id=INSTANCE,
        entity_id=BALCONY,
        event_id=GALA,
        occurred_at=datetime(2026, 11, 23, 11, 59, 0, 123456, UTC),
        sequence=7,
        anonymise=False,
        body={"updatedEvent": updated(7)["updatedEvent"]},
    )


def test_every_level_may_be_an_object_or_its_text() -> None:
    payload = updated(3)
    notices = [
        {"eventType": UPDATED, "instanceId": INSTANCE, "data": inner} for inner in (payload, json.dumps(payload))
    ]
    levels = [{"data": outer} for notice in notices for outer in (notice, json.dumps(notice))]
    assert len({unwrap(level).key for level in levels}) == 1
    assert all(unwrap(level) == opened(payload) for level in levels)


@pytest.mark.parametrize(
    ("wrapper", "name", "drifted"),
    [
        ("createdEvent", "entity", "entityAsJson"),
        ("createdEvent", "entity", "currentEntity"),
        ("updatedEvent", "currentEntity", "currentEntityAsJson"),
        ("updatedEvent", "currentEntity", "entity"),
        ("deletedEvent", "deletedEntity", "deletedEntityAsJson"),
        ("actionEvent", "body", "bodyAsJson"),
    ],
)
def test_names_that_pages_of_wix_spell_otherwise_are_normalised(wrapper: str, name: str, drifted: str) -> None:
    data = {"ticketDefinition": {"eventId": GALA}} if wrapper == "actionEvent" else {"eventId": GALA, "name": "Balcony"}
    for value in (data, json.dumps(data)):
        envelope = opened({"id": "1", "entityId": BALCONY, wrapper: {drifted: value}})
        assert envelope.body == {wrapper: {name: data}}
        assert envelope.event_id == GALA


def test_a_delete_is_known_by_its_entity_alone() -> None:
    payload = {"id": "1", "entityId": BALCONY, "deletedEvent": {}}
    envelope = opened(payload, "wix.events.v3.ticket_definition_deleted")
    assert (envelope.entity_id, envelope.event_id, envelope.body) == (BALCONY, None, {"deletedEvent": {}})


def test_an_order_is_told_apart_by_what_and_when() -> None:
    first = opened(order(), ORDER_CONFIRMED)
    assert first.key == opened(order(email="changed@example.com"), ORDER_CONFIRMED).key
    assert first.key != opened(order(timestamp="2026-06-01T10:05:29.769Z"), ORDER_CONFIRMED).key
    assert first.key != opened(order("other"), ORDER_CONFIRMED).key
    assert first.key != opened(order(), ORDER_CONFIRMED, instance="other").key
    assert first.key != opened(order(), "wix.events.ticketing.events.OrderUpdated").key
    assert (first.entity_id, first.event_id) == ("2X32-W2MV-4RF", GALA)
    assert first.occurred_at == datetime(2026, 6, 1, 10, 5, 29, 768000, UTC)


def test_an_id_in_an_order_does_not_make_all_its_webhooks_one() -> None:
    first = opened(order(id="the-order"), ORDER_CONFIRMED)
    assert first.key != opened(order(id="the-order", timestamp="2026-06-01T11:00:00Z"), ORDER_CONFIRMED).key


def test_a_flat_payload_that_says_neither_what_nor_when_is_told_apart_by_all_of_it() -> None:
    keys = {opened({"eventId": GALA, "n": n}, ORDER_CONFIRMED).key for n in (1, 1, 2)}
    assert len(keys) == 2


def test_one_event_is_named_only_where_there_is_one() -> None:
    def reserved(*event_ids: str) -> Envelope:
        return of_reservation({"updatedEvent": {"currentEntity": {"tickets": [{"eventId": e} for e in event_ids]}}})

    assert reserved("gala", "gala").event_id == "gala"
    assert reserved("gala", "matinee").event_id is None


def test_a_webhook_about_an_event_names_it() -> None:
    assert opened({"id": "1", "entityId": GALA, "deletedEvent": {}}, "wix.events.v3.event_deleted").event_id == GALA


@pytest.mark.parametrize(
    ("payload", "topic"),
    [
        ({**updated(), "triggeredByAnonymizeRequest": True}, UPDATED),
        (order(triggeredByAnonymizeRequest=True), "wix.events.ticketing.events.OrderUpdated"),
        (order(anonymized=True), ORDER_CONFIRMED),
        (order(), "wix.events.ticketing.events.OrderDeleted"),
    ],
)
def test_privacy_requests_are_marked(payload: Any, topic: str) -> None:
    assert opened(payload, topic).anonymise


def test_an_unknown_topic_is_an_envelope_without_body() -> None:
    envelope = opened({"id": "1", "entityId": "x", "createdEvent": {"entity": {"email": "a@b.c"}}}, "wix.new.v9.thing")
    assert (envelope.key, envelope.topic, envelope.entity_id, envelope.body) == ("1", "wix.new.v9.thing", "x", {})


@pytest.mark.parametrize("data", ["", "hello", "[]", None, 5])
def test_an_unknown_topic_needs_no_payload(data: Any) -> None:
    envelope = unwrap({"data": {"eventType": "AppRemoved", "instanceId": INSTANCE, "data": data}})
    assert (envelope.topic, envelope.body, len(envelope.key)) == ("AppRemoved", {}, 64)


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"data": None},
        {"data": "{"},
        {"data": "[]"},
        {"data": {}},
        {"data": {"eventType": 5, "data": {}}},
        {"data": {"eventType": "to Ada Lovelace", "data": {}}},
        {"data": {"eventType": "x" * 300, "data": {}}},
        {"data": {"eventType": UPDATED}},
        {"data": {"eventType": UPDATED, "data": "hello"}},
        {"data": {"eventType": UPDATED, "data": "[" * 100_000}},
        {"data": {"eventType": UPDATED, "data": '{"a":' * 50 + "1" + "}" * 50}},
        {"data": '{"eventType":"x","data":' + "[" * 5_000},
    ],
)
def test_what_has_no_event_type_or_no_payload_is_malformed(claims: dict[str, Any]) -> None:
    with pytest.raises(RefusedWebhook) as caught:
        unwrap(claims)
    assert caught.value.code is Refusal.MALFORMED


@given(sequence=st.text(max_size=25) | st.integers() | st.booleans() | st.floats())
def test_a_sequence_fits_a_column_or_is_none(sequence: Any) -> None:
    read = unwrap({"data": {"eventType": UPDATED, "data": {"entityEventSequence": sequence}}}).sequence
    assert read is None or 0 <= read < 2**63


def test_a_sequence_comes_as_text_or_number() -> None:
    assert [opened({"entityEventSequence": each}).sequence for each in ("12", 12, "٣", "-1", str(2**63))] == [
        12,
        12,
        None,
        None,
        None,
    ]


@given(payload=st.dictionaries(st.text(max_size=8), JSON, max_size=5), topic=st.sampled_from(sorted(TOPICS)))
def test_any_payload_of_a_known_topic_becomes_an_envelope(payload: dict[str, Any], topic: str) -> None:
    envelope = opened(payload, topic)
    assert envelope.key
    json.dumps(envelope.body)


@given(claims=st.dictionaries(st.sampled_from(["data", "exp", "x"]), JSON, max_size=3))
def test_any_claims_are_an_envelope_or_malformed(claims: dict[str, Any]) -> None:
    with suppress(RefusedWebhook):
        json.dumps(unwrap(claims).body)


def test_when_it_happened_is_left_open_where_it_cannot_be_read() -> None:
    assert opened({**updated(), "eventTime": "yesterday"}).occurred_at is None
    assert opened({**updated(), "eventTime": NOON.isoformat()}).occurred_at == NOON
