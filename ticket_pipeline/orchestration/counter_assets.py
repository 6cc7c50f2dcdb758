"""What the counters of a site show, as an asset: one partition per event; materializing it reads them again.

The server reads and pushes by itself, without Dagster: the sensor tells of what it read, without runs.
"""

import warnings
from collections.abc import Sequence
from datetime import datetime, timedelta

import dagster as dg

from ticket_pipeline.flows.count import count
from ticket_pipeline.flows.shown import shown
from ticket_pipeline.model.counting import Cause, CountReport, Why
from ticket_pipeline.orchestration import columns, counter_rows, metadata
from ticket_pipeline.orchestration.assets import BACKFILLS, BETA, CODE_VERSION, DEFINITIONS_PAGE, Parts, now
from ticket_pipeline.orchestration.failures import explained, retry_policy
from ticket_pipeline.orchestration.names import TICKET_COUNTERS, TICKET_DEFINITIONS, WEBHOOK_INBOX
from ticket_pipeline.orchestration.reporting import marking_what_completed, report_partitions
from ticket_pipeline.settings import CounterSettings
from ticket_pipeline.store import tallies
from ticket_pipeline.wiring import Site

#: At least so often a materialization tells that counters are being read, whether or not anything moves.
BEAT = timedelta(minutes=5)


def counter_assets(parts: Parts) -> list[dg.AssetsDefinition]:
    """Make the asset of a site's counters, if it declares any; nothing is opened."""
    settings = parts.settings.counters
    if settings is None:
        return []
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=BETA, category=dg.BetaWarning)
        return [_ticket_counters(parts, settings)]


def _ticket_counters(parts: Parts, settings: CounterSettings) -> dg.AssetsDefinition:
    names = parts.names

    @dg.asset(
        key=names.key(TICKET_COUNTERS),
        group_name=names.site,
        owners=[names.owner],
        code_version=CODE_VERSION,
        partitions_def=names.partitions,
        backfill_policy=BACKFILLS,
        description="How many tickets are left of each ticket definition that has a counter, and at what price: "
        f"`salesDetails` of [Query Ticket Definitions (V3)]({DEFINITIONS_PAGE}). The server reads again whenever a "
        "webhook moves a number, and the sensor reports it here; materializing reads all counters of an event again.",
        deps=[names.key(WEBHOOK_INBOX), names.key(TICKET_DEFINITIONS)],
        kinds={"wix", "python"},
        metadata={"dagster/column_schema": columns.TICKET_COUNTERS, "source": dg.MetadataValue.url(DEFINITIONS_PAGE)},
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=settings.freshness_limit + 2 * BEAT),
        retry_policy=retry_policy(parts.retry_delay, parts.retries),
    )
    def ticket_counters(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        events, since = context.partition_keys, now()
        with explained(parts.watch):
            site = parts.site
            with marking_what_completed(context, lambda ids: _read_since(site, ids, since)):
                report = _count(site, events, since)
            of_events = counter_rows.counters(site, events, at=now(), moved=report.changed)
            return report_partitions(context, of_events, metadata.of_count(report))

    return ticket_counters


def _count(site: Site, event_ids: Sequence[str], at: datetime) -> CountReport:
    """Read all counters of these events, a hundred with each request."""
    rules, cause = site.counters.rules, Cause(why=Why.BACKFILL, at=at)
    wanted = dict.fromkeys(_ids(site, event_ids), cause)
    return count(site.state, site.wix, rules, wanted, clock=now)


def _ids(site: Site, event_ids: Sequence[str]) -> list[str]:
    """List the counters of these events; where one's event is not known yet, it is any event's."""
    event_of, wanted = shown(site.state, site.counters.rules).event_of, {None, *event_ids}
    return sorted(each for each, event_id in event_of.items() if event_id in wanted)


def _read_since(site: Site, event_ids: Sequence[str], since: datetime) -> list[str]:
    """Tell which events have counters that were all read at that time or later."""
    event_of = shown(site.state, site.counters.rules).event_of
    with site.state.reading() as tx:
        fresh = {each for each, held in tallies.some(tx, site.name, event_of).items() if held.read_at >= since}
    late = {event_id for each, event_id in event_of.items() if each not in fresh}
    read = {event_id for each, event_id in event_of.items() if each in fresh}
    return [each for each in event_ids if each in read - late]
