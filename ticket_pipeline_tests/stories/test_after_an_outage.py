"""The server was down and its webhooks are lost: one reconcile names exactly what changed, and repairs it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner

from ticket_pipeline.cli import main
from ticket_pipeline.sandbox import event_organiser, organiser
from ticket_pipeline.sandbox.serve import RunningSandbox, running
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline_tests.stories.pipeline_file import SITE, declare, on_sale

PRICE = {"fixedPrice": {"value": "12.50", "currency": "EUR"}}
NEW = {"feeType": "FEE_ADDED_AT_CHECKOUT", "pricingMethod": PRICE}


@dataclass(frozen=True)
class Outage:
    """A site in step with its ticketing system, whose webhooks nobody takes."""

    folder: Path
    sandbox: RunningSandbox

    def types(self, *words: str) -> Any:
        """Type a command and read its JSON."""
        done = CliRunner().invoke(main, [*words, "--json"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)["sites"][SITE]

    def change_ten_things(self, dice: Random) -> set[tuple[str, str]]:
        """Create three, edit four, delete three; give what has to be done for each at the destination."""
        world = self.sandbox.world
        picked = dice.sample(sorted(world.definitions, key=lambda each: each.id), k=7)
        edited, deleted = picked[:4], picked[4:]
        events = dice.choices(sorted({each.event_id for each in world.definitions}), k=3)
        made = [organiser.create(world, {**NEW, "eventId": each, "name": "Late"}) for each in events]
        for number, each in enumerate(edited):
            organiser.edit(world, each.id, {"name": f"Moved to row {number}"})
            organiser.edit(world, each.id, {"description": "Twice edited, once told."})
        organiser.delete(world, deleted)
        named = {"create": made, "update": edited, "archive": deleted}
        return {(action, each.id) for action, several in named.items() for each in several}


@pytest.fixture
def outage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outage]:
    """Sync a site; it has no subscriber, so whatever happens from now on is told to nobody."""
    with running(SandboxSettings(events=5, definitions=50)) as sandbox:
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("TICKET_PIPELINE_CONFIG", raising=False)
        monkeypatch.delenv("DAGSTER_HOME", raising=False)
        declare(tmp_path, sandbox.base_url)
        begun = Outage(tmp_path, sandbox)
        begun.types("sync")
        yield begun


def test_a_reconcile_names_exactly_the_ten_changes_and_repairs_them(outage: Outage) -> None:
    expected = outage.change_ten_things(Random(7))
    assert len(expected) == 10
    report = outage.types("reconcile")
    planned = report["planned"]["changes"]
    assert len(planned) == 10
    assert {(change["action"], change["definition_id"]) for change in planned} == expected
    published = report["published"]
    assert [published[each] for each in ("created", "updated", "archived", "deleted")] == [3, 4, 3, 0]
    assert {row["wix_ticket_definition_id"]: row["title"] for row in on_sale(outage.folder)} == names(outage)


def test_an_edit_is_named_with_its_fields_old_and_new(outage: Outage) -> None:
    edited = min(outage.sandbox.world.definitions, key=lambda each: each.id)
    before = edited.document["name"]
    organiser.edit(outage.sandbox.world, edited.id, {"name": "Front row"})
    (change,) = outage.types("reconcile")["planned"]["changes"]
    assert change["fields"] == [{"field": "title", "old": before, "new": "Front row"}]


def test_a_renamed_event_is_named_once_for_each_of_its_tickets(outage: Outage) -> None:
    event_id = min(outage.sandbox.world.events)
    event_organiser.edit(outage.sandbox.world, event_id, {"title": "Postponed"})
    planned = outage.types("reconcile")["planned"]["changes"]
    of_event = {each.id for each in outage.sandbox.world.definitions if each.event_id == event_id}
    assert {change["definition_id"] for change in planned} == of_event
    assert {field["field"] for change in planned for field in change["fields"]} == {"event_title"}


def test_a_second_reconcile_finds_nothing(outage: Outage) -> None:
    outage.change_ten_things(Random(7))
    outage.types("reconcile")
    again = outage.types("reconcile")
    assert again["planned"] == {"changes": [], "unchanged": 50, "hold": None}
    assert [again["loaded"][each] for each in ("created", "changed", "deleted", "gaps")] == [0, 0, 0, 0]
    assert [again["published"][each] for each in ("created", "updated", "archived", "deleted")] == [0, 0, 0, 0]


def names(outage: Outage) -> dict[str, str]:
    return {each.id: each.document["name"] for each in outage.sandbox.world.definitions}
