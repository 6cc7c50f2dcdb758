"""Follow: from a landed webhook to the changed row in the ticketing database, through a real Dagster daemon."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Any

import dagster as dg

from bench.rig.figures import Target
from bench.rig.machines import Machines
from bench.rig.pipeline import SITE, TABLE, declare, destination_file, temporary_folder
from bench.rig.sandbox import Sandbox
from ticket_pipeline import config
from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.orchestration.instance import initialised_instance
from ticket_pipeline.orchestration.names import Names
from ticket_pipeline.orchestration.sync import sync
from ticket_pipeline.sandbox import organiser
from ticket_pipeline.sandbox.changes import Change
from ticket_pipeline.sandbox.serve import RunningSandbox, running
from ticket_pipeline.sandbox.settings import SANDBOX_INSTANCE_ID, SandboxSettings
from ticket_pipeline.sandbox.webhooks.compose import compose
from ticket_pipeline.store import inbox
from ticket_pipeline.webhooks.unwrap import unwrap
from ticket_pipeline.wiring import Site, Wiring

EVENTS, DEFINITIONS = 200, 2_000
EDITS, QUICK_EDITS = 20, 4
RESTED, QUICK_RESTED = 12, 2
BURST, QUICK_BURST = 1_000, 100
#: Seconds an organiser thinks before the next edit, and rests: the run that followed the last one has gone by then.
THINKING, RESTING = (0.2, 6.0), (7.0, 12.0)
#: Webhooks of a burst that land in one transaction.
_TOGETHER = 20
_PATIENCE = 120.0
#: Runs what is needed beside Dagster, in a folder.
Setting = Callable[[Path], AbstractContextManager[Machines]]
#: Celery workers, and how many runs each does at once.
Workers = tuple[Sequence[str], int]
TARGETS = {
    "edit_to_row.median_seconds": Target(at_most=2.5),
    "edit_to_row.p95_seconds": Target(at_most=7),
    "edit_to_row_after_a_rest.median_seconds": Target(at_most=2.5),
    "edit_to_row_after_a_rest.p95_seconds": Target(at_most=7),
    "burst.runs": Target(at_most=5),
    "burst.seconds": Target(at_most=30),
    "failed_runs": Target(at_most=0),
}


def run(*, quick: bool = False) -> dict[str, Any]:
    """Edit one by one, with time to think in between, and then a thousand times at once."""
    return measure(lambda _: nullcontext(Machines()), quick=quick)


def measure(setting: Setting, *, workers: Workers = ((), 1), quick: bool) -> dict[str, Any]:
    """Measure with these machines."""
    settings, (names, concurrency) = SandboxSettings(events=EVENTS, definitions=DEFINITIONS), workers
    with temporary_folder() as folder, running(settings) as sandbox, setting(folder) as machines:
        declared = declare(folder, Sandbox(sandbox.base_url), state=machines.state)
        with (
            machines.dagster(folder, declared),
            machines.workers(folder, declared, names, concurrency=concurrency),
            _opened(folder, declared) as (site, instance),
        ):
            show = _Show(sandbox, site, destination_file(folder))
            show.edit_one("first")
            edits = [_edit(show, f"Edit {each}", THINKING) for each in range(QUICK_EDITS if quick else EDITS)]
            rested = [_edit(show, f"Rested {each}", RESTING) for each in range(QUICK_RESTED if quick else RESTED)]
            time.sleep(RESTING[0])
            burst = _burst(show, instance, QUICK_BURST if quick else BURST)
            failed = instance.get_runs_count(_follow_runs(dg.DagsterRunStatus.FAILURE))
    return {
        "edit_to_row": _figures(edits),
        "edit_to_row_after_a_rest": _figures(rested),
        "burst": burst,
        "failed_runs": failed,
    }


@dataclass
class _Show:
    """A site at which things change, and the ticketing database where that is to be seen."""

    sandbox: RunningSandbox
    site: Site
    ticketing: Path
    dice: Random = field(default_factory=lambda: Random(7))  # noqa: S311 - the same edits each time
    _sent: list[Envelope] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sandbox.world.subscribe(self._record)
        with closing(sqlite3.connect(self.ticketing)) as connection:
            found = connection.execute(f"SELECT wix_ticket_definition_id FROM {TABLE}").fetchall()  # noqa: S608 - ours
        self.ids = sorted(each for (each,) in found)

    def edit(self, name: str) -> str:
        """Give any ticket definition this name; give its id."""
        definition_id: str = self.dice.choice(self.ids)
        organiser.edit(self.sandbox.world, definition_id, {"name": name})
        return definition_id

    def land(self) -> None:
        """Land the webhooks of what was done, as the receiver would."""
        sent, self._sent = self._sent, []
        with self.site.state.writing() as tx:
            inbox.land(tx, self.site.name, sent, at=datetime.now(UTC))

    def edit_one(self, name: str) -> float:
        """Edit and land; give the seconds from then until the row has changed."""
        definition_id = self.edit(name)
        self.land()
        return self.wait({definition_id: name})

    def wait(self, titles: dict[str, str]) -> float:
        """Wait until the ticketing database has these titles; give the seconds."""
        started = time.perf_counter()
        query = f"SELECT wix_ticket_definition_id, title FROM {TABLE}"  # noqa: S608 - our own names
        one = f"{query} WHERE wix_ticket_definition_id = ?"
        with closing(sqlite3.connect(self.ticketing)) as connection:
            while time.perf_counter() - started < _PATIENCE:
                asked = connection.execute(one, tuple(titles)) if len(titles) == 1 else connection.execute(query)
                if titles.items() <= dict(asked.fetchall()).items():
                    return time.perf_counter() - started
                time.sleep(0.02 if len(titles) == 1 else 0.1)
        raise RuntimeError(f"the rows did not change within {_PATIENCE:.0f} s")

    def _record(self, change: Change) -> None:
        webhook = compose(self.sandbox.world, change, 0)
        if webhook is not None:
            notice = {"eventType": webhook.topic, "instanceId": SANDBOX_INSTANCE_ID, "data": webhook.payload}
            self._sent.append(unwrap({"data": notice}))


def _edit(show: _Show, name: str, pause: tuple[float, float]) -> float:
    time.sleep(show.dice.uniform(*pause))
    return show.edit_one(name)


def _figures(edits: Sequence[float]) -> dict[str, Any]:
    return {
        "edits": len(edits),
        "median_seconds": round(median(edits), 2),
        "p95_seconds": round(quantiles(edits, n=20, method="inclusive")[-1], 2),
        "fastest_seconds": round(min(edits), 2),
        "slowest_seconds": round(max(edits), 2),
    }


def _burst(show: _Show, instance: dg.DagsterInstance, many: int) -> dict[str, Any]:
    before = instance.get_runs_count(_follow_runs())
    started, wanted = time.perf_counter(), dict[str, str]()
    for first in range(0, many, _TOGETHER):
        for number in range(first, min(first + _TOGETHER, many)):
            wanted[show.edit(f"Burst {number}")] = f"Burst {number}"
        show.land()
    landed = time.perf_counter() - started
    show.wait(wanted)
    return {
        "webhooks": many,
        "runs": instance.get_runs_count(_follow_runs()) - before,
        "landed_within_seconds": round(landed, 1),
        "seconds": round(time.perf_counter() - started, 1),
    }


def _follow_runs(*statuses: dg.DagsterRunStatus) -> dg.RunsFilter:
    return dg.RunsFilter(job_name=Names(SITE).follow_job, statuses=statuses)


@contextmanager
def _opened(folder: Path, declared: Path) -> Iterator[tuple[Site, dg.DagsterInstance]]:
    """Bring all there is to the destination; then look into Dagster and the state beside its own processes."""
    wiring = Wiring(config.load(str(declared)))
    try:
        with initialised_instance(folder / "dagster-home") as instance:
            sync(wiring, SITE, instance=instance)
            yield wiring.site(SITE), instance
    finally:
        wiring.database.close()
