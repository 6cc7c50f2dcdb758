"""Holding, buying, cancelling: orders and sales details tell the same story."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ticket_pipeline.sandbox.changes import Change, ChangeKind
from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline_tests.sandbox.api import DEFINITIONS, Api, Clock
from ticket_pipeline_tests.sandbox.conftest import Started

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["hold", "release", "buy", "buy held", "cancel", "cancel one", "pend", "confirm", "wait"]),
        st.integers(1, 6),
        st.integers(0, 50),
    ),
    max_size=14,
)  # fmt: skip
NO_ORDER: Any = {"orderNumber": "NONE", "tickets": []}
NAMES = ("VIP & Dinner", "Livestream", "Floor")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_counts_are_consistent_whatever_visitors_do(
    started: Started, api: Api, steps: list[tuple[str, int, int]]
) -> None:
    started.renew()
    clock, ids = started.clock, [api.named(name)["id"] for name in NAMES]
    story = Story(api, clock, ids)
    for step in steps:
        story.tell(*step)
    check_consistency(api, ids)
    clock.forward(minutes=20)
    assert all(api.get(key, "SALES_DETAILS")["salesDetails"]["reservedCount"] == 0 for key in ids)


class Story:
    """What visitors do, one step after another; refusals are part of it."""

    def __init__(self, api: Api, clock: Clock, ids: list[str]) -> None:
        self.api, self.clock, self.ids = api, clock, ids
        self.holds: list[str] = []
        self.orders: list[Any] = []

    def tell(self, step: str, quantity: int, pick: int) -> None:
        wanted = {"definitionId": self.ids[pick % len(self.ids)], "quantity": quantity}
        held = {"reservationId": self.holds[pick % len(self.holds)]} if self.holds else wanted
        order = self.orders[pick % len(self.orders)] if self.orders else NO_ORDER
        number = {"orderNumber": order["orderNumber"]}
        one = {**number, "ticketNumbers": [ticket["ticketNumber"] for ticket in order["tickets"][:1]]}
        bodies = {
            "hold": ("/hold", wanted),
            "release": ("/release", held),
            "buy": ("/buy", wanted),
            "buy held": ("/buy", held),
            "cancel": ("/cancel", number),
            "cancel one": ("/cancel", one),
            "pend": ("/buy", {**wanted, "status": "PENDING"}),
            "confirm": ("/confirm", number),
        }
        if step == "wait":
            self.clock.forward(minutes=7)
            return
        path, body = bodies[step]
        answer = self.api.call("POST", f"/sandbox{path}", body)
        assert answer.status_code in (200, 400, 404, 428), answer.text
        if answer.status_code == 200:
            self.holds += [answer.json()["reservation"]["reservationId"]] if step == "hold" else []
            self.orders += [answer.json()["order"]] if path == "/buy" else []


def sold_by_definition(api: Api, *event_ids: str) -> Counter[str]:
    """Count the valid tickets of all confirmed orders, of these events or of all."""
    params = {"limit": 400, "fieldset": "TICKETS", "tag": "CONFIRMED", "eventId": event_ids}
    answer = api.ask("GET", "/events/v1/orders", params=params)
    assert answer["total"] <= 400
    return Counter(
        ticket["ticketDefinitionId"]
        for order in answer["orders"]
        for ticket in order["tickets"]
        if not ticket["canceled"]
    )


def check_consistency(api: Api, ids: list[str]) -> None:
    """Compare each definition's sales details with the orders, and with one another."""
    definitions = [api.get(key, "SALES_DETAILS") for key in ids]
    sold = sold_by_definition(api, *{definition["eventId"] for definition in definitions})
    for definition in definitions:
        details, limit = definition["salesDetails"], definition["actualLimit"]
        assert details["soldCount"] == sold[definition["id"]]
        assert details["reservedCount"] >= 0
        if limit is None:
            assert (details["unsoldCount"], details["soldOut"]) == (None, False)
        else:
            assert details["unsoldCount"] + details["soldCount"] == limit
            assert details["reservedCount"] <= details["unsoldCount"]
            assert details["soldOut"] == (details["unsoldCount"] == 0)


def test_the_seeded_orders_are_what_the_seeded_counts_come_from(api: Api) -> None:
    sold = sold_by_definition(api)
    for definition in api.all(("SALES_DETAILS",)):
        assert definition["salesDetails"]["soldCount"] == sold[definition["id"]]


def test_a_sale_changes_neither_revision_nor_updated_date(api: Api, clock: Clock) -> None:
    before = api.named("Livestream")
    clock.forward(minutes=1)
    api.sandbox("/buy", {"definitionId": before["id"], "quantity": 2})
    after = api.named("Livestream")
    assert after["salesDetails"]["soldCount"] == before["salesDetails"]["soldCount"] + 2
    assert (after["revision"], after["updatedDate"]) == (before["revision"], before["updatedDate"])


