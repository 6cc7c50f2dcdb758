"""Slow, some 40 s: a real daemon and real runs, killed at random moments; all that landed is applied, nothing twice."""

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from ticket_pipeline.config import CONFIG_VARIABLE
from ticket_pipeline.flows.publish import publish
from ticket_pipeline.flows.reconcile import refresh
from ticket_pipeline.orchestration.dev import dagster_services
from ticket_pipeline.orchestration.instance import dagster_home, initialised_instance
from ticket_pipeline.orchestration.services import Supervisor
from ticket_pipeline.orchestration.sync import sync
from ticket_pipeline.sandbox import organiser
from ticket_pipeline.sandbox.serve import RunningSandbox, running
from ticket_pipeline.sandbox.settings import SANDBOX_API_KEY, SANDBOX_SITE_ID, SandboxSettings
from ticket_pipeline.store import backlog, unsettled
from ticket_pipeline.wiring import Site, Wiring
from ticket_pipeline_tests.orchestration.free_port import free_port
from ticket_pipeline_tests.orchestration.landing import landing
from ticket_pipeline_tests.orchestration.stage import SITE, declared

KILLS = 4
EDITS = 6
#: A run that was killed together with what watches it is believed alive for two minutes.
PATIENCE = 240.0
#: Neither of them is the same in two databases that hold the same.
OWN_COLUMNS = {"id", "updated_at", "created_at"}


@dataclass(frozen=True)
class Process:
    """One line of `ps`."""

    pid: int
    parent: int
    command: str


@dataclass
class Live:
    """A site that Dagster's daemon keeps in step."""

    folder: Path
    sandbox: RunningSandbox
    site: Site
    supervisor: Supervisor
    dice: Random

    def edit(self, many: int) -> None:
        """Change, make and delete ticket definitions, and land the webhooks."""
        world = self.sandbox.world
        with landing(self.sandbox, self.site.state):
            for number in range(many):
                each = self.dice.choice(sorted(world.definitions, key=lambda definition: definition.id))
                organiser.edit(world, each.id, {"name": f"Ticket {self.dice.randrange(10**6)}"})
                price = {"fixedPrice": {"value": f"{number}.50", "currency": world.events[each.event_id].currency}}
                new = {"eventId": each.event_id, "name": "New", "feeType": "FEE_ADDED_AT_CHECKOUT"}
                organiser.create(world, {**new, "name": f"New {self.dice.random()}", "pricingMethod": price})

    def settled(self) -> bool:
        """Tell whether nothing waits and nothing is left over."""
        with self.site.state.reading() as tx:
            left = unsettled.unpublished(tx, SITE, self.site.destination.identity) | unsettled.unmapped(
                tx, SITE, self.site.mapping.fingerprint
            )
            return not left and backlog.newest(tx, SITE) == 0


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with running(SandboxSettings(events=4, definitions=20)) as sandbox:
        wiring = Wiring(declared(sandbox.base_url, tmp_path))
        environment = {**os.environ, CONFIG_VARIABLE: str(written(sandbox.base_url, tmp_path))}
        home = dagster_home(wiring.pipeline.state, {}, folder=tmp_path)
        with initialised_instance(home) as instance:
            sync(wiring, SITE, instance=instance)
        _, daemon = dagster_services(home, free_port())
        with Supervisor(environment, tmp_path / "logs") as supervisor:
            supervisor.start(daemon)
            yield Live(tmp_path, sandbox, wiring.site(SITE), supervisor, Random(7))
        wiring.database.close()


def written(base_url: str, folder: Path) -> Path:
    """Declare in a file what `declared` declares."""
    auth = {"kind": "api_key", "api_key": SANDBOX_API_KEY, "site_id": SANDBOX_SITE_ID}
    site = {
        "wix": {"base_url": base_url, "auth": auth, "requests_per_minute": 100_000},
        "sync": {"destination": {"kind": "sql", "url": f"sqlite:///{folder}/ticketing.db", "table": "tickets"}},
    }
    file = folder / "pipeline.yaml"
    file.write_text(yaml.safe_dump({"state": f"sqlite:///{folder}/state.db", "sites": {SITE: site}}))
    return file


def processes() -> list[Process]:
    """List what we started, and what that started."""
    lines = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    every = [Process(int(pid), int(parent), command) for pid, parent, command in map(split, lines.splitlines())]
    found, ours = {os.getpid()}, list[Process]()
    for _ in range(5):
        fresh = [each for each in every if each.parent in found and each.pid not in found]
        ours += fresh
        found.update(each.pid for each in fresh)
    return ours


def split(line: str) -> tuple[str, str, str]:
    pid, parent, command = line.split(None, 2)
    return pid, parent, command


def runs() -> list[Process]:
    return [each for each in processes() if "multiprocessing.spawn" in each.command]


def kill(process: Process) -> None:
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)


def wait_for(look: Callable[[], Any], what: str) -> Any:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come about within {PATIENCE:.0f} s")


def records(file: Path) -> list[dict[str, Any]]:
    """Read what a ticketing system holds, but for what it makes up itself."""
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute("select * from tickets order by wix_ticket_definition_id").fetchall()
    return [{name: row[name] for name in row.keys() if name not in OWN_COLUMNS} for row in rows]  # noqa: SIM118


def clean_load(live: Live) -> list[dict[str, Any]]:
    folder = live.folder / "clean"
    folder.mkdir()
    wiring = Wiring(declared(live.sandbox.base_url, folder))
    site, now = wiring.site(SITE), live.sandbox.world.now
    refresh(site.state, site.wix, site.mapping, now=now)
    publish(site.state, site.destination, site.policy, now=now)
    wiring.database.close()
    return records(folder / "ticketing.db")


def test_killed_runs_and_a_killed_daemon_lose_nothing_and_do_nothing_twice(live: Live) -> None:
    for _ in range(KILLS):
        live.edit(EDITS)
        (run, *_) = wait_for(runs, "a run")
        time.sleep(live.dice.uniform(0.0, 2.5))
        kill(run)
    live.edit(EDITS)
    (daemon,) = [each for each in processes() if "dagster._daemon" in each.command]
    kill(daemon)
    home = live.folder / "dagster"
    live.supervisor.start(dagster_services(home, free_port())[1])
    wait_for(live.settled, "an empty inbox")
    ids = [row["wix_ticket_definition_id"] for row in records(live.folder / "ticketing.db")]
    assert len(ids) == len(set(ids))
    assert records(live.folder / "ticketing.db") == clean_load(live)
