"""What a site's announcements are made with; a site may have none."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ticket_pipeline.audiences.base import Audience
from ticket_pipeline.channels.base import Channel
from ticket_pipeline.flows.eligible import Names
from ticket_pipeline.messages.templates import Templates
from ticket_pipeline.model.subscriber import Subscriber
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline.wix.client import WixClient


def utc_now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class AnnounceParts:
    """Who is told, how, by which rules; and the time."""

    state: SiteState
    wix: WixClient
    audience: Audience
    #: In the order in which they were declared.
    channels: Sequence[Channel]
    templates: Templates
    #: Template of the mark that an event's subscribers bear.
    opt_in: str
    late_limit: timedelta
    #: Whether a message of unknown fate is sent once more.
    resend: bool
    #: Makes our own unsubscribe link, of a person's name in the ledger and the marketing tool's id.
    link: Callable[[str, str], str]
    secret: str = field(repr=False)
    clock: Callable[[], datetime] = utc_now
    #: Waits so many seconds.
    sleep: Callable[[float], None] = time.sleep

    @property
    def names(self) -> Names:
        """What people are called in the ledger."""
        return Names(site=self.state.site, secret=self.secret)

    def unsubscribe_url(self, subscriber: Subscriber) -> str:
        """Give where one click unsubscribes: at the marketing tool where it has an address for that, else with us."""
        if subscriber.unsubscribe_url:
            return subscriber.unsubscribe_url
        return self.link(self.names.person(subscriber), subscriber.id)
