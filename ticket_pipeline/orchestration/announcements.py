"""The assets of a site's announcements: its subscribers, and its sale starts, one partition per event."""

import warnings

import dagster as dg

from ticket_pipeline.orchestration import columns
from ticket_pipeline.orchestration.announcement_rows import announced
from ticket_pipeline.orchestration.announcing import announce_due, mark, of_run, raise_the_worst
from ticket_pipeline.orchestration.assets import BACKFILLS, BETA, CODE_VERSION, DEFINITIONS_PAGE, Parts
from ticket_pipeline.orchestration.failures import explained, retry_policy
from ticket_pipeline.orchestration.names import SALE_START_ANNOUNCEMENTS, SUBSCRIBERS, TICKET_DEFINITIONS
from ticket_pipeline.orchestration.reporting import report_partitions
from ticket_pipeline.orchestration.subscribers import subscribers
from ticket_pipeline.orchestration.without_people import without_people
from ticket_pipeline.settings import AnnouncementSettings


def announcement_assets(parts: Parts) -> list[dg.AssetsDefinition]:
    """Make the assets of a site's announcements, if it declares any; nothing is opened."""
    settings = parts.settings.announcements
    if settings is None:
        return []
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=BETA, category=dg.BetaWarning)
        return [subscribers(parts, settings), _sale_start_announcements(parts, settings)]


def _sale_start_announcements(parts: Parts, settings: AnnouncementSettings) -> dg.AssetsDefinition:
    names, ways = parts.names, list(dict.fromkeys(each.kind for each in settings.channels))

    @dg.asset(
        key=names.key(SALE_START_ANNOUNCEMENTS),
        group_name=names.site,
        owners=[names.owner],
        code_version=CODE_VERSION,
        partitions_def=names.partitions,
        backfill_policy=BACKFILLS,
        description="Who was told of each sale start (`salePeriod.startDate` of "
        f"[ticket definitions]({DEFINITIONS_PAGE})), by {' or '.join(ways)}: how many, when, and why others were not. "
        "The schedule has it done on the second. Materializing announces what is due of an event; mostly that is "
        "nothing, and nobody is told twice.",
        deps=[names.key(SUBSCRIBERS), names.key(TICKET_DEFINITIONS)],
        kinds={"python", *ways[:2]},
        metadata={"dagster/column_schema": columns.SALE_STARTS, "source": dg.MetadataValue.url(DEFINITIONS_PAGE)},
        retry_policy=retry_policy(parts.retry_delay, parts.retries),
    )
    def sale_start_announcements(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        events = context.partition_keys
        with explained(parts.watch), without_people():
            site = parts.site
            done = list(announce_due(context, names, site, events))
            if any(each.error for each in done):
                for each in done:
                    mark(context, names, site, each)
            raise_the_worst(done)
            return report_partitions(context, announced(site, events, at=site.clock()), of_run(site, done))

    return sale_start_announcements
