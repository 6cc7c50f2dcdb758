"""A stage whose site announces: people in a file, mails in memory, time that passes only when somebody waits."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from ticket_pipeline.channels import memory
from ticket_pipeline.channels.memory import Place
from ticket_pipeline.flows.load import load_definitions
from ticket_pipeline.flows.sale_starts import due
from ticket_pipeline.orchestration.code_location import site_definitions
from ticket_pipeline.orchestration.new_events import range_tags
from ticket_pipeline.sandbox import organiser
from ticket_pipeline.sandbox.entities import Definition
from ticket_pipeline.sandbox.instants import to_wire
from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline.wiring import Wiring
from ticket_pipeline_tests.flows.announcing import Time
from ticket_pipeline_tests.orchestration.stage import SILENT, Stage, declared_for
from ticket_pipeline_tests.sandbox.api import NOW, Api

MINUTE = timedelta(minutes=1)
#: Who is told, and who is not.
TOLD = ("ann@example.org", "bob@example.org", "cleo@example.org")
LEFT_OUT = {
    "dora@example.org": "pending",
    "eve@example.org": "unsubscribed",
    "finn@example.org": "suppressed",
    "gil@example.org": "subscribed",
}
EVERYBODY = (*TOLD, *LEFT_OUT)


@dataclass
class Telling(Stage):
    """The stage, and short words for what organiser and clock do."""

    sandbox: RunningSandbox = field(kw_only=True)
    time: Time = field(kw_only=True)
    place: Place = field(kw_only=True)

    @property
    def some(self) -> Definition:
        """Pick a definition of an event that has a partition."""
        found = [each for each in self.sandbox.world.definitions if each.event_id in self.partitions]
        return min(found, key=lambda each: each.id)

    def other(self, than: Definition) -> Definition:
        """Pick a definition of another event."""
        found = [each for each in self.sandbox.world.definitions if each.event_id in self.partitions]
        return min((each for each in found if each.event_id != than.event_id), key=lambda each: each.id)

    def open_sale(self, definition: Definition, at: datetime, *, heard: bool = True) -> None:
        """Let a definition go on sale at an instant, and hear of it."""
        period = {"startDate": to_wire(at), "endDate": to_wire(at + timedelta(days=9)), "displayNotOnSale": True}
        organiser.edit(self.sandbox.world, definition.id, {"salePeriod": period, "hidden": False})
        if heard:
            self.hear(definition)

    def hear(self, definition: Definition) -> None:
        """Learn from Wix what is so now, as the sync does."""
        load_definitions(self.site.state, self.site.wix, [definition.event_id], now=self.time.now)

    def announce(self) -> dg.ExecuteInProcessResult:
        """Run the job."""
        return self.run(self.names.announce_job)

    def materialize(self, asset: str, *event_ids: str) -> dg.ExecuteInProcessResult:
        """Materialize an asset by hand, for a stretch of events where it has partitions."""
        job = dg.define_asset_job("by_hand", selection=dg.AssetSelection.assets(self.names.key(asset)))
        location = dg.Definitions.merge(site_definitions(self.parts), dg.Definitions(jobs=[job]))
        tags = range_tags(event_ids[0], event_ids[-1]) if event_ids else {}
        return location.resolve_job_def("by_hand").execute_in_process(
            run_config=SILENT, instance=self.instance, raise_on_error=False, tags=tags
        )

    @property
    def mailed(self) -> list[str]:
        """List who got a message, as often as they did."""
        return sorted(each.to.email or "" for each in self.place.messages)

    def written(self) -> str:
        """Give all that Dagster has kept of all runs: events, metadata, errors, tags."""
        runs = self.instance.get_runs()
        kept = [repr(each.tags) for each in runs]
        kept += [dg.serialize_value(entry) for run in runs for entry in self.instance.all_logs(run.run_id)]
        return "\n".join(kept)


@contextmanager
def telling(sandbox: RunningSandbox, api: Api, folder: Path, **settings: Any) -> Iterator[Telling]:
    """Set a stage whose definitions were loaded; announcements have been looked for since an hour ago."""
    doing = {
        "announcements": {
            "audience": {"kind": "csv", "path": str(written_people(folder)), "opt_in": "all"},
            "channels": [{"kind": "memory", "name": str(folder)}],
            **settings,
        }
    }
    time = Time(now=NOW)
    wiring = Wiring(declared_for(sandbox.base_url, folder, doing), sleep=time.sleep, clock=time)
    place = memory.connect(memory.Config(name=str(folder))).place
    with dg.DagsterInstance.ephemeral() as instance:
        stage = Telling(
            folder=folder, wiring=wiring, api=api, instance=instance, sandbox=sandbox, time=time, place=place
        )
        due(stage.site.state, now=NOW - timedelta(hours=1))
        stage.sync()
        yield stage
    wiring.database.close()


def written_people(folder: Path) -> Path:
    """List people in a file."""
    rows = [f"{each},,subscribed,en,all" for each in TOLD]
    rows += [f"{each},,{status},en,{'' if each.startswith('gil') else 'all'}" for each, status in LEFT_OUT.items()]
    file = folder / "subscribers.csv"
    file.write_text("\n".join(["email,name,status,locale,opt_ins", *rows, ""]), encoding="utf-8")
    return file
