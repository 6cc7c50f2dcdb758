"""One site's assets, in the order of the river: events, ticket definitions, external records, ticket sync.

A body is a skin: one call into `flows`, its report as metadata.
"""

import warnings
from dataclasses import dataclass, field
from datetime import UTC, datetime

import dagster as dg

from ticket_pipeline.config import mapping_of
from ticket_pipeline.flows.inspect_work import in_step, loaded_since, look_for_work
from ticket_pipeline.flows.load import load_definitions
from ticket_pipeline.flows.load_events import load_events
from ticket_pipeline.flows.map_records import map_records
from ticket_pipeline.flows.publish import publish
from ticket_pipeline.orchestration import columns, metadata, rows
from ticket_pipeline.orchestration.event_partitions import align
from ticket_pipeline.orchestration.failures import RETRIES, explained, refuse_held, retry_policy
from ticket_pipeline.orchestration.names import (
    EVENTS,
    EVENTS_PER_RUN,
    EXTERNAL_RECORDS,
    TICKET_DEFINITIONS,
    TICKET_SYNC,
    WEBHOOK_INBOX,
    Names,
)
from ticket_pipeline.orchestration.reporting import marking_what_completed, report_partitions
from ticket_pipeline.orchestration.watch import Watch
from ticket_pipeline.settings import SiteSettings
from ticket_pipeline.wiring import Site, Wiring

#: Changes when a body does something else than before.
CODE_VERSION = "1"
_EVENTS_PAGE = "https://dev.wix.com/docs/api-reference/business-solutions/events/events-v3/query-events"
DEFINITIONS_PAGE = (
    "https://dev.wix.com/docs/api-reference/business-solutions/events/ticket-definitions-v3/query-ticket-definitions"
)
#: The data version of the list of events, always the same: a new one would have Dagster call every event's partition
#: unsynced, every five minutes; what changed for one event is for its own partition to tell.
LIST_VERSION = "list"
BACKFILLS = dg.BackfillPolicy.multi_run(EVENTS_PER_RUN)
#: What Dagster says of backfill policies: they are stable since 1.10; the decorator's parameter alone is marked still.
BETA = r"Parameter `backfill_policy` of function `asset`"


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What one site's assets, checks and jobs are made from; the site itself is opened by the first body that runs."""

    wiring: Wiring
    names: Names
    watch: Watch = field(default_factory=Watch)
    #: Seconds; the first retry waits at most so long.
    retry_delay: float = 2.0
    #: How often an asset is tried again; the client of each system tries by itself before that.
    retries: int = RETRIES
    #: Seconds a run that follows webhooks stays for more: as long as it takes Dagster to look at its sensors again.
    stay: float = 5.0

    @property
    def settings(self) -> SiteSettings:
        """What was declared for the site."""
        return self.wiring.pipeline.sites[self.names.site]

    @property
    def site(self) -> Site:
        """Open the site's working parts."""
        return self.wiring.site(self.names.site)


def site_assets(parts: Parts) -> list[dg.AssetsDefinition]:
    """Make the assets of one site; nothing is opened."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=BETA, category=dg.BetaWarning)
        of_sync = [_external_records(parts), _ticket_sync(parts)] if parts.settings.sync else []
        return [_events(parts), _ticket_definitions(parts), *of_sync]


def now() -> datetime:
    """Tell the time a run's flows go by."""
    return datetime.now(UTC)


