"""The made-up world: the same for the same seed, and of any size."""

from dataclasses import replace
from itertools import islice

import pytest

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.sandbox.entities import Definition, Event, Order
from ticket_pipeline.sandbox.seeding.seed import seeded_world
from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline_tests.sandbox.api import NOW, Api

SETTINGS = SandboxSettings(now=NOW)


def test_the_same_seed_gives_the_same_world() -> None:
    assert list(seeded_world(SETTINGS, NOW)) == list(seeded_world(SETTINGS, NOW))


def test_another_seed_gives_other_ids() -> None:
    ours = {entity.id for entity in seeded_world(SETTINGS, NOW) if isinstance(entity, Definition)}
    theirs = seeded_world(replace(SETTINGS, seed=8), NOW)
    assert not ours & {entity.id for entity in theirs if isinstance(entity, Definition)}


def test_the_showcase_holds_what_a_client_should_get_right(api: Api) -> None:
    definitions = api.all(("SALES_DETAILS", "EVENT_DETAILS", "SEATING_DETAILS"))
    methods = [definition["pricingMethod"] for definition in definitions]
    prices = ("fixedPrice", "guestPrice", "pricingOptions")
    assert {name for method in methods for name in prices if name in method} == set(prices)
    assert any(not set(prices) & set(method) for method in methods)
    assert any(method["free"] for method in methods)
    assert {d["saleStatus"] for d in definitions} == {"SALE_SCHEDULED", "SALE_STARTED", "SALE_ENDED"}
    statuses = {d["eventDetails"]["status"] for d in definitions}
    assert statuses == {"UPCOMING", "STARTED", "ENDED", "CANCELED", "DRAFT"}
    assert {"JPY", "KWD"} <= {method["fixedPrice"]["currency"] for method in methods if "fixedPrice" in method}
    assert any("salePeriod" not in d for d in definitions)
    assert any("seatingDetails" in d for d in definitions)
    assert any(d["hidden"] for d in definitions)
    assert any(d["salesDetails"]["soldOut"] for d in definitions)
    assert any(d["salesDetails"]["unsoldCount"] is None for d in definitions)


@pytest.mark.parametrize(
    ("events", "definitions", "expected"),
    [(30, 300, (30, 300)), (None, 95, (10, 95)), (7, None, (7, 70)), (3, 100, (3, 100))],
)
def test_a_world_can_have_any_size(events: int | None, definitions: int | None, expected: tuple[int, int]) -> None:
    sized = SandboxSettings(now=NOW, events=events, definitions=definitions)
    made = list(seeded_world(sized, NOW))
    kinds = [type(entity) for entity in made]
    assert (kinds.count(Event), kinds.count(Definition)) == expected
    sold = sum(entity.sold for entity in made if isinstance(entity, Definition))
    assert sum(len(entity.tickets) for entity in made if isinstance(entity, Order)) == sold


def test_a_world_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match="2 events have at most 200 ticket definitions, not 201"):
        list(islice(seeded_world(SandboxSettings(events=2, definitions=201), NOW), 1))


def test_nobody_in_the_world_has_a_real_address(sandbox: RunningSandbox) -> None:
    assert all(order.buyer.email.endswith("@example.com") for order in sandbox.world.orders)
