"""Orders V1."""

from typing import Any

import pytest

from ticket_pipeline_tests.sandbox.api import Api

ORDERS = "/events/v1/orders"
BARE = {"orderNumber", "eventId", "contactId", "memberId", "anonymized", "fullyCheckedIn"}


def orders(api: Api, **params: Any) -> Any:
    """List orders."""
    return api.ask("GET", ORDERS, params={"limit": 400, **params})


def test_without_a_fieldset_only_ids_come_back(api: Api) -> None:
    assert set(orders(api)["orders"][0]) == BARE


def test_without_a_limit_nothing_is_returned(api: Api) -> None:
    answer = api.ask("GET", ORDERS)
    assert answer["orders"] == []
    assert answer["total"] > 300


def test_pages_lead_to_the_end_oldest_first(api: Api) -> None:
    total = orders(api, limit=1)["total"]
    found = [
        order
        for offset in range(0, total, 100)
        for order in orders(api, limit=100, offset=offset, fieldset="DETAILS")["orders"]
    ]
    created = [order["created"] for order in found]
    assert len({order["orderNumber"] for order in found}) == total
    assert created == sorted(created)


def test_an_order_tells_everything_about_a_person(api: Api) -> None:
    every = ("TICKETS", "DETAILS", "FORM", "INVOICE")
    order = orders(api, fieldset=every, status="PAID", limit=1)["orders"][0]
    guest = order["tickets"][0]["guestDetails"]
    answers = {entry["inputName"]: entry["value"] for entry in order["checkoutForm"]["inputValues"]}
    assert order["fullName"] == f"{order['firstName']} {order['lastName']}"
    assert guest["email"] == order["email"] == answers["email"]
    assert guest["phone"] == answers["phone"]
    assert "comment" in answers
    for link in ("checkInUrl", "ticketPdfUrl", "walletPassUrl"):
        assert order["contactId"] in order["tickets"][0][link]


def test_an_invoice_adds_up(api: Api) -> None:
    order = orders(api, fieldset=["INVOICE", "TICKETS"], status="PAID", limit=1)["orders"][0]
    (item,) = order["invoice"]["items"]
    assert item["quantity"] == len(order["tickets"])
    assert item["total"] == order["invoice"]["subTotal"]
    assert item["total"]["amount"] == item["total"]["value"]


def test_orders_are_selected_by_event_status_tag_and_number(api: Api) -> None:
    jazz, gala = api.event_id("midsummer-night-jazz"), api.event_id("winter-gala")
    assert {order["eventId"] for order in orders(api, eventId=[jazz, gala])["orders"]} == {jazz, gala}
    paid = orders(api, fieldset="DETAILS", status=["PAID", "FREE"])["orders"]
    assert {order["status"] for order in paid} == {"PAID", "FREE"}
    unsold = orders(api, fieldset="DETAILS", tag="UNCONFIRMED")["orders"]
    assert {order["status"] for order in unsold} == {"CANCELED", "INITIATED", "DECLINED"}
    number = paid[0]["orderNumber"]
    assert [order["orderNumber"] for order in orders(api, orderNumber=number)["orders"]] == [number]


def test_newest_first_is_the_other_way_round(api: Api) -> None:
    up = [order["orderNumber"] for order in orders(api)["orders"]]
    down = [order["orderNumber"] for order in orders(api, sort="created:desc")["orders"]]
    assert down[: len(up)] == list(reversed(up))[: len(down)]


def test_one_order_is_found_under_its_event_only(api: Api) -> None:
    order = orders(api, limit=1, fieldset="TICKETS")["orders"][0]
    path = f"/events/v1/events/{order['eventId']}/orders/{order['orderNumber']}"
    assert api.ask("GET", path, params={"fieldset": "TICKETS"})["order"] == order
    elsewhere = f"/events/v1/events/{api.event_id('swan-lake')}/orders/{order['orderNumber']}"
    assert api.refused("GET", elsewhere) == (404, "ORDER_NOT_FOUND")


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 401},
        {"limit": "many"},
        {"fieldset": "EVERYTHING"},
        {"status": "SOLD"},
        {"tag": "NICE"},
        {"sort": "price:asc"},
        {"eventId": "jazz"},
        {"eventId": [f"00000000-0000-4000-8000-{n:012d}" for n in range(101)]},
    ],
    ids=lambda params: str(params)[:40],
)
def test_parameters_that_mean_nothing_are_refused(api: Api, params: Any) -> None:
    assert api.refused("GET", ORDERS, params={"limit": 10, **params})[0] == 400


def test_an_anonymised_order_names_nobody(api: Api) -> None:
    number = orders(api, limit=1)["orders"][0]["orderNumber"]
    order = api.sandbox("/anonymise", {"orderNumber": number})["order"]
    assert order["anonymized"] is True
    assert (order["firstName"], order["lastName"], order["email"], order["fullName"]) == ("", "", "", "")
