"""A world in a file outlives the process."""

from pathlib import Path

from ticket_pipeline.sandbox.changes import Change, ChangeKind
from ticket_pipeline.sandbox.serve import running
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline_tests.sandbox.api import DEFINITIONS, NOW, Api, Clock

EVERYTHING = ("SALES_DETAILS", "EVENT_DETAILS", "SEATING_DETAILS")


def test_everything_is_still_there_after_a_restart(tmp_path: Path) -> None:
    settings, clock = SandboxSettings(database=tmp_path / "world.db", now=NOW), Clock()
    with running(settings, clock) as sandbox:
        api = Api(sandbox.base_url)
        api.sandbox("/buy", {"definitionId": api.named("Livestream")["id"], "quantity": 2})
        api.sandbox("/hold", {"definitionId": api.named("VIP & Dinner")["id"], "quantity": 2})
        api.sandbox("/edit", {"definitionId": api.named("Crew")["id"], "ticketDefinition": {"name": "Team"}})
        api.ask("DELETE", f"{DEFINITIONS}/{api.named('Floor')['id']}")
        before = (api.all(EVERYTHING), orders(api))
        api.session.close()
    with running(settings, clock) as sandbox:
        api = Api(sandbox.base_url)
        assert (api.all(EVERYTHING), orders(api)) == before
        clock.forward(minutes=20)
        assert api.named("VIP & Dinner")["salesDetails"]["reservedCount"] == 0
        api.session.close()


def test_the_world_keeps_the_instant_of_its_first_start(tmp_path: Path) -> None:
    settings, clock = SandboxSettings(database=tmp_path / "world.db"), Clock()
    with running(settings, clock) as sandbox:
        before = sandbox.world.seeded_at
    clock.forward(days=3)
    with running(settings, clock) as sandbox:
        assert sandbox.world.seeded_at == before == NOW


def test_ids_are_not_given_twice(tmp_path: Path) -> None:
    settings = SandboxSettings(database=tmp_path / "world.db", now=NOW)
    numbers = []
    for _ in range(2):
        with running(settings, Clock()) as sandbox:
            api = Api(sandbox.base_url)
            bought = api.sandbox("/buy", {"definitionId": api.named("Livestream")["id"]})
            numbers.append(bought["order"]["orderNumber"])
            api.session.close()
    assert len(set(numbers)) == 2


def test_a_sale_that_started_while_nobody_ran_is_told_once(tmp_path: Path) -> None:
    settings, clock = SandboxSettings(database=tmp_path / "world.db", now=NOW), Clock()
    changes: list[Change] = []
    with running(settings, clock):
        clock.forward(minutes=15)
    for _ in range(2):
        with running(settings, clock) as sandbox:
            sandbox.world.subscribe(changes.append)
            sandbox.world.settle()
    assert [change.kind for change in changes] == [ChangeKind.SALE_STARTED]


def orders(api: Api) -> object:
    """List all orders in full."""
    fieldset = ["TICKETS", "DETAILS", "FORM", "INVOICE"]
    return api.ask("GET", "/events/v1/orders", params={"limit": 400, "fieldset": fieldset})
