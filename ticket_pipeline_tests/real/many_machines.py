"""A pipeline on many machines, set up by the commands of its page; each machine is a folder."""

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import dagster as dg
import pytest
import requests
import yaml
from dagster._core.instance.ref import InstanceRef
from sqlalchemy import create_engine, text

import ticket_pipeline
from ticket_pipeline import config
from ticket_pipeline.destinations.sql import SqlDestination
from ticket_pipeline.sandbox import (
    SANDBOX_APP_ID,
    SANDBOX_APP_SECRET,
    SANDBOX_INSTANCE_ID,
    SANDBOX_WEBHOOK_PUBLIC_KEY,
)
from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline.store import backlog, unsettled
from ticket_pipeline.wiring import Site, Wiring
from ticket_pipeline_tests.orchestration.free_port import free_port
from ticket_pipeline_tests.real.fleet import Fleet
from ticket_pipeline_tests.real.postgresql_server import PostgresqlServer
from ticket_pipeline_tests.real.redis_server import RedisServer
from ticket_pipeline_tests.real.servers import HOST

ROOT = Path(ticket_pipeline.__file__).parents[1]
PAGE = (ROOT / "docs" / "many-machines.md").read_text(encoding="utf-8")
SITE = "box_office"
PATIENCE = 240.0
T = TypeVar("T")
Row = dict[str, Any]
#: Which machines there are, and what runs there; the page names the commands.
MACHINES = {
    "front1": "receiver",
    "front2": "receiver",
    "back": "daemon",
    "desk": "webserver",
    "work1": "worker",
    "work2": "worker",
}
#: A lost run is noticed by run monitoring, which looks every fifteen seconds and waits a minute: too long for a test.
_QUICKER = {
    "poll_interval_seconds: 15": "poll_interval_seconds: 2",
    "start_timeout_seconds: 60": "start_timeout_seconds: 30",
}
#: Neither of them is the same in two databases that hold the same.
_OWN_COLUMNS = {"id", "updated_at", "created_at"}


@dataclass(frozen=True, kw_only=True)
class ManyMachines:
    """What runs, and short words for looking at it."""

    folder: Path
    sandbox: RunningSandbox
    postgresql: PostgresqlServer
    redis: RedisServer
    fleet: Fleet
    #: Each machine's own, whether it listens or not.
    ports: Mapping[str, int]
    instance: dg.DagsterInstance
    site: Site

    def settled(self) -> bool:
        """Tell whether nothing waits and nothing is left over."""
        with self.site.state.reading() as tx:
            left = unsettled.unpublished(tx, SITE, self.site.destination.identity)
            left |= unsettled.unmapped(tx, SITE, self.site.mapping.fingerprint)
            return not (left or backlog.newest(tx, SITE))

    def tickets(self) -> list[Row]:
        """Read what the ticketing system sells."""
        return on_sale(self.postgresql.url("ticketing"))

    def run_at_work(self) -> tuple[str, int] | None:
        """Give the id and the process of a run that some worker does now."""
        return run_at_work(self.instance)

    def has_ended(self, run_id: str) -> bool:
        """Tell whether Dagster knows that a run is over, however it ended."""
        return has_ended(self.instance, run_id)

    def follow_runs_done(self) -> int:
        """Count the runs that followed webhooks to their end."""
        done = dg.RunsFilter(job_name=f"{SITE}_follow", statuses=[dg.DagsterRunStatus.SUCCESS])
        return self.instance.get_runs_count(done)

    def more_follow_runs_than(self, done: int) -> bool:
        """Tell whether some more did."""
        return self.follow_runs_done() > done

    def wired(self, **variables: str) -> Wiring:
        """Give the pipeline's working parts, with other variables than the machines have."""
        declared = str(self.folder / "back" / "pipeline.yaml")
        return Wiring(config.load(declared, {**os.environ, **variables}))


def run_at_work(instance: dg.DagsterInstance, job: str | None = None) -> tuple[str, int] | None:
    """Give the id and the process of a run that is being done now, of this job or of any."""
    for run in instance.get_runs(dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.STARTED])):
        for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
            if found := re.search(r"Started process for run \(pid: (\d+)\)", entry.message):
                return run.run_id, int(found[1])
    return None