def test_a_purchase_is_told_in_order(sandbox: RunningSandbox, api: Api) -> None:
    changes: list[Change] = []
    sandbox.world.subscribe(changes.append)
    api.sandbox("/buy", {"definitionId": api.named("Livestream")["id"]})
    assert [change.kind for change in changes] == [
        ChangeKind.STOCK_CHANGED,
        ChangeKind.RESERVATION_CREATED,
        ChangeKind.ORDER_INITIATED,
        ChangeKind.STOCK_CHANGED,
        ChangeKind.RESERVATION_UPDATED,
        ChangeKind.ORDER_CONFIRMED,
    ]


def test_one_reservation_can_span_definitions(api: Api) -> None:
    lines = [{"definitionId": api.named(name)["id"], "quantity": 2} for name in ("VIP & Dinner", "Livestream")]
    order = api.sandbox("/buy", {"lines": lines})["order"]
    assert Counter(ticket["name"] for ticket in order["tickets"]) == {"VIP & Dinner": 2, "Livestream": 2}


def test_lines_of_one_definition_are_added_up(api: Api) -> None:
    line = {"definitionId": api.named("VIP & Dinner")["id"], "quantity": 2}
    assert api.refused("POST", "/sandbox/hold", {"lines": [line, line]}) == (428, "TICKET_LIMIT_REACHED")


@pytest.mark.parametrize(
    ("name", "quantity", "refusal"),
    [
        ("Floor", 1, (428, "TICKET_LIMIT_REACHED")),
        ("VIP & Dinner", 4, (428, "TICKET_LIMIT_REACHED")),
        ("Crew", 1, (428, "TICKET_NOT_ON_SALE")),
        ("Early Bird", 1, (428, "TICKET_NOT_ON_SALE")),
        ("Opens Tomorrow", 1, (428, "TICKET_NOT_ON_SALE")),
        ("Livestream", 0, (400, "INVALID_QUANTITY")),
        ("Livestream", 51, (400, "INVALID_QUANTITY")),
    ],
)
def test_a_visitor_can_not_buy_what_is_not_for_sale(
    api: Api, name: str, quantity: int, refusal: tuple[int, str]
) -> None:
    body = {"definitionId": api.named(name)["id"], "quantity": quantity}
    assert api.refused("POST", "/sandbox/buy", body) == refusal


def test_tickets_can_be_oversold_by_force_and_the_unsold_count_stays_at_nought(api: Api) -> None:
    body = {"definitionId": api.named("Floor")["id"], "quantity": 3, "force": True}
    (floor,) = api.sandbox("/buy", body)["ticketDefinitions"]
    assert floor["salesDetails"] == {"unsoldCount": 0, "soldCount": 33, "reservedCount": 0, "soldOut": True}


def test_an_order_is_cancelled_once(api: Api) -> None:
    number = api.sandbox("/buy", {"definitionId": api.named("Livestream")["id"]})["order"]["orderNumber"]
    assert api.sandbox("/cancel", {"orderNumber": number})["order"]["status"] == "CANCELED"
    again = api.refused("POST", "/sandbox/cancel", {"orderNumber": number})
    assert again == (428, "ORDER_ACTION_NOT_AVAILABLE")


def test_a_free_ticket_makes_a_free_order(api: Api) -> None:
    order = api.sandbox("/buy", {"definitionId": api.named("Cheers & Water")["id"]})["order"]
    assert (order["status"], order["confirmed"]) == ("FREE", True)


def test_an_order_that_waits_for_money_holds_its_tickets(api: Api) -> None:
    body = {"definitionId": api.named("VIP & Dinner")["id"], "quantity": 2, "status": "PENDING"}
    waiting = api.sandbox("/buy", body)["order"]
    assert (waiting["confirmed"], waiting["tickets"]) == (False, [])
    assert (
        api.named("VIP & Dinner")["salesDetails"] | {"reservedCount": 2, "soldCount": 9}
        == api.named("VIP & Dinner")["salesDetails"]
    )
    paid = api.sandbox("/confirm", {"orderNumber": waiting["orderNumber"]})["order"]
    assert (paid["status"], len(paid["tickets"])) == ("PAID", 2)
    details = api.named("VIP & Dinner")["salesDetails"]
    assert (details["reservedCount"], details["soldCount"]) == (0, 11)


def test_money_that_comes_after_the_hold_ran_out_still_buys(api: Api, clock: Clock) -> None:
    vip = api.named("VIP & Dinner")["id"]
    waiting = api.sandbox("/buy", {"definitionId": vip, "quantity": 1, "status": "PENDING"})["order"]
    clock.forward(minutes=20)
    api.sandbox("/hold", {"definitionId": vip, "quantity": 2})
    api.sandbox("/confirm", {"orderNumber": waiting["orderNumber"]})
    details = api.named("VIP & Dinner")["salesDetails"]
    assert (details["soldCount"], details["reservedCount"]) == (10, 2)


def test_a_limit_below_what_was_sold_leaves_nothing(api: Api) -> None:
    floor = api.named("VIP & Dinner")
    api.sandbox("/edit", {"definitionId": floor["id"], "ticketDefinition": {"initialLimit": 5}})
    details = api.ask("GET", f"{DEFINITIONS}/{floor['id']}?fields=SALES_DETAILS")["ticketDefinition"]
    assert details["salesDetails"]["unsoldCount"] == 0
    assert details["limitPerCheckout"] == 0
