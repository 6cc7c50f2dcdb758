"""The declared pipeline as Dagster's definitions."""

import dagster as dg

from ticket_pipeline.orchestration.announce_job import announce_job
from ticket_pipeline.orchestration.announcement_checks import announcement_checks
from ticket_pipeline.orchestration.announcements import announcement_assets
from ticket_pipeline.orchestration.assets import Parts, site_assets
from ticket_pipeline.orchestration.checks import site_checks
from ticket_pipeline.orchestration.counter_assets import counter_assets
from ticket_pipeline.orchestration.counter_checks import counter_checks
from ticket_pipeline.orchestration.follow_job import follow_job
from ticket_pipeline.orchestration.inbox_checks import inbox_checks
from ticket_pipeline.orchestration.jobs import reconcile_job, refresh_job, schedules, sync_job
from ticket_pipeline.orchestration.names import Names
from ticket_pipeline.orchestration.new_events import new_events_sensor
from ticket_pipeline.orchestration.order_sensor import order_sensor
from ticket_pipeline.orchestration.retention import retain_job, retain_schedule
from ticket_pipeline.orchestration.sale_starts import announce_schedule, sale_start_sensor
from ticket_pipeline.orchestration.webhook_inbox import webhook_inbox, webhook_sensor
from ticket_pipeline.wiring import Wiring

#: The one name of the code location, however Dagster is started: cursors hang on it.
LOCATION = "ticket-pipeline"


def build(wiring: Wiring) -> dg.Definitions:
    """Make the definitions of all declared sites; nothing is opened or connected.

    Raises:
        ConfigError: a site's mapping cannot work.
    """
    return dg.Definitions.merge(sites_definitions(wiring), dg.Definitions(executor=dg.in_process_executor))


def sites_definitions(wiring: Wiring) -> dg.Definitions:
    """Make the definitions of all declared sites, to stand beside those of other people, whose executor stays theirs.

    Raises:
        ConfigError: a site's mapping cannot work.
    """
    sites = [site_definitions(Parts(wiring=wiring, names=Names(site))) for site in wiring.pipeline.sites]
    return dg.Definitions.merge(*sites)


def site_definitions(parts: Parts) -> dg.Definitions:
    """Make the definitions of one site."""
    names, counts = parts.names, parts.settings.counters is not None
    announces = parts.settings.announcements is not None
    return dg.Definitions(
        assets=[webhook_inbox(names), *site_assets(parts), *counter_assets(parts), *announcement_assets(parts)],
        asset_checks=[
            *site_checks(parts),
            *inbox_checks(parts),
            *counter_checks(parts),
            *announcement_checks(parts),
        ],
        jobs=[
            sync_job(parts),
            refresh_job(names),
            reconcile_job(parts),
            follow_job(parts),
            retain_job(parts),
            *([announce_job(parts)] if announces else []),
        ],
        schedules=[*schedules(names), retain_schedule(names), *([announce_schedule(parts)] if announces else [])],
        sensors=[
            new_events_sensor(parts),
            webhook_sensor(parts),
            *([order_sensor(parts)] if counts else []),
            *([sale_start_sensor(parts)] if announces else []),
        ],
    )
