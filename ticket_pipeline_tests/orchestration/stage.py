"""A site whose Wix is the sandbox and whose ticketing system is SQLite, run by Dagster in memory."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg

from ticket_pipeline.orchestration.assets import Parts
from ticket_pipeline.orchestration.code_location import site_definitions
from ticket_pipeline.orchestration.names import Names
from ticket_pipeline.orchestration.new_events import range_tags
from ticket_pipeline.orchestration.watch import Watch
from ticket_pipeline.sandbox.settings import SANDBOX_API_KEY, SANDBOX_SITE_ID
from ticket_pipeline.settings import Pipeline
from ticket_pipeline.wiring import Site, Wiring
from ticket_pipeline_tests.sandbox.api import Api

SITE = "box_office"
SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
#: Picks one record of the ticketing system.
ONE_RECORD = " where wix_ticket_definition_id = (select min(wix_ticket_definition_id) from tickets)"
EDIT_ONE = "update tickets set title = 'by hand'" + ONE_RECORD
DELETE_ONE = "delete from tickets" + ONE_RECORD
RENAME_ONE = "update tickets set wix_ticket_definition_id = 'nobody'" + ONE_RECORD
DEFINITIONS_QUERY = "POST /events/v3/ticket-definitions/query"


def declared(base_url: str, folder: Path, **sync: object) -> Pipeline:
    """Declare a pipeline of one site that syncs, all in one folder."""
    destination = {"kind": "sql", "url": f"sqlite:///{folder}/ticketing.db", "table": "tickets"}
    return declared_for(base_url, folder, {"sync": {"destination": destination, **sync}})


def declared_for(
    base_url: str, folder: Path, doing: Mapping[str, object], *, sites: Sequence[str] = (SITE,)
) -> Pipeline:
    """Declare a pipeline whose sites all do this: sync, counters or announcements."""
    auth = {"kind": "api_key", "api_key": SANDBOX_API_KEY, "site_id": SANDBOX_SITE_ID}
    site = {"wix": {"base_url": base_url, "auth": auth, "requests_per_minute": 100_000}, **doing}
    return Pipeline.model_validate({"state": f"sqlite:///{folder}/state.db", "sites": dict.fromkeys(sites, site)})


@dataclass
class Stage:
    """One site and short words for what Dagster does with it."""

    folder: Path
    wiring: Wiring
    api: Api
    instance: dg.DagsterInstance
    names: Names = field(default_factory=lambda: Names(SITE))
    watch: Watch = field(default_factory=Watch)

    @property
    def parts(self) -> Parts:
        """Give what the definitions are made from; nothing waits before it is tried again."""
        return Parts(wiring=self.wiring, names=self.names, watch=self.watch, retry_delay=0.0, stay=0.0)

    @property
    def site(self) -> Site:
        """Give the site's working parts."""
        return self.wiring.site(SITE)

    @property
    def partitions(self) -> list[str]:
        """List the partitions."""
        return list(self.instance.get_dynamic_partitions(self.names.partitions_name))

    def run(self, job: str, **options: Any) -> dg.ExecuteInProcessResult:
        """Run a job, whatever becomes of it."""
        found = site_definitions(self.parts).resolve_job_def(job)
        return found.execute_in_process(run_config=SILENT, instance=self.instance, raise_on_error=False, **options)

    def refresh(self) -> dg.ExecuteInProcessResult:
        """Materialize the events."""
        return self.run(self.names.refresh_job)

    def sync(self) -> dg.ExecuteInProcessResult:
        """Bring all there is to the destination, in two runs."""
        self.refresh()
        return self.run(self.names.sync_job, tags=range_tags(self.partitions[0], self.partitions[-1]))

    def materialized(self, asset: str) -> dict[str, list[dg.AssetMaterialization]]:
        """Give an asset's materializations, by partition."""
        found: dict[str, list[dg.AssetMaterialization]] = {}
        for record in self.instance.fetch_materializations(self.names.key(asset), limit=1_000).records:
            assert record.asset_materialization is not None
            found.setdefault(record.partition_key or "", []).append(record.asset_materialization)
        return found

    def ticketing(self, statement: str, *values: str) -> list[tuple[Any, ...]]:
        """Look into the ticketing system, or meddle with it, behind our back."""
        with sqlite3.connect(self.folder / "ticketing.db") as connection:
            rows = connection.execute(statement, values).fetchall()
        connection.close()
        return rows


def checks(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    """Tell which checks passed."""
    return {each.check_name: each.passed for each in result.get_asset_check_evaluations()}


def attempts(result: dg.ExecuteInProcessResult, step: str) -> int:
    """Count how often a step was begun."""
    events = [event for event in result.all_events if event.step_key == step]
    return sum(1 for event in events if event.event_type_value in {"STEP_START", "STEP_RESTARTED"})


def figure(metadata: Mapping[str, dg.MetadataValue[Any]], entry: str) -> int:
    """Read a figure of some metadata."""
    value = metadata[entry].value
    assert isinstance(value, int)
    return value


def failure(result: dg.ExecuteInProcessResult) -> Any:
    """Give what the first failed step failed with."""
    return next(event.step_failure_data for event in result.all_events if event.is_step_failure)
