"""Which webhooks tell of what happens, and what they say."""

import re
from typing import Any

import pytest

from ticket_pipeline.sandbox.changes import ChangeKind
from ticket_pipeline.sandbox.webhooks.topics import TOPICS
from ticket_pipeline_tests.sandbox.api import DEFINITIONS, Api, Clock
from ticket_pipeline_tests.sandbox.happenings import (
    FUTURE,
    HAPPENINGS,
    LATER,
    bought,
    edit_definition,
    made_definition,
    made_event,
)
from ticket_pipeline_tests.sandbox.subscriber import Received, Subscriber

ENVELOPE = {"id", "entityFqdn", "slug", "entityId", "eventTime", "triggeredByAnonymizeRequest"}
SILENT = {ChangeKind.STOCK_CHANGED, ChangeKind.DEFINITION_REORDERED}


def told(api: Api, receiver: Subscriber) -> list[str]:
    """List what was sent so far, whatever the order, and forget it."""
    api.flush()
    topics = sorted(receiver.topics)
    receiver.forget()
    return topics


def only(api: Api, receiver: Subscriber, topic: str) -> Received:
    """Give the one webhook of a kind."""
    api.flush()
    (found,) = [received for received in receiver.received if received.topic == topic]
    return found


def test_every_change_is_told_of_or_known_to_be_silent() -> None:
    assert set(TOPICS) | SILENT == set(ChangeKind)
    assert set(HAPPENINGS) == set(TOPICS.values())


@pytest.mark.parametrize("topic", HAPPENINGS)
def test_each_kind_of_webhook_can_be_brought_about(api: Api, receiver: Subscriber, topic: str) -> None:
    about = HAPPENINGS[topic](api)
    payload = only(api, receiver, topic).payload
    assert payload.get("entityId", payload.get("orderNumber")) == about


@pytest.mark.parametrize("topic", [topic for topic in HAPPENINGS if "Order" not in topic])
def test_a_domain_event_has_wixs_envelope_and_one_body(api: Api, receiver: Subscriber, topic: str) -> None:
    HAPPENINGS[topic](api)
    payload = only(api, receiver, topic).payload
    slug = topic.rpartition("ticket_definition_" if "definition" in topic else "_")[2]
    bodies = {"created": "createdEvent", "updated": "updatedEvent", "deleted": "deletedEvent"}
    counted = {"entityEventSequence"} if slug in ("created", "updated") else set()
    origin = {"originatedFrom"} if slug == "created" else set()
    assert payload["slug"] == slug
    assert set(payload) == ENVELOPE | {bodies.get(slug, "actionEvent")} | counted | origin
    assert re.fullmatch(r"2026-06-01T12:00:00\.(\d{3}|\d{6}|\d{9})Z", payload["eventTime"])


def test_a_purchase_is_told_of_by_its_reservation_and_its_order_and_never_by_stock(
    api: Api, receiver: Subscriber
) -> None:
    bought(api)
    assert told(api, receiver) == [
        "OrderConfirmed",
        "OrderInitiated",
        "ticket_reservation_created",
        "ticket_reservation_updated",
    ]


def test_a_confirmed_order_names_the_definition_of_each_ticket_and_the_person(api: Api, receiver: Subscriber) -> None:
    order = bought(api)
    payload = only(api, receiver, "wix.events.ticketing.events.OrderConfirmed").payload
    stream, family = api.named("Livestream")["id"], api.named("Family")["id"]
    assert [ticket["ticketDefinitionId"] for ticket in payload["tickets"]] == [stream, stream, family]
    assert payload["orderNumber"] == order["orderNumber"]
    assert payload["email"].endswith("@example.com")
    assert payload["firstName"] == payload["tickets"][0]["firstName"]
    assert payload["tickets"][0]["onlineConferencingLogin"]["link"].startswith("https://")
    assert {"id", "slug", "entityId"}.isdisjoint(payload)


def test_some_tickets_of_an_order_can_be_canceled(api: Api, receiver: Subscriber) -> None:
    order = bought(api)
    api.sandbox(
        "/cancel", {"orderNumber": order["orderNumber"], "ticketNumbers": [order["tickets"][0]["ticketNumber"]]}
    )
    payload = only(api, receiver, "wix.events.ticketing.events.OrderUpdated").payload
    assert (payload["status"], payload["confirmed"]) == ("PAID", True)
    assert [ticket["canceled"] for ticket in payload["tickets"]] == [True, False, False]


def test_an_order_that_waits_for_money_has_no_tickets_yet(api: Api, receiver: Subscriber) -> None:
    bought(api, status="PENDING")
    payload = only(api, receiver, "wix.events.ticketing.events.OrderUpdated").payload
    assert (payload["status"], payload["tickets"]) == ("PENDING", [])


