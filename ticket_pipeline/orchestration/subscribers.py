"""The subscribers of a site as an asset: how many there are, by status and reason, and how many each coming sale
start would reach. Nobody's name or address is in it; they stay with the marketing tool.
"""

from collections.abc import Sequence

import dagster as dg

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.flows.announce_parts import AnnounceParts
from ticket_pipeline.flows.count_audience import count_audience
from ticket_pipeline.flows.sale_starts import sale_starts
from ticket_pipeline.model.announcement import AudienceCounts, PlannedStart
from ticket_pipeline.orchestration import columns
from ticket_pipeline.orchestration.announcement_rows import instant
from ticket_pipeline.orchestration.assets import CODE_VERSION, Parts
from ticket_pipeline.orchestration.failures import explained, retry_policy
from ticket_pipeline.orchestration.metadata import ROWS, Metadata, Row, table
from ticket_pipeline.orchestration.names import SUBSCRIBERS
from ticket_pipeline.orchestration.without_people import without_people
from ticket_pipeline.settings import AnnouncementSettings
from ticket_pipeline.wiring import Site


def subscribers(parts: Parts, settings: AnnouncementSettings) -> dg.AssetsDefinition:
    """Make the asset; nothing is opened."""
    names = parts.names

    @dg.asset(
        key=names.key(SUBSCRIBERS),
        group_name=names.site,
        owners=[names.owner],
        code_version=CODE_VERSION,
        description=f"The people the marketing tool (`{settings.audience.kind}`) lists, in numbers: by status, by the "
        "reason why some are not written to, and how many asked for each coming sale start "
        f"(`{settings.audience.opt_in}`). Counted whenever a sale start is announced, before its time, and on demand.",
        kinds={settings.audience.kind, "python"},
        metadata={"dagster/column_schema": columns.SUBSCRIBERS},
        retry_policy=retry_policy(parts.retry_delay, parts.retries),
    )
    def _subscribers() -> dg.MaterializeResult[None]:
        with explained(parts.watch), without_people():
            told_by = announcing(parts.site)
            asked = coming(told_by)
            return dg.MaterializeResult(metadata=of_audience(told_by, asked, count_audience(told_by, asked)))

    return _subscribers


def announcing(site: Site) -> AnnounceParts:
    """Give what the site announces with.

    Raises:
        ConfigError: it declares no announcements.
    """
    parts = site.announce_parts
    if parts is None:
        raise ConfigError(f"sites.{site.name} declares no announcements; add sites.{site.name}.announcements")
    return parts


def coming(parts: AnnounceParts, due: Sequence[PlannedStart] = ()) -> list[PlannedStart]:
    """Give the sale starts by which an audience is counted: those due, and the next ones."""
    with parts.state.reading() as tx:
        planned = sale_starts(tx, parts.state.site, now=parts.clock())
    known = {each.key for each in due}
    return [*due, *(each for each in planned if each.start.at > parts.clock() and each.key not in known)][:ROWS]


def of_audience(parts: AnnounceParts, asked: Sequence[PlannedStart], counts: AudienceCounts) -> Metadata:
    """Show an audience in numbers."""
    reached: list[Row] = [
        {
            "event": each.start.title,
            "sale start": instant(each.start.at),
            "would be told": counts.eligible.get(each.key, 0),
        }
        for each in asked
    ]
    return {
        "dagster/row_count": counts.listed,
        "audience": parts.audience.identity,
        "by status": table({"status": status, "people": count} for status, count in counts.statuses.items()),
        "not written to": sum(counts.skipped.values()),
        "not written to, by reason": table({"reason": why, "people": count} for why, count in counts.skipped.items()),
        **({"sale starts": table(reached)} if reached else {}),
    }
