"""What Dagster's pages ask for, with all event partitions of a site marked as done."""

import time
from pathlib import Path
from statistics import median
from typing import Any

import dagster as dg

from bench.rig.dagster import Dagster
from bench.rig.machines import Machines
from bench.rig.pipeline import SITE, opened
from ticket_pipeline.flows.inspect_work import look_for_work
from ticket_pipeline.orchestration.event_partitions import align
from ticket_pipeline.orchestration.instance import initialised_instance
from ticket_pipeline.orchestration.names import TICKET_DEFINITIONS, Names

_ROUNDS = 7
_NODE = "query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode { %s } } }"
#: What is asked, by the page that asks it.
_ASKED = {
    "partition_list": "partitionKeys",
    "partition_statuses": "assetPartitionStatuses { ... on DefaultPartitionStatuses { materializedPartitions } }",
    "overview": "partitionStats { numMaterialized numPartitions numFailed }",
    "newest_hundred": "assetMaterializations(limit: 100) { timestamp partition runId }",
}


def pages_of(folder: Path, machines: Machines) -> dict[str, Any]:
    """Mark each partition of the site that the folder's pipeline has loaded, and ask for the pages."""
    declared, names = folder / "pipeline.yaml", Names(SITE)
    with machines.dagster(folder, declared) as dagster:
        dagster.stop_sensor()
        with initialised_instance(folder / "dagster-home") as instance, opened(declared) as site:
            started = time.perf_counter()
            align(instance, names, look_for_work(site.state, site.sync_parts))
            added = round(time.perf_counter() - started, 3)
            keys = instance.get_dynamic_partitions(names.partitions_name)
            for each in keys:
                done = dg.AssetMaterialization(names.key(TICKET_DEFINITIONS), partition=each)
                instance.report_runless_asset_event(done)
        asked = {f"{page}_seconds": _seconds(dagster, names, query) for page, query in _ASKED.items()}
    return {"partitions": len(keys), "add_partitions_seconds": added, **asked}


def _seconds(dagster: Dagster, names: Names, query: str) -> float:
    key, taken = {"path": names.key(TICKET_DEFINITIONS).path}, []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        answer = dagster.ask(_NODE % query, key=key)
        taken.append(time.perf_counter() - started)
        if not answer["assetNodeOrError"]:
            raise RuntimeError(f"Dagster does not know {names.key(TICKET_DEFINITIONS)}")
    return round(median(taken), 4)
