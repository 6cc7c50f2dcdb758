"""Nothing personal gets past the receiver, wherever it hides."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ticket_pipeline.as_json import as_json
from ticket_pipeline.webhooks.topics import TOPICS, Family
from ticket_pipeline.webhooks.unwrap import unwrap
from ticket_pipeline_tests.webhooks.signing import BALCONY, GALA, ORDER_CONFIRMED, order

SECRETS = ["Ada Lovelace", "ada@example.com", "+370 600 12345", "https://example.org/ticket.pdf?key=1", "Vilnius, A. 5"]
#: Every name that some family keeps, and some that none does.
NAMES = [
    *("id", "eventId", "orderNumber", "reservationId", "status", "confirmed", "archived", "canceled", "timestamp"),
    *("tickets", "ticketDefinitionId", "quantity", "revision", "expirationDate", "expires", "quantities", "guest"),
    *("entity", "currentEntity", "deletedEntity", "body", "bodyAsJson", "entityAsJson", "hasGuests", "anonymized"),
    *("createdEvent", "updatedEvent", "deletedEvent", "actionEvent", "ticketDefinition", "afterUpdate", "entityId"),
    *("email", "firstName", "checkoutForm", "ticketNumber", "slug", "eventTime", "originatedFrom"),
]
#: Families whose entity is public and kept as it was sent, in whole or by field.
AS_SENT = {Family.DEFINITION, Family.EVENT}

secret = st.sampled_from(SECRETS)
harmless = st.sampled_from([GALA, BALCONY, True, 3, None, "PAID", "2026-06-01T10:05:29Z"])
name = st.sampled_from(NAMES) | secret
anything = st.recursive(
    secret | harmless | secret.map(json.dumps),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(name, inner, max_size=6),
    max_leaves=30,
)
payloads = st.dictionaries(name, anything, max_size=10)


def envelope_text(payload: Any, topic: str, **notice: Any) -> str:
    claims = {"data": json.dumps({"eventType": topic, "data": json.dumps(payload), **notice})}
    envelope = unwrap(claims)
    return json.dumps(as_json(envelope), ensure_ascii=False)


def assert_clean(text: str) -> None:
    assert [each for each in SECRETS if each in text] == []


@settings(max_examples=300)
@given(payload=payloads, topic=st.sampled_from(sorted(each for each in TOPICS if TOPICS[each] not in AS_SENT)))
def test_of_people_nothing_is_kept_wherever_it_stands(payload: dict[str, Any], topic: str) -> None:
    assert_clean(envelope_text(payload, topic))


@given(payload=payloads, topic=st.sampled_from(["wix.new.v1.thing_created", "AppInstalled"]))
def test_of_an_unknown_topic_nothing_is_kept(payload: dict[str, Any], topic: str) -> None:
    assert_clean(envelope_text(payload, topic))


@given(around=payloads, wrapped=payloads, wrapper=st.sampled_from(["createdEvent", "updatedEvent"]))
def test_around_a_definition_nothing_is_kept(around: dict[str, Any], wrapped: dict[str, Any], wrapper: str) -> None:
    entity = {"id": BALCONY, "eventId": GALA, "name": "Balcony"}
    data = {name: value for name, value in wrapped.items() if "ntity" not in name} | {"currentEntity": entity}
    others = {name: value for name, value in around.items() if not name.endswith("Event")}
    assert_clean(envelope_text({**others, wrapper: data}, "wix.events.v3.ticket_definition_updated"))


@given(entity=st.dictionaries(st.sampled_from(["contact", "userId", "summaries", "form", "email"]) | secret, anything))
def test_of_an_event_only_what_is_public_is_kept(entity: dict[str, Any]) -> None:
    public = {"id": GALA, "title": "Gala", "status": "UPCOMING"}
    text = envelope_text({"createdEvent": {"entity": {**entity, **public}}}, "wix.events.v3.event_created")
    assert_clean(text)
    assert "Gala" in text


@given(identity=anything, account=anything)
def test_who_caused_a_webhook_is_never_kept(identity: Any, account: Any) -> None:
    notice = {"identity": identity, "accountInfo": account, "instanceId": "Ada Lovelace"}
    assert_clean(envelope_text(order(), ORDER_CONFIRMED, **notice))


def test_of_an_order_the_counter_keeps_what_it_needs() -> None:
    claims = {"data": {"eventType": ORDER_CONFIRMED, "data": order(confirmed=True, archived=False, canceled=False)}}
    assert unwrap(claims).body == {
        "timestamp": "2026-06-01T10:05:29.768Z",
        "eventId": GALA,
        "orderNumber": "2X32-W2MV-4RF",
        "status": "PAID",
        "reservationId": "d72874cb-012a-4ad2-afbb-57fe8cf1e308",
        "confirmed": True,
        "archived": False,
        "canceled": False,
        "tickets": [{"ticketDefinitionId": BALCONY, "canceled": False}],
    }


def test_of_a_reservation_its_lines_are_kept() -> None:
    line = {"eventId": GALA, "ticketDefinitionId": BALCONY, "quantity": 2}
    entity = {"id": "r", "revision": "2", "status": "EXPIRED", "expirationDate": "2026-06-01T10:24:51Z"}
    sent = {**entity, "tickets": [{**line, "ticketName": "Ada's"}], "contact": "ada@example.com"}
    data = {"updatedEvent": {"currentEntity": sent}}
    body = unwrap({"data": {"eventType": "wix.events.v1.ticket_reservation_updated", "data": data}}).body
    assert body == {"updatedEvent": {"currentEntity": {**entity, "tickets": [line]}}}


def test_of_a_guest_only_ids_are_kept() -> None:
    guest = {"id": "g1", "eventId": GALA, "guestDetails": {"email": "ada@example.com"}, "contactId": "c1"}
    body = unwrap(
        {"data": {"eventType": "wix.events.guests.v1.guest_created", "data": {"createdEvent": {"entity": guest}}}}
    ).body
    assert body == {"createdEvent": {"entity": {"id": "g1", "eventId": GALA}}}


def test_a_sale_period_is_kept_whole() -> None:
    period = {"startDate": "2026-06-02T10:00:00Z", "endDate": "2026-09-01T10:00:00Z", "displayNotOnSale": True}
    data = {"id": "1", "entityId": BALCONY, "actionEvent": {"body": {"afterUpdate": period}}}
    topic = "wix.events.v3.ticket_definition_sale_period_updated"
    assert unwrap({"data": {"eventType": topic, "data": data}}).body == {
        "actionEvent": {"body": {"afterUpdate": period}}
    }