def _events(parts: Parts) -> dg.AssetsDefinition:
    @dg.asset(
        key=parts.names.key(EVENTS),
        group_name=parts.names.site,
        owners=[parts.names.owner],
        code_version=CODE_VERSION,
        description=f"The site's events as Wix lists them: [Query Events (V3)]({_EVENTS_PAGE}). "
        "Each live event that sells tickets becomes a partition of the assets downstream; the partition of a gone "
        "event stays until its records at the destination are settled.",
        kinds={"wix", "python"},
        metadata={"dagster/column_schema": columns.EVENTS, "source": dg.MetadataValue.url(_EVENTS_PAGE)},
        retry_policy=retry_policy(parts.retry_delay, parts.retries),
    )
    def events(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        with explained(parts.watch):
            site = parts.site
            parts.watch.events = report = load_events(site.state, site.wix, now=now())
            added, removed = align(context.instance, parts.names, look_for_work(site.state, site.sync_parts))
            shown = metadata.of_events(report, rows.events(site))
            figures = {**shown, "partitions added": added, "partitions removed": removed}
            return dg.MaterializeResult(metadata=figures, data_version=dg.DataVersion(LIST_VERSION))

    return events


def _ticket_definitions(parts: Parts) -> dg.AssetsDefinition:
    @dg.asset(
        key=parts.names.key(TICKET_DEFINITIONS),
        group_name=parts.names.site,
        owners=[parts.names.owner],
        code_version=CODE_VERSION,
        partitions_def=parts.names.partitions,
        backfill_policy=BACKFILLS,
        description="Every ticket definition of an event as last heard of from Wix, read completely: "
        f"[Query Ticket Definitions (V3)]({DEFINITIONS_PAGE}). A lower revision never overwrites a higher one.",
        deps=[parts.names.key(WEBHOOK_INBOX), parts.names.key(EVENTS)],
        kinds={"wix", "python"},
        metadata={
            "dagster/column_schema": columns.TICKET_DEFINITIONS,
            "source": dg.MetadataValue.url(DEFINITIONS_PAGE),
        },
        retry_policy=retry_policy(parts.retry_delay, parts.retries),
    )
    def ticket_definitions(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        events, watch, since = context.partition_keys, parts.watch, now()
        with explained(watch):
            site = parts.site
            # Wix refuses a whole query that touches a draft; gone events and drafts are partitions while links stand.
            readable = set(look_for_work(site.state, site.sync_parts).live).intersection(events)
            with marking_what_completed(context, lambda ids: loaded_since(site.state, ids, since)):
                report = load_definitions(site.state, site.wix, sorted(readable), now=since, progress=watch.progress)
            watch.loaded = report
            return report_partitions(context, rows.definitions(site, events), metadata.of_load(report))

    return ticket_definitions


def _external_records(parts: Parts) -> dg.AssetsDefinition:
    mapping = mapping_of(parts.wiring.pipeline.sync_of(parts.names.site))
    lineage = columns.mapping_lineage(
        mapping.columns, definitions=parts.names.key(TICKET_DEFINITIONS), events=parts.names.key(EVENTS)
    )
    version = f"{CODE_VERSION}-{mapping.fingerprint[:12]}"

    @dg.asset(
        key=parts.names.key(EXTERNAL_RECORDS),
        group_name=parts.names.site,
        owners=[parts.names.owner],
        code_version=version,
        partitions_def=parts.names.partitions,
        backfill_policy=BACKFILLS,
        description=f"The ticket definitions in the terms of the destination (`{_kind(parts)}`), by the declared "
        f"mapping `sites.{parts.names.site}.sync.mapping`. What cannot be mapped is a dead letter; the rest goes on.",
        deps=[parts.names.key(TICKET_DEFINITIONS), parts.names.key(EVENTS)],
        kinds={"pandas", "python"},
        metadata={"dagster/column_schema": columns.record_schema(mapping.columns), "dagster/column_lineage": lineage},
    )
    def external_records(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        events = context.partition_keys
        with explained(parts.watch):
            site = parts.site
            parts.watch.mapped = report = map_records(site.state, mapping, events, now=now())
            shown = metadata.of_mapping(report, mapping.fingerprint)
            return report_partitions(context, rows.records(site, events), shown, lineage)

    return external_records


def _ticket_sync(parts: Parts) -> dg.AssetsDefinition:
    mapping = mapping_of(parts.wiring.pipeline.sync_of(parts.names.site))
    lineage = columns.copied_lineage(mapping.columns, records=parts.names.key(EXTERNAL_RECORDS))

    @dg.asset(
        key=parts.names.key(TICKET_SYNC),
        group_name=parts.names.site,
        owners=[parts.names.owner],
        code_version=CODE_VERSION,
        partitions_def=parts.names.partitions,
        backfill_policy=BACKFILLS,
        description=f"What the destination (`{_kind(parts)}`) now holds: one record per ticket definition, found by "
        "the Wix id. Only what differs is written; too many deletes wait for `ticket-pipeline plan --approve`.",
        deps=[parts.names.key(EXTERNAL_RECORDS)],
        kinds={_kind(parts)},
        metadata={"dagster/column_schema": columns.record_schema(mapping.columns), "dagster/column_lineage": lineage},
        retry_policy=retry_policy(parts.retry_delay, parts.retries),
    )
    def ticket_sync(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        events, watch = context.partition_keys, parts.watch
        with explained(watch):
            site, place = parts.site, parts.site.destination
            with marking_what_completed(context, lambda ids: in_step(site.state, place, ids)):
                report = publish(site.state, place, site.policy, events, now=now(), progress=watch.progress)
            watch.published = report
            refuse_held(site.name, report.hold)
            shown = metadata.of_publish(report, place.identity)
            return report_partitions(context, rows.links(site, events, report.per_event), shown, lineage)

    return ticket_sync


def _kind(parts: Parts) -> str:
    kind: str = parts.wiring.pipeline.sync_of(parts.names.site).destination.kind
    return kind
