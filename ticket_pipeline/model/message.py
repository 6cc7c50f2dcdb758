"""A message: what one person is sent through one channel, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ticket_pipeline.model.subscriber import Subscriber


@dataclass(frozen=True, kw_only=True)
class Message:
    """One rendered message to one subscriber; the channel decides which of its parts it carries."""

    #: The same for every try: a mail's Message-ID, and a push's topic, are made from it.
    key: str
    to: Subscriber = field(repr=False)
    #: One line.
    subject: str
    text: str
    html: str
    #: The event's page.
    link: str | None
    #: Where one click unsubscribes (RFC 8058).
    unsubscribe_url: str | None = field(default=None, repr=False)
    #: Further header lines of a mail.
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class Fate(StrEnum):
    """What became of a message."""

    SENT = "sent"
    #: For good, for this recipient: the address does not exist, the subscription is gone.
    REFUSED = "refused"
    #: Not now: nothing was handed over, and it may be tried again.
    POSTPONED = "postponed"
    #: Cut off after the message was handed over and before the answer came.
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What became of one message; holds no address."""

    key: str
    fate: Fate
    #: A stable word: `mailbox_unavailable`, `gone` …; None when sent.
    code: str | None = None
    #: A sentence without the address.
    reason: str | None = None
    #: Seconds the other side asked us to wait, where it said so.
    retry_after: float | None = None
