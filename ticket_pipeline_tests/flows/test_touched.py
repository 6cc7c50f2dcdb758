"""Which counters a webhook concerns: every topic of the sandbox as it was landed, and whatever else may come."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.flows.touched import RESERVATION_DELETED, Touched, next_turns, recalled, touched
from ticket_pipeline.model.counting import EVENT_DELETED, Cause, Why
from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.store import inbox
from ticket_pipeline.store.database import open_database
from ticket_pipeline.webhooks.topics import TOPICS
from ticket_pipeline_tests.store.bodies import minute
from ticket_pipeline_tests.store.counted import tally

ORDER, GUEST = "wix.events.ticketing.events.Order", "wix.events.guests.v1.guest_"
RESERVATION, OLD_RESERVATION = "wix.events.v1.ticket_reservation_", "wix.events.ticketing.events.Reservation"
EXPIRY = "2026-06-01T10:24:51Z"
EXPIRES = datetime(2026, 6, 1, 10, 24, 51, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["tickets", "quantities", "ticketDefinitionId", "entity", "status", "expires"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
WRAPPERS = ["createdEvent", "updatedEvent", "deletedEvent", "tickets", "quantities", "status", "expires"]


def envelope(topic: str, body: dict[str, Any] | None = None, **more: Any) -> Envelope:
    made: dict[str, Any] = {
        "key": "k",
        "topic": topic,
        "instance_id": None,
        "entity_id": "it",
        "event_id": "gala",
        "occurred_at": None,
        "body": body or {},
    }
    return Envelope(**{**made, **more})


def lines(*ids: str) -> list[dict[str, str]]:
    return [{"ticketDefinitionId": each} for each in ids]


def named(*ids: str, again_at: datetime | None = None) -> Touched:
    return Touched(definition_ids=frozenset(ids), again_at=again_at)


@pytest.mark.parametrize("word", ["Confirmed", "Updated", "Deleted"])
def test_an_order_concerns_the_definitions_of_its_tickets(word: str) -> None:
    assert touched(envelope(ORDER + word, {"tickets": lines("a", "a", "b")})) == named("a", "b")


def test_a_paid_order_does_so_too() -> None:
    assert touched(envelope("wix.events.v1.order_order-paid", {"tickets": lines("a")})) == named("a")


@pytest.mark.parametrize("body", [{}, {"tickets": []}, {"tickets": None}, {"tickets": [{}, None, 7]}])
def test_an_order_that_names_no_definition_concerns_its_whole_event(body: dict[str, Any]) -> None:
    assert touched(envelope(ORDER + "Initiated", body)) == Touched(event_id="gala")


def test_an_order_that_names_nothing_at_all_concerns_nobody() -> None:
    assert not touched(envelope(ORDER + "Initiated", event_id=None))


@pytest.mark.parametrize(
    ("word", "wrapper", "inner"), [("created", "createdEvent", "entity"), ("updated", "updatedEvent", "currentEntity")]
)
def test_a_hold_is_looked_at_again_when_it_runs_out(word: str, wrapper: str, inner: str) -> None:
    entity = {"status": "PENDING", "expirationDate": EXPIRY, "tickets": lines("a", "b")}
    assert touched(envelope(RESERVATION + word, {wrapper: {inner: entity}})) == named("a", "b", again_at=EXPIRES)


@pytest.mark.parametrize("status", ["CONFIRMED", "CANCELED", "CANCELED_MANUALLY", "EXPIRED"])
def test_a_hold_that_is_none_any_more_runs_out_no_more(status: str) -> None:
    entity = {"status": status, "expirationDate": EXPIRY, "tickets": lines("a")}
    assert touched(envelope(RESERVATION + "updated", {"updatedEvent": {"currentEntity": entity}})) == named("a")


def test_a_hold_of_the_old_style_is_read_as_well() -> None:
    body = {"status": "RESERVATION_PENDING", "expires": EXPIRY, "quantities": lines("a")}
    assert touched(envelope(OLD_RESERVATION + "Created", body)) == named("a", again_at=EXPIRES)
    body["status"] = "RESERVATION_EXPIRED"
    assert touched(envelope(OLD_RESERVATION + "Updated", body)) == named("a")


def test_an_expiry_that_is_no_instant_is_left_to_the_sweep() -> None:
    body = {"status": "RESERVATION_PENDING", "expires": "soon", "quantities": lines("a")}
    assert touched(envelope(OLD_RESERVATION + "Created", body)) == named("a")


@pytest.mark.parametrize("topic", sorted(each for each in TOPICS if "icket_definition_" in each or "nDef" in each))
def test_a_definition_concerns_itself(topic: str) -> None:
    assert touched(envelope(topic)) == named("it")
    assert not touched(envelope(topic, entity_id=None))


@pytest.mark.parametrize("word", ["updated", "canceled", "started", "ended", "published", "created", "cloned"])
def test_an_event_concerns_all_of_its_counters(word: str) -> None:
    assert touched(envelope(f"wix.events.v3.event_{word}")) == Touched(event_id="gala")


def test_a_deleted_event_does_so_too() -> None:
    assert EVENT_DELETED in TOPICS
    assert touched(envelope(EVENT_DELETED)) == Touched(event_id="gala")


@pytest.mark.parametrize("word", ["guest_order_canceled", "guest_event_canceled"])
def test_a_guest_who_leaves_concerns_the_whole_event(word: str) -> None:
    assert GUEST + word in TOPICS
    assert touched(envelope(GUEST + word)) == Touched(event_id="gala")


@pytest.mark.parametrize(
    "topic", [GUEST + "created", GUEST + "updated", GUEST + "guest_checked_in", "wix.events.v3.event_reminder", "new"]
)
def test_what_moves_no_number_concerns_nobody(topic: str) -> None:
    assert not touched(envelope(topic, {"tickets": lines("a")}))


@given(topic=st.sampled_from(sorted(TOPICS)), body=st.dictionaries(st.sampled_from(WRAPPERS), JSON, max_size=4))
def test_no_payload_is_a_surprise(topic: str, body: dict[str, Any]) -> None:
    what = touched(envelope(topic, body))
    assert all(isinstance(each, str) and each for each in what.definition_ids)


def test_a_deleted_hold_concerns_what_its_earlier_webhooks_named(tmp_path: Any) -> None:
    database = open_database(f"sqlite:///{tmp_path}/state.db")
    entity = {"status": "PENDING", "tickets": lines("a", "b")}
    created = envelope(RESERVATION + "created", {"createdEvent": {"entity": entity}}, key="1", entity_id="hold")
    deleted = envelope(RESERVATION_DELETED, {"deletedEvent": {}}, key="2", entity_id="hold", event_id=None)
    assert not touched(deleted)
    with database.writing() as tx:
        inbox.land(tx, "box_office", [created, deleted], at=minute(0))
        assert recalled(tx, "box_office", deleted) == named("a", "b")
        assert not recalled(tx, "box_office", replace(deleted, entity_id="another"))
        assert not recalled(tx, "box_office", replace(deleted, entity_id=None))
        assert not recalled(tx, "box_office", created)
    database.close()


def test_the_dates_of_a_sale_that_are_still_to_come_are_its_next_turns() -> None:
    sale = tally(sale_start=minute(10), sale_end=minute(20))
    start, end = Cause(why=Why.SALE_START, at=minute(10)), Cause(why=Why.SALE_END, at=minute(20))
    assert next_turns(sale, now=minute(0)) == (start, end)
    assert next_turns(sale, now=minute(10)) == (end,)
    assert next_turns(sale, now=minute(20)) == ()
    assert next_turns(tally(sale_start=None, sale_end=None), now=minute(0)) == ()
