"""Celery without Redis, as the page sets it up: a webhook becomes a row, also if the worker is killed or stopped."""

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.instance.ref import InstanceRef

from ticket_pipeline import config
from ticket_pipeline.orchestration.instance import HOME_VARIABLE, initialised_instance
from ticket_pipeline.orchestration.sync import sync
from ticket_pipeline.sandbox import organiser
from ticket_pipeline.sandbox.serve import RunningSandbox, running
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline.wiring import Wiring
from ticket_pipeline_tests.orchestration.free_port import free_port
from ticket_pipeline_tests.real.fleet import Fleet
from ticket_pipeline_tests.real.many_machines import (
    SITE,
    commands,
    copy_files,
    exported,
    processes,
    run_at_work,
    section,
    shell,
    stop_a_worker_at_work,
    wait_for,
)
from ticket_pipeline_tests.real.servers import HOST
from ticket_pipeline_tests.stories.pipeline_file import declare, on_sale

THERE = "/srv/tickets"


@dataclass(frozen=True)
class Machine:
    """A folder, its processes, and the sandbox they follow."""

    folder: Path
    sandbox: RunningSandbox
    fleet: Fleet
    instance: dg.DagsterInstance

    def rename_one(self, name: str) -> None:
        """Give a ticket definition another name."""
        world = self.sandbox.world
        organiser.edit(world, min(each.id for each in world.definitions), {"name": name})

    def sells(self, name: str) -> bool:
        """Tell whether the ticketing system sells something under this name."""
        return name in {row["title"] for row in on_sale(self.folder)}

    @contextmanager
    def nobody_writes(self, *, then: Callable[[], object]) -> Iterator[None]:
        """Keep what writes to the ticketing system waiting for the block, and do something then."""
        with closing(sqlite3.connect(self.folder / "ticketing.db", isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            then()
            yield


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    folder, page, port = tmp_path / "tickets", section("Without Redis, on one machine"), free_port()
    folder.mkdir()
    copy_files(page, folder)
    variables = {name: value.replace(THERE, str(folder)) for name, value in exported(page).items()}
    assert variables.pop(HOME_VARIABLE) == str(folder)
    variables["PATH"] = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    for command in commands(page, "mkdir"):
        shell(command, folder, variables)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    hooks = (f"http://{HOST}:{port}/webhooks/wix",)
    with running(SandboxSettings(events=3, definitions=12, webhook_urls=hooks, resend_scale=0.001)) as sandbox:
        wiring = Wiring(config.load(str(declare(folder, sandbox.base_url))))
        with initialised_instance(folder) as instance:
            sync(wiring, SITE, instance=instance)
        wiring.database.close()
        with (
            Fleet(variables, tmp_path / "logs") as fleet,
            dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(folder))) as instance,
        ):
            for name in ("daemon", "worker", "receiver"):
                fleet.start(name, processes()[name].replace("$PORT", str(port)), folder=folder)
            yield Machine(folder, sandbox, fleet, instance)


def test_a_webhook_becomes_a_row_though_the_worker_is_killed(machine: Machine) -> None:
    machine.rename_one("Front row")
    wait_for(partial(machine.sells, "Front row"), "the changed row")
    for number in range(100):
        machine.rename_one(f"Row {number}")
        _, pid = wait_for(partial(run_at_work, machine.instance), "a run at work")
        with suppress(ProcessLookupError):  # it was quicker
            machine.fleet.kill_all_of(pid)
            break
    wait_for(partial(machine.sells, f"Row {number}"), "the changed row")


def test_a_worker_that_is_told_to_stop_finishes_its_run_first(machine: Machine) -> None:
    renamed = partial(machine.rename_one, "Last row")
    run_id = stop_a_worker_at_work(machine.fleet, machine.instance, machine.nobody_writes(then=renamed))
    run = machine.instance.get_run_by_id(run_id)
    assert run is not None
    assert run.status is dg.DagsterRunStatus.SUCCESS
    wait_for(partial(machine.sells, "Last row"), "the changed row")