def test_two_webhooks_of_one_order_differ_in_their_timestamp_even_if_the_clock_stands_still(
    api: Api, receiver: Subscriber
) -> None:
    order = bought(api)
    for ticket in order["tickets"]:
        api.sandbox("/cancel", {"orderNumber": order["orderNumber"], "ticketNumbers": [ticket["ticketNumber"]]})
    api.flush()
    stamps = [received.payload["timestamp"] for received in receiver.received if "OrderUpdated" in received.topic]
    assert len(set(stamps)) == 3


def test_a_new_currency_is_an_update_of_each_definition_and_of_the_event(api: Api, receiver: Subscriber) -> None:
    event_id = made_event(api)
    ids = {made_definition(api, eventId=event_id, name=name) for name in ("One", "Two", "Three")}
    told(api, receiver)
    api.ask("POST", f"{DEFINITIONS}/currency", {"eventId": event_id, "currency": "NOK"})
    api.flush()
    updated = [r.payload for r in receiver.received if r.topic.endswith("definition_updated")]
    assert {payload["entityId"] for payload in updated} == ids
    entities = [payload["updatedEvent"]["currentEntity"] for payload in updated]
    assert {entity["pricingMethod"]["fixedPrice"]["currency"] for entity in entities} == {"NOK"}
    assert {entity["revision"] for entity in entities} == {"2"}
    assert sorted(receiver.topics) == ["event_updated", *["ticket_definition_updated"] * 3]


def test_a_moved_sale_period_is_told_twice_over(api: Api, receiver: Subscriber) -> None:
    definition_id = made_definition(api)
    told(api, receiver)
    period = {"startDate": FUTURE, "endDate": LATER, "displayNotOnSale": True}
    edit_definition(api, definition_id, salePeriod=period)
    moved = only(api, receiver, "wix.events.v3.ticket_definition_sale_period_updated").payload
    assert moved["actionEvent"]["body"] == {"afterUpdate": period}
    assert told(api, receiver) == ["ticket_definition_sale_period_updated", "ticket_definition_updated"]


def test_a_sale_that_starts_by_itself_is_told_at_its_instant_by_nobody(
    api: Api, receiver: Subscriber, clock: Clock
) -> None:
    clock.forward(minutes=11)
    received = only(api, receiver, "wix.events.v3.ticket_definition_sale_started")
    assert received.payload["eventTime"].startswith("2026-06-01T12:10:00.")
    definition = received.payload["actionEvent"]["body"]["ticketDefinition"]
    assert (definition["name"], definition["saleStatus"]) == ("Opens in Ten Minutes", "SALE_STARTED")
    assert "salesDetails" not in definition
    assert "identity" not in received.notice


def test_a_hold_that_runs_out_is_told(api: Api, receiver: Subscriber, clock: Clock) -> None:
    api.sandbox("/hold", {"definitionId": api.named("Livestream")["id"], "quantity": 2})
    told(api, receiver)
    clock.forward(minutes=20)
    payload: Any = only(api, receiver, "wix.events.v1.ticket_reservation_updated").payload
    entity = payload["updatedEvent"]["currentEntity"]
    assert (entity["status"], entity["revision"], payload["entityEventSequence"]) == ("EXPIRED", "2", "2")
    assert entity["tickets"][0]["subTotal"] == {"value": "19.80", "currency": "EUR"}


def test_a_deleted_event_takes_its_definitions_along(api: Api, receiver: Subscriber) -> None:
    api.sandbox("/events/delete", {"eventId": api.event_id("tiny-room-night")})
    assert told(api, receiver) == ["event_deleted", *["ticket_definition_deleted"] * 2]


def test_a_new_order_of_tickets_on_the_page_is_nobodys_business(api: Api, receiver: Subscriber) -> None:
    event_id = made_event(api)
    first, second = (made_definition(api, eventId=event_id, name=name) for name in ("One", "Two"))
    told(api, receiver)
    body = {"eventId": event_id, "ticketDefinitionId": first, "afterDefinitionId": second}
    api.ask("POST", f"{DEFINITIONS}/reorder", body)
    assert told(api, receiver) == []


def test_a_privacy_request_names_nobody_any_more(api: Api, receiver: Subscriber) -> None:
    HAPPENINGS["wix.events.ticketing.events.OrderDeleted"](api)
    payload = only(api, receiver, "wix.events.ticketing.events.OrderDeleted").payload
    assert (payload["anonymized"], payload["triggeredByAnonymizeRequest"]) == (True, True)
    assert len(payload["tickets"]) == 3
    assert "@" not in str(payload)
    assert "firstName" not in str(payload)
