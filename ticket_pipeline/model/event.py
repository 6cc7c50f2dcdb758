"""An event: the show people buy tickets for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Event:
    """One Wix event, as read through Events V3."""

    id: str
    title: str
    slug: str
    #: Wix's word, kept open: UPCOMING, STARTED, ENDED, CANCELED, DRAFT or one Wix invents later.
    status: str
    starts_at: datetime | None
    ends_at: datetime | None
    #: IANA name, e.g. Europe/Vilnius.
    time_zone: str | None
    page_url: str | None
    #: TICKETING, RSVP, EXTERNAL, NONE; None where Wix did not say.
    registration: str | None
    currency: str | None
    updated_at: datetime | None
    #: What Wix sent, cut to what is not personal.
    body: Mapping[str, Any] = field(repr=False, compare=False)

    @property
    def sells_tickets(self) -> bool:
        """Whether ticket definitions may exist and be read; an unknown registration counts as yes.

        Wix refuses a whole query that touches a draft's definitions.
        """
        return self.status != "DRAFT" and self.registration not in {"RSVP", "EXTERNAL", "NONE"}