def has_ended(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Tell whether Dagster knows that a run is over, however it ended."""
    run = instance.get_run_by_id(run_id)
    return run is not None and run.is_finished


def stop_a_worker_at_work(fleet: Fleet, instance: dg.DagsterInstance, hold_up: AbstractContextManager[object]) -> str:
    """Tell a worker to stop while its run, that follows webhooks, is held up; give the run when both have ended."""
    before = fleet.begun_again.copy()
    with hold_up:
        run_id, pid = wait_for(partial(run_at_work, instance, f"{SITE}_follow"), "a run that follows the webhook")
        told = fleet.stop_member_of(pid)
        wait_for(lambda: "Warm shutdown" in fleet.log(told), "a worker that knows it is to stop")
        assert not has_ended(instance, run_id)
    wait_for(partial(has_ended, instance, run_id), "the end of the run")
    wait_for(lambda: fleet.begun_again[told] > before[told], "the end of the worker")
    return run_id


def on_sale(url: str) -> list[Row]:
    """Read the tickets of a database that are not archived, with their prices, but for what it makes up itself."""
    prices: dict[str, list[Row]] = {}
    for price in rows(url, "SELECT * FROM tickets_prices ORDER BY wix_ticket_definition_id, position"):
        prices.setdefault(price["wix_ticket_definition_id"], []).append(price)
    found = rows(url, "SELECT * FROM tickets WHERE NOT archived ORDER BY wix_ticket_definition_id")
    return [
        {
            **{name: row[name] for name in row.keys() - _OWN_COLUMNS},
            "prices": prices.get(row["wix_ticket_definition_id"]),
        }
        for row in found
    ]


def rows(url: str, query: str) -> list[Row]:
    """Ask a database."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(query)).mappings()]
    finally:
        engine.dispose()


@contextmanager
def many_machines(
    folder: Path, sandbox: RunningSandbox, postgresql: PostgresqlServer, redis: RedisServer, ports: Mapping[str, int]
) -> Iterator[ManyMachines]:
    """Set everything up as the page says, and run it for the block."""
    for database in ("tickets", "dagster", "ticketing"):
        make_database(postgresql, database)
    variables = variables_for(postgresql, redis)
    for machine in MACHINES:
        _set_up(folder / machine, sandbox)
    for command in commands(set_up(), "dagster", "ticket-pipeline"):
        shell(command, folder / "back", {**variables, "DAGSTER_HOME": str(folder / "back")})
    with Fleet(variables, folder / "logs") as fleet, pytest.MonkeyPatch.context() as patched:
        for machine, kind in MACHINES.items():
            command = processes()[kind].replace("$PORT", str(ports[machine])).replace("3000", str(ports["desk"]))
            fleet.start(machine, command, folder=folder / machine)
        for name, value in variables.items():
            patched.setenv(name, value)
        wiring = Wiring(config.load(str(folder / "back" / "pipeline.yaml")))
        with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(folder / "back"))) as instance:
            machines = ManyMachines(
                folder=folder,
                sandbox=sandbox,
                postgresql=postgresql,
                redis=redis,
                fleet=fleet,
                ports=ports,
                instance=instance,
                site=wiring.site(SITE),
            )
            _wait_until_up(machines)
            yield machines
        close(wiring)


def close(wiring: Wiring) -> None:
    """Let go of all connections."""
    cast("SqlDestination", wiring.site(SITE).destination).close()
    wiring.database.close()


