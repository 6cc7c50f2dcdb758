"""A rush: a hundred orders, and not one ticket more than there is."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ticket_pipeline.errors import RejectedError
from ticket_pipeline.sandbox import remote
from ticket_pipeline.sandbox.rush import rush
from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline_tests.sandbox.api import Api
from ticket_pipeline_tests.sandbox.conftest import Started
from ticket_pipeline_tests.sandbox.subscriber import Subscriber
from ticket_pipeline_tests.sandbox.test_sales import check_consistency


def never(_: float) -> bool:
    return False


def ids_of(api: Api, slug: str) -> list[str]:
    return [each["id"] for each in api.all(filter={"eventId": api.event_id(slug)})]


def test_a_rush_is_a_hundred_orders_of_one_event(api: Api, sandbox: RunningSandbox, receiver: Subscriber) -> None:
    event_id = api.event_id("midsummer-night-jazz")
    before = {number for number, _ in sandbox.world.orders.items()}
    answer = api.sandbox("/rush", {"eventId": event_id, "seconds": 0})["rush"]
    assert answer["orders"] == 100
    assert answer["orders"] <= answer["tickets"] <= 2 * answer["orders"]
    made = [order for number, order in sandbox.world.orders.items() if number not in before]
    assert [order.event_id for order in made] == [event_id] * 100
    assert sum(len(order.tickets) for order in made) == answer["tickets"]
    api.flush(timeout=30)
    confirmed = [each for each in receiver.received if each.topic.endswith("OrderConfirmed")]
    assert len(confirmed) == 100


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(orders=st.integers(0, 60), slug=st.sampled_from(["swan-lake", "ada-and-friends-unplugged", "tiny-room-night"]))
def test_nothing_is_oversold_however_long_it_lasts(started: Started, api: Api, orders: int, slug: str) -> None:
    started.renew()
    wanted = {"eventId": api.event_id(slug), "orders": orders, "seconds": 0}
    answer = api.call("POST", "/sandbox/rush", wanted)
    assert answer.status_code == (428 if slug == "tiny-room-night" and orders else 200)
    check_consistency(api, ids_of(api, slug))
    for definition in (api.get(each, "SALES_DETAILS") for each in ids_of(api, slug)):
        assert definition["salesDetails"]["soldCount"] <= definition["actualLimit"]


def test_a_rush_ends_when_all_is_sold_and_says_so(api: Api) -> None:
    event_id = api.event_id("ada-and-friends-unplugged")
    answer = api.sandbox("/rush", {"eventId": event_id, "seconds": 0})["rush"]
    assert (answer["tickets"], answer["sold_out"]) == (4, True)
    assert api.refused("POST", "/sandbox/rush", {"eventId": event_id}) == (428, "TICKET_NOT_ON_SALE")


def test_it_takes_its_time_and_stops_when_it_is_told_to(sandbox: RunningSandbox) -> None:
    waited: list[float] = []

    def pause(seconds: float) -> bool:
        waited.append(seconds)
        return len(waited) == 3

    done = rush(sandbox.world, None, orders=100, seconds=5, pause=pause)
    assert (done.orders, done.sold_out, waited) == (3, False, [0.05, 0.05, 0.05])


@pytest.mark.parametrize(
    "change",
    [
        lambda api, event_id: api.sandbox("/events/cancel", {"eventId": event_id}),
        lambda api, event_id: api.sandbox("/events/unpublish", {"eventId": event_id}),
        lambda api, _: [api.sandbox("/delete", {"definitionId": each}) for each in ids_of(api, "swan-lake")],
    ],
    ids=["cancelled", "draft", "without tickets"],
)
def test_what_is_not_on_offer_is_not_rushed(api: Api, change: Callable[[Api, str], object]) -> None:
    event_id = api.event_id("swan-lake")
    change(api, event_id)
    assert api.refused("POST", "/sandbox/rush", {"eventId": event_id}) == (428, "TICKET_NOT_ON_SALE")


@pytest.mark.parametrize("wrong", [{"orders": -1}, {"orders": "many"}, {"seconds": 61}, {"eventId": 7}])
def test_what_makes_no_sense_is_refused(api: Api, wrong: object) -> None:
    assert api.call("POST", "/sandbox/rush", wrong).status_code == 400


def test_the_command_line_rushes_too(api: Api, sandbox: RunningSandbox) -> None:
    done = remote.rush(api.event_id("swan-lake"), orders=7, seconds=0, base_url=sandbox.base_url)
    assert done["orders"] == 7
    assert remote.rush(orders=3, seconds=0, base_url=sandbox.base_url)["orders"] == 3
    with pytest.raises(RejectedError):
        remote.rush(api.event_id("tiny-room-night"), base_url=sandbox.base_url)
