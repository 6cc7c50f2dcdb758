"""Making things happen in a sandbox that runs elsewhere."""

import socket

import pytest

from ticket_pipeline.errors import RejectedError, TransientError
from ticket_pipeline.sandbox import remote
from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline_tests.sandbox.api import Api


def test_a_definition_is_created_in_its_events_currency_edited_and_deleted(api: Api) -> None:
    url = api.base_url
    made = remote.create(event_id=api.event_id("hanami-concert"), name="Bench", price="900", limit=5, base_url=url)
    assert made["pricingMethod"]["fixedPrice"] == {"value": "900", "currency": "JPY"}
    edited = remote.edit(made["id"], name="Long Bench", price="1200", base_url=url)
    assert (edited["name"], edited["revision"]) == ("Long Bench", "2")
    assert edited["pricingMethod"]["fixedPrice"] == {"value": "1200", "currency": "JPY"}
    assert remote.delete(made["id"], base_url=url) == {}
    assert api.refused("GET", f"{remote.DEFINITIONS}/{made['id']}")[0] == 404


def test_a_guests_own_price_stays_one_when_it_is_edited(api: Api) -> None:
    friend = api.named("Friend of the House")["id"]
    edited = remote.edit(friend, price="12.00", base_url=api.base_url)
    assert edited["pricingMethod"]["guestPrice"] == {"value": "12.00", "currency": "EUR"}


def test_tickets_are_held_bought_and_cancelled(api: Api) -> None:
    url, stream = api.base_url, api.named("Livestream")
    assert remote.hold(stream["id"], quantity=2, base_url=url)["status"] == "PENDING"
    order = remote.buy(stream["id"], quantity=3, base_url=url)["order"]
    details = api.named("Livestream")["salesDetails"]
    assert (details["soldCount"], details["reservedCount"]) == (stream["salesDetails"]["soldCount"] + 3, 2)
    assert remote.cancel(order["orderNumber"], base_url=url)["order"]["status"] == "CANCELED"
    assert api.named("Livestream")["salesDetails"]["soldCount"] == stream["salesDetails"]["soldCount"]


@pytest.mark.parametrize("action", ["create", "edit", "delete", "buy", "hold", "cancel"])
def test_every_action_has_a_name(action: str) -> None:
    assert remote.ACTIONS[action].__name__ == action


def test_a_refusal_carries_wixs_code(sandbox: RunningSandbox) -> None:
    with pytest.raises(RejectedError, match="ORDER-1 not found") as refused:
        remote.cancel("ORDER-1", base_url=sandbox.base_url)
    assert refused.value.code == "ORDER_NOT_FOUND"


def test_where_nobody_answers_there_is_a_word_on_what_to_do() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(TransientError, match="ticket-pipeline sandbox"):
            remote.flush(base_url=nowhere)