def make_database(postgresql: PostgresqlServer, name: str) -> str:
    """Make an empty database, and give its address."""
    engine = create_engine(postgresql.url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return postgresql.url(name)


def set_up() -> str:
    """Give the section by which everything here is set up."""
    return section("Set up")


def section(title: str) -> str:
    """Give a section of the page."""
    (found,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def blocks(text: str, language: str) -> list[str]:
    """Give the blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands(text: str, *programs: str) -> list[str]:
    """Give the commands of a text that begin with one of these words, in order."""
    typed = re.findall(r"^\$ (.*?)(?:\s+#.*)?$", "\n".join(blocks(text, "console")), re.MULTILINE)
    return [each for each in typed if each.split()[0] in programs]


def processes() -> dict[str, str]:
    """Give the page's processes: their commands, by name."""
    found: dict[str, str] = yaml.safe_load(next(each for each in blocks(set_up(), "yaml") if "dagster-daemon" in each))
    return found


def exported(text: str) -> dict[str, str]:
    """Give the variables that a text has exported."""
    pairs = (each.removeprefix("export ").partition("=") for each in commands(text, "export"))
    return {name: value for name, _, value in pairs}


def variables_for(postgresql: PostgresqlServer, redis: RedisServer) -> dict[str, str]:
    """Give the variables that the page names, with the servers' own addresses; the folder is each machine's own."""
    ours = {
        "DAGSTER_HOME": "",
        "TICKET_PIPELINE_STATE": postgresql.url("tickets"),
        "TICKET_PIPELINE_DAGSTER_STORAGE": postgresql.url("dagster", driver="psycopg2"),
        "TICKET_PIPELINE_BROKER": redis.url(0),
        "TICKET_PIPELINE_RESULTS": redis.url(1),
    }
    named = exported(set_up())
    assert named.keys() == ours.keys()
    for name, address in ours.items():
        assert named[name].partition("://")[0] == address.partition("://")[0] or not address
    path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    return {
        **{name: value for name, value in ours.items() if value},
        "TICKETING_URL": postgresql.url("ticketing"),
        "PATH": path,
    }


def shell(command: str, folder: Path, variables: Mapping[str, str]) -> str:
    """Type a command on a machine; give what it says."""
    done = subprocess.run(
        shlex.split(command), cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def wait_for(look: Callable[[], T | None], what: str) -> T:
    """Look until it is so, and give what was seen."""
    until = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < until, f"{what} did not come about within {PATIENCE:.0f} s"
        time.sleep(0.1)
    return found


def _set_up(machine: Path, sandbox: RunningSandbox) -> None:
    machine.mkdir(parents=True)
    (machine / "pipeline.yaml").write_text(_declared(sandbox.base_url))
    copy_files(set_up(), machine)
    settings = machine / "dagster.yaml"
    told = settings.read_text(encoding="utf-8")
    for shipped, quicker in _QUICKER.items():
        assert shipped in told
        told = told.replace(shipped, quicker)
    settings.write_text(told, encoding="utf-8")


def copy_files(text: str, machine: Path) -> None:
    """Copy what a text has copied from the project, but for the pipeline.yaml, which is everybody's own."""
    (copy,) = commands(text, "cp")
    *sources, _ = shlex.split(copy)[1:]
    for each in sources:
        if each != "pipeline.yaml":
            subprocess.run(["/bin/sh", "-c", f"cp {each} {shlex.quote(str(machine))}"], cwd=ROOT, check=True)


def _declared(base_url: str) -> str:
    (state,) = (each for each in blocks(set_up(), "yaml") if each.startswith("state:"))
    app = {"app_id": SANDBOX_APP_ID, "app_secret": SANDBOX_APP_SECRET, "instance_id": SANDBOX_INSTANCE_ID}
    site = {
        "wix": {
            "base_url": base_url,
            "auth": {"kind": "app", **app},
            "webhook_public_key": SANDBOX_WEBHOOK_PUBLIC_KEY,
            "requests_per_minute": 100_000,
        },
        "sync": {
            "destination": {"kind": "sql", "url": "${TICKETING_URL}", "table": "tickets"},
            "max_delete_fraction": 1,
        },
        "counters": {"definitions": "all"},
    }
    return state + yaml.safe_dump({"sites": {SITE: site}})


def _wait_until_up(machines: ManyMachines) -> None:
    pages = {"front1": "healthz", "front2": "healthz", "desk": "server_info"}
    for machine, page in pages.items():
        wait_for(partial(_answers, f"http://{HOST}:{machines.ports[machine]}/{page}"), machine)
    for machine in ("work1", "work2"):
        wait_for(partial(_says, machines.fleet, machine, " ready."), machine)


def _says(fleet: Fleet, machine: str, word: str) -> bool:
    return word in fleet.log(machine)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def ports() -> dict[str, int]:
    """Choose a port for each machine."""
    return {each: free_port() for each in MACHINES}
