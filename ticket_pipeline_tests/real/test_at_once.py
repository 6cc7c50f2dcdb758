"""Several processes bring one site over at once, on PostgreSQL: no twins, nothing made twice, no update lost."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from ticket_pipeline.config import CONFIG_VARIABLE
from ticket_pipeline.orchestration.instance import HOME_VARIABLE
from ticket_pipeline.sandbox import organiser
from ticket_pipeline.sandbox.serve import RunningSandbox, running
from ticket_pipeline.sandbox.settings import SANDBOX_API_KEY, SANDBOX_SITE_ID, SandboxSettings
from ticket_pipeline_tests.real.many_machines import SITE, make_database, on_sale, rows
from ticket_pipeline_tests.real.postgresql_server import programs, running_postgresql

AT_ONCE = 3
PATIENCE = 600.0


@dataclass(frozen=True)
class Stage:
    """A site, whose state and ticketing system are on one server."""

    folder: Path
    sandbox: RunningSandbox
    ticketing: str

    def type_at_once(self, commands: Sequence[str]) -> list[dict[str, Any]]:
        """Type commands, all at the same moment, each on a machine of its own; read what they say of the site."""
        typed = [self._begin(command, number) for number, command in enumerate(commands)]
        said = [process.communicate(timeout=PATIENCE) for process in typed]
        assert [process.returncode for process in typed] == [0] * len(typed), [error for _, error in said]
        return [json.loads(told)["sites"][SITE] for told, _ in said]

    def titles(self) -> dict[str, str]:
        """Read what the ticketing system sells under which title; one row each."""
        found = on_sale(self.ticketing)
        by_id = {row["wix_ticket_definition_id"]: row["title"] for row in found}
        assert len(by_id) == len(found)
        return by_id

    def names(self) -> dict[str, str]:
        """Give what Wix calls them."""
        return {each.id: each.document["name"] for each in self.sandbox.world.definitions}

    def _begin(self, command: str, number: int) -> "subprocess.Popen[str]":
        home = self.folder / f"machine{number}"
        home.mkdir(exist_ok=True)
        return subprocess.Popen(
            [sys.executable, "-m", "ticket_pipeline", command, "--json"],
            cwd=home,
            env={**os.environ, CONFIG_VARIABLE: str(self.folder / "pipeline.yaml")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.delenv(HOME_VARIABLE, raising=False)
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with running_postgresql(found) as postgresql, running(SandboxSettings(events=10, definitions=100)) as sandbox:
        ticketing = make_database(postgresql, "ticketing")
        auth = {"kind": "api_key", "api_key": SANDBOX_API_KEY, "site_id": SANDBOX_SITE_ID}
        site = {
            "wix": {"base_url": sandbox.base_url, "auth": auth, "requests_per_minute": 100_000},
            "sync": {"destination": {"kind": "sql", "url": ticketing, "table": "tickets"}, "max_delete_fraction": 1},
        }
        declared = {"state": make_database(postgresql, "tickets"), "sites": {SITE: site}}
        (tmp_path / "pipeline.yaml").write_text(yaml.safe_dump(declared))
        yield Stage(tmp_path, sandbox, ticketing)


def test_several_processes_bring_one_site_over_at_once(stage: Stage) -> None:
    first = stage.type_at_once(["sync"] * AT_ONCE)
    assert stage.titles() == stage.names()
    assert sum(each["published"]["created"] for each in first) == len(stage.names())

    dice, world = Random(7), stage.sandbox.world
    for each in sorted(world.definitions, key=lambda each: each.id):
        organiser.edit(world, each.id, {"name": f"Row {dice.randrange(10**6)}"})
    gone = dice.sample(sorted(world.definitions, key=lambda each: each.id), k=10)
    organiser.delete(world, gone)
    then = stage.type_at_once(["reconcile", *["sync"] * (AT_ONCE - 1)])
    assert stage.titles() == stage.names()
    assert sum(each["published"]["updated"] for each in then) == len(stage.names())
    assert sum(each["published"]["archived"] for each in then) == len(gone)
    assert len(rows(stage.ticketing, "SELECT id FROM tickets")) == len(stage.names()) + len(gone)
