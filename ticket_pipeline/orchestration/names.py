"""What things of one site are called in Dagster."""

from dataclasses import dataclass

import dagster as dg

from ticket_pipeline.settings import SiteSettings

EVENTS = "events"
WEBHOOK_INBOX = "webhook_inbox"
TICKET_DEFINITIONS = "ticket_definitions"
EXTERNAL_RECORDS = "external_records"
TICKET_SYNC = "ticket_sync"
TICKET_COUNTERS = "ticket_counters"
SUBSCRIBERS = "subscribers"
SALE_START_ANNOUNCEMENTS = "sale_start_announcements"
#: The assets of a sync, which have one partition per Wix event, in the order of the river.
PARTITIONED = (TICKET_DEFINITIONS, EXTERNAL_RECORDS, TICKET_SYNC)
#: How many events one run of a backfill, or of the sensor, takes.
EVENTS_PER_RUN = 100
#: A tag of every run of a site's jobs.
SITE_TAG = "ticket_pipeline/site"


def synced(settings: SiteSettings) -> tuple[str, ...]:
    """Name the assets a sync of the site brings up, in order; without a destination it ends at the definitions."""
    return PARTITIONED if settings.sync else PARTITIONED[:1]


@dataclass(frozen=True)
class Names:
    """The names of one site's assets, partitions and jobs; cursors and history hang on them, so they never change."""

    site: str

    @property
    def partitions(self) -> dg.DynamicPartitionsDefinition:
        """One partition per Wix event, by its id."""
        return dg.DynamicPartitionsDefinition(name=self.partitions_name)

    @property
    def partitions_name(self) -> str:
        """What the site's partitions are stored under."""
        return f"{self.site}_events"

    @property
    def owner(self) -> str:
        """Whom the site's assets belong to."""
        return f"team:{self.site.replace('_', '-')}"

    @property
    def sync_job(self) -> str:
        """The job that brings some events from Wix to the destination, if there is one."""
        return f"{self.site}_sync"

    @property
    def refresh_job(self) -> str:
        """The job that learns which events there are."""
        return f"{self.site}_refresh_events"

    @property
    def reconcile_job(self) -> str:
        """The job that compares and repairs the whole site."""
        return f"{self.site}_reconcile"

    @property
    def follow_job(self) -> str:
        """The job that brings landed webhooks to the destination, if there is one."""
        return f"{self.site}_follow"

    @property
    def retain_job(self) -> str:
        """The job that clears away what was kept for long enough."""
        return f"{self.site}_retain"

    @property
    def announce_job(self) -> str:
        """The job that tells subscribers that a sale starts."""
        return f"{self.site}_announce"

    @property
    def announce_schedule(self) -> str:
        """The schedule that has coming sale starts announced on the second."""
        return f"{self.site}_announce_schedule"

    @property
    def sale_start_sensor(self) -> str:
        """The sensor that asks for what the schedule was too late for."""
        return f"{self.site}_sale_starts"

    @property
    def webhook_sensor(self) -> str:
        """The sensor that asks for the webhooks to be followed."""
        return f"{self.site}_webhooks"

    @property
    def order_sensor(self) -> str:
        """The sensor that tells of counters that moved, and heals those that nobody read."""
        return f"{self.site}_orders"

    @property
    def sensor(self) -> str:
        """The sensor that asks for loads of new events."""
        return f"{self.site}_new_events"

    @property
    def tags(self) -> dict[str, str]:
        """The tags of the site's runs."""
        return {SITE_TAG: self.site}

    def key(self, asset: str) -> dg.AssetKey:
        """Give an asset's key."""
        return dg.AssetKey([self.site, asset])

    @property
    def keys(self) -> frozenset[dg.AssetKey]:
        """The keys of all assets the site may have."""
        others = (EVENTS, WEBHOOK_INBOX, TICKET_COUNTERS, SUBSCRIBERS, SALE_START_ANNOUNCEMENTS)
        return frozenset(self.key(each) for each in (*PARTITIONED, *others))
