"""A site of the sandbox whose tickets go to a real pretix: what each test of the sync starts from."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import yaml

from ticket_pipeline import config
from ticket_pipeline.destinations.pretix import Pretix
from ticket_pipeline.flows.load import load_definitions
from ticket_pipeline.flows.load_events import load_events
from ticket_pipeline.flows.map_records import map_records
from ticket_pipeline.flows.publish import publish
from ticket_pipeline.flows.reconcile import reconcile
from ticket_pipeline.model.report import PublishReport, ReconcileReport
from ticket_pipeline.sandbox import SANDBOX_API_KEY, SANDBOX_SITE_ID
from ticket_pipeline.sandbox.remote import DEFINITIONS, ask
from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline.wiring import Site, Wiring
from ticket_pipeline_tests.destinations.pretix_contract import CountingSession
from ticket_pipeline_tests.real.pretix_server import Pretix as Server

SITE = "box_office"
Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class PretixSite:
    """A sandbox, a pretix, and the site between them."""

    sandbox: RunningSandbox
    server: Server
    site: Site
    session: CountingSession
    declared: Path
    prefix: str

    def sync(self) -> PublishReport:
        """Load, map, publish."""
        now, site = datetime.now(UTC), self.site
        events = load_events(site.state, site.wix, now=now)
        load_definitions(site.state, site.wix, events.event_ids, now=now)
        map_records(site.state, site.mapping, events.event_ids, now=now)
        return publish(site.state, site.destination, site.policy, now=now)

    def reconcile(self) -> ReconcileReport:
        """Compare all three, and repair as declared."""
        parts = self.site.sync_parts
        return reconcile(self.site.state, self.site.wix, parts, now=datetime.now(UTC))

    def wix_events(self) -> dict[str, Json]:
        """Read Wix's events, by id."""
        query = {"query": {"paging": {"limit": 100}}, "fields": ["REGISTRATION"]}
        found = ask("POST", "/events/v3/events/query", query, base_url=self.sandbox.base_url)
        return {each["id"]: each for each in cast("list[Json]", found["events"])}

    def wix_definitions(self) -> dict[str, Json]:
        """Read the ticket definitions of Wix's events, by id; those of drafts are nobody's business yet."""
        events, found = self.wix_events(), dict[str, Json]()
        while True:
            query = {"query": {"paging": {"limit": 100, "offset": len(found)}}}
            page = ask("POST", f"{DEFINITIONS}/query", query, base_url=self.sandbox.base_url)["ticketDefinitions"]
            found |= {each["id"]: each for each in cast("list[Json]", page)}
            if not page:
                return {each: it for each, it in found.items() if it["eventId"] in events}

    def pretix_event(self, wix_event_id: str) -> str:
        """Give the slug of the pretix event that was made for a Wix event."""
        return f"{self.prefix}-{self.wix_events()[wix_event_id]['slug']}"

    def items(self, slug: str, wix_id: str | None = None) -> list[Json]:
        """Read the items of an event as a person with all rights, those of one Wix id only where it is told."""
        found = self.server.pages(f"events/{slug}/items/")
        return [each for each in found if wix_id in {None, each["meta_data"].get("wix_ticket_definition_id")}]

    def quota(self, slug: str, item_id: int) -> Json:
        """Read the one quota of an item."""
        (quota,) = self.server.pages(f"events/{slug}/quotas/?items__in={item_id}")
        return quota


@contextmanager
def pretix_site(
    folder: Path, sandbox: RunningSandbox, server: Server, *, prefix: str, **sync: Any
) -> Iterator[PretixSite]:
    """Declare a site whose pretix events begin with a prefix, and open it."""
    declared = declare(folder, sandbox.base_url, server, prefix=prefix, **sync)
    wiring = Wiring(config.load(str(declared)))
    try:
        site = wiring.site(SITE)
        session = CountingSession()
        assert isinstance(site.destination, Pretix)
        site.destination.api.session = session
        yield PretixSite(sandbox=sandbox, server=server, site=site, session=session, declared=declared, prefix=prefix)
    finally:
        wiring.database.close()


def declare(folder: Path, base_url: str, server: Server, *, prefix: str, **sync: Any) -> Path:
    """Write a pipeline.yaml whose state lies in the folder."""
    auth = {"kind": "api_key", "api_key": SANDBOX_API_KEY, "site_id": SANDBOX_SITE_ID}
    site: Mapping[str, Any] = {
        "wix": {"base_url": base_url, "auth": auth, "requests_per_minute": 100_000},
        "sync": {"destination": {**address(server), "event": f"{prefix}-{{event.slug}}"}, **sync},
    }
    path = folder / "pipeline.yaml"
    path.write_text(yaml.safe_dump({"state": f"sqlite:///{folder}/state.db", "sites": {SITE: site}}))
    return path


def address(server: Server) -> dict[str, str]:
    """Declare a pretix; events are made, which takes a token that may."""
    return {"kind": "pretix", "url": server.url, "organizer": server.organizer, "token": server.full_token}
