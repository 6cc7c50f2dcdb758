"""A site whose Wix is the sandbox and whose ticketing system is in memory, for telling a flow's story."""

import itertools
from dataclasses import dataclass, field
from decimal import Decimal
from typing import cast

from ticket_pipeline.destinations.memory import Memory, Place
from ticket_pipeline.flows.publish import publish
from ticket_pipeline.flows.reconcile import reconcile, refresh
from ticket_pipeline.flows.sync_parts import SyncParts
from ticket_pipeline.model.policy import Policy
from ticket_pipeline.model.report import LoadReport, PublishReport, ReconcileReport
from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline.sandbox.settings import SANDBOX_API_KEY, SANDBOX_SITE_ID
from ticket_pipeline.settings import Pipeline
from ticket_pipeline.wiring import Site, Wiring
from ticket_pipeline_tests.sandbox.api import NOW, Api

_numbers = itertools.count()


def declared(base_url: str, state: str, **sync: object) -> Pipeline:
    """Declare a pipeline of one site; its destination is a place in memory of its own."""
    auth = {"kind": "api_key", "api_key": SANDBOX_API_KEY, "site_id": SANDBOX_SITE_ID}
    destination = {"kind": "memory", "name": f"stage-{next(_numbers)}"}
    site = {
        "wix": {"base_url": base_url, "auth": auth, "requests_per_minute": 100_000},
        "sync": {"destination": destination, **sync},
    }
    return Pipeline.model_validate({"state": state, "sites": {"box_office": site}})


@dataclass
class Stage:
    """One site, its sandbox, and short words for what is done with them."""

    site: Site
    api: Api
    sandbox: RunningSandbox
    policy: Policy = field(default_factory=Policy)

    @property
    def sync_parts(self) -> SyncParts:
        """Give what the sync works with, by the policy of the stage."""
        return SyncParts(destination=self.site.destination, mapping=self.site.mapping, policy=self.policy)

    @property
    def place(self) -> Place:
        """Give what the ticketing system holds."""
        return cast("Memory", self.site.destination).place

    def load(self) -> LoadReport:
        """Bring our state up to Wix."""
        return refresh(self.site.state, self.site.wix, self.site.mapping, now=NOW)[1]

    def publish(self) -> PublishReport:
        """Bring the difference to the ticketing system."""
        return publish(self.site.state, self.site.destination, self.policy, now=NOW)

    def sync(self) -> PublishReport:
        """Load and publish."""
        self.load()
        return self.publish()

    def reconcile(self) -> ReconcileReport:
        """Compare all three and repair."""
        site = self.site
        return reconcile(site.state, site.wix, self.sync_parts, now=NOW)

    def titles(self) -> dict[str, object]:
        """Give the title of each live record, by Wix id."""
        return {each: held.fields["title"] for each, held in self.place.held.items() if not held.archived}

    def wix_names(self) -> dict[str, str]:
        """Give the name of each definition of the events that are not drafts, as Wix has it."""
        query = {"query": {"paging": {"limit": 1000}}}
        shown = {each["id"] for each in self.api.ask("POST", "/events/v3/events/query", query)["events"]}
        return {each["id"]: each["name"] for each in self.api.all() if each["eventId"] in shown}


def build(sandbox: RunningSandbox, api: Api, state: str, *, max_delete_fraction: str = "0.2") -> Stage:
    """Set the stage."""
    site = Wiring(declared(sandbox.base_url, state, mapping={"show": "event.title"}), sleep=lambda _: None).site(
        "box_office"
    )
    policy = Policy(max_delete_fraction=Decimal(max_delete_fraction))
    return Stage(site=site, api=api, sandbox=sandbox, policy=policy)
