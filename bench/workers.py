"""Workers: how much faster two and four Celery workers sync, against a ticketing system of 100 ms an answer."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from typing import Any

from bench.rig.children import running
from bench.rig.dagster import Dagster
from bench.rig.figures import Target
from bench.rig.machines import many_machines
from bench.rig.pipeline import declare, temporary_folder
from bench.rig.sandbox import free_port, sandbox
from ticket_pipeline_tests.destinations.pretix_stub import TOKEN

LATENCY_MS = 100
#: Runs of one event each, and how many come before, for workers that have not imported anything yet.
RUNS, QUICK_RUNS, WARMING = 16, 4, 8
PER_EVENT = 100
#: The workers that are added, one measurement after the other.
CREWS = {"1 worker": ["a"], "2 workers": ["b"], "4 workers": ["c", "d"]}
TARGETS = {"2 workers.times_faster": Target(at_least=1.7), "*.runs_failed": Target(at_most=0)}


def run(*, quick: bool = False) -> dict[str, Any]:
    """Sync as many events, that nobody synced before, with each crew."""
    runs = QUICK_RUNS if quick else RUNS
    events, found = (runs + WARMING) * len(CREWS), dict[str, dict[str, Any]]()
    with (
        temporary_folder() as folder,
        sandbox(folder, events=events, definitions=events * PER_EVENT) as there,
        many_machines(folder) as machines,
    ):
        port, log = free_port(), folder / "ticketing.log"
        slow = [sys.executable, "-m", "bench.rig.slow_ticketing", str(port), str(LATENCY_MS)]
        ticketing = {"kind": "pretix", "url": f"http://127.0.0.1:{port}", "organizer": "stage", "token": TOKEN}
        declared = declare(folder, there, state=machines.state, destination=ticketing)
        with running(slow, log=log), machines.dagster(folder, declared) as dagster, ExitStack() as crew:
            unsynced: Iterator[str] | None = None
            for name, added in CREWS.items():
                crew.enter_context(machines.workers(folder, declared, added))
                unsynced = unsynced or _learn_events(dagster)
                _sync(dagster, list(islice(unsynced, WARMING)))
                found[name] = _sync(dagster, list(islice(unsynced, runs)))
    alone = found["1 worker"]["seconds"]
    return {name: {**each, "times_faster": round(alone / each["seconds"], 2)} for name, each in found.items()}


def _learn_events(dagster: Dagster) -> Iterator[str]:
    """Refresh the events, with the sensor off that would have the new ones synced before we can measure it."""
    dagster.stop_sensor()
    dagster.wait_for_runs([dagster.launch(dagster.names.refresh_job)])
    return iter(dagster.partitions())


def _sync(dagster: Dagster, events: list[str]) -> dict[str, Any]:
    """Have each of these events synced by a run of its own."""
    runs = dagster.wait_for_runs([dagster.launch(dagster.names.sync_job, partition=each) for each in events])
    seconds = max(each["endTime"] for each in runs) - min(each["startTime"] for each in runs)
    return {
        "runs": len(runs),
        "runs_failed": sum(each["status"] != "SUCCESS" for each in runs),
        "seconds": round(seconds, 1),
        "definitions_per_second": round(len(runs) * PER_EVENT / seconds, 1),
    }
