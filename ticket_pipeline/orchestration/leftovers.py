"""Work left over without a webhook that waits: what a crash interrupted after the inbox was settled, or was refused."""

from dataclasses import replace
from datetime import datetime
from hashlib import sha256

import dagster as dg

from ticket_pipeline.flows.plan import hold
from ticket_pipeline.orchestration.follow_turns import Left, see
from ticket_pipeline.orchestration.names import PARTITIONED, Names
from ticket_pipeline.orchestration.new_events import UNDER_WAY
from ticket_pipeline.store import unsettled
from ticket_pipeline.wiring import Site

#: Seconds between two looks, which read the whole site.
LOOK_EVERY = 60.0


def look(
    instance: dg.DagsterInstance, names: Names, site: Site, left: Left, *, at: datetime
) -> tuple[Left, str | None]:
    """Look, once a minute, for work that nobody does; return what to remember, and why a run is to be asked for."""
    if at.timestamp() - left.looked < LOOK_EVERY:
        return left, None
    events = _events(site)
    if not events or _somebody_works(instance, names):
        return see(left, "", at=at), None
    left = see(left, sha256(",".join(sorted(events)).encode()).hexdigest()[:16], at=at)
    if at.timestamp() < left.due or hold(site.state, site.destination, site.policy) is not None:
        return left, None
    asked = replace(left, asked=at.timestamp(), attempts=left.attempts + 1)
    return asked, f"{len(events)} events have work left over, attempt {asked.attempts}"


def _events(site: Site) -> set[str]:
    """Tell which events are not mapped or published as they are; what the inbox asks for, it remembers itself."""
    sync = site.sync_parts
    if sync is None:
        return set()
    with site.state.reading() as tx:
        unpublished = unsettled.unpublished(tx, site.name, sync.destination.identity)
        return unpublished | unsettled.unmapped(tx, site.name, sync.mapping.fingerprint)


def _somebody_works(instance: dg.DagsterInstance, names: Names) -> bool:
    """Tell whether any run of the site is queued or at work: what it has not done yet is not left over."""
    ours = {names.sync_job, names.follow_job, names.reconcile_job}
    keys = {names.key(each) for each in PARTITIONED}
    live = instance.get_runs(dg.RunsFilter(statuses=UNDER_WAY))
    return any(run.job_name in ours or keys.intersection(run.asset_selection or ()) for run in live)
