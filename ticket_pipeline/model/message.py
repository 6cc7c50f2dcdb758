"""A message: what one person is sent through one channel, and what became of it."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from ticket_pipeline.model.subscriber import Subscriber


@dataclass(frozen=True, kw_only=True)
class Message:
    """One rendered message to one subscriber; the channel decides which of its parts it carries."""

    #: The same for every try: a mail's Message-ID, and a push's topic, are made from it.
    key: str
    to: Subscriber = field(repr=False)
    #: BCP 47, of the texts below.
    language: str
    #: One line.
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    #: What a notification shows; one line each.
    push_title: str = field(repr=False)
    push_body: str = field(repr=False)
    #: The event's page, http(s).
    link: str | None
    #: Where one click unsubscribes (RFC 8058).
    unsubscribe_url: str | None = field(default=None, repr=False)


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


def message_key(site: str, event_id: str, sale_start: datetime, *, recipient: str, channel: str) -> str:
    """Give the 32 letters and digits that are a message's key, whichever process makes it, however often.

    `recipient` is the keyed hash that receipts hang on: from the hash of a bare address, addresses can be guessed.
    """
    instant = sale_start.astimezone(UTC).isoformat()
    parts = "\0".join((site, event_id, instant, recipient, channel))
    return hashlib.sha256(parts.encode()).hexdigest()[:32]
