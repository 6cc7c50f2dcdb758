"""Backfill: a thousand event partitions through a real Dagster daemon, against one run per partition.

One run per partition is measured on a few partitions and scaled, or it would take an hour.
"""

import time
from collections.abc import Sequence
from typing import Any

from bench.rig.dagster import Dagster, dagster
from bench.rig.figures import Target
from bench.rig.pipeline import declare, temporary_folder
from bench.rig.sandbox import sandbox

SIZE, QUICK_SIZE = (1000, 10_000), (120, 600)
ALONE, QUICK_ALONE = 24, 3
TARGETS = {"runs_started": Target(at_most=20), "times_faster": Target(at_least=5)}


def run(*, quick: bool = False) -> dict[str, Any]:
    """Start Dagster in an empty folder, learn the events, back all of them up, then some one by one."""
    events, definitions = QUICK_SIZE if quick else SIZE
    with temporary_folder() as folder, sandbox(folder, events=events, definitions=definitions) as there:
        declared = declare(folder, there)
        with dagster(folder, declared) as running:
            started = time.perf_counter()
            partitions = _learn_events(running)
            learned = round(time.perf_counter() - started, 1)
            many = _backfill(running, partitions)
            alone = _one_by_one(running, partitions[: QUICK_ALONE if quick else ALONE])
    scaled = round(alone["seconds"] / alone["runs"] * len(partitions), 1)
    return {
        "refresh_of_events_seconds": learned,
        **many,
        "one_run_per_partition": {**alone, "scaled_to_all_seconds": scaled},
        "times_faster": round(scaled / many["seconds"], 1),
    }


def _learn_events(running: Dagster) -> list[str]:
    """Refresh the events, with the sensor off that would have the new ones synced before we can measure it."""
    running.stop_sensor()
    running.wait_for_runs([running.launch(running.names.refresh_job)])
    return running.partitions()


def _backfill(running: Dagster, partitions: Sequence[str]) -> dict[str, Any]:
    started = time.time()
    backfill = running.launch_backfill(partitions)
    status = running.wait_for_backfill(backfill)
    runs = running.runs_of(backfill)
    return {
        "status": status,
        "partitions": len(partitions),
        "runs_started": len(runs),
        "runs_failed": sum(each["status"] != "SUCCESS" for each in runs),
        "seconds": round(max(each["endTime"] for each in runs) - started, 1),
        "waited_for_the_daemon_seconds": round(min(each["startTime"] for each in runs) - started, 1),
        "seconds_in_runs": round(sum(each["endTime"] - each["startTime"] for each in runs), 1),
    }


def _one_by_one(running: Dagster, partitions: Sequence[str]) -> dict[str, Any]:
    started = time.time()
    ids = [running.launch(running.names.sync_job, partition=each) for each in partitions]
    runs = running.wait_for_runs(ids)
    return {
        "runs": len(runs),
        "runs_failed": sum(each["status"] != "SUCCESS" for each in runs),
        "seconds": round(max(each["endTime"] for each in runs) - started, 1),
    }
