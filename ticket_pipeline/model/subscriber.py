"""A subscriber: a person the marketing tool knows, in our terms."""

from dataclasses import dataclass, field
from enum import StrEnum


class SubscriberStatus(StrEnum):
    """Whether the person may be written to at all; only SUBSCRIBED may."""

    SUBSCRIBED = "subscribed"
    #: Has not confirmed yet.
    PENDING = "pending"
    UNSUBSCRIBED = "unsubscribed"
    #: Bounced, complained, or blocked by the tool.
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, kw_only=True)
class PushSubscription:
    """Where a browser takes pushes (RFC 8030), and the keys they are encrypted with (RFC 8291), base64url."""

    endpoint: str = field(repr=False)
    p256dh: str = field(repr=False)
    auth: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Subscriber:
    """One person, as the marketing tool lists them; never logged, never stored by us."""

    #: The tool's own id; the same person has the same id in every read.
    id: str = field(repr=False)
    #: As the tool has it; None where it has none.
    email: str | None = field(repr=False)
    name: str | None = field(default=None, repr=False)
    status: SubscriberStatus
    #: BCP 47 (`de`, `pt-BR`); None where the tool does not say.
    locale: str | None = None
    #: The tool's own marks (tags, labels, newsletters), one of which is the event's opt-in.
    opt_ins: frozenset[str] = frozenset()
    push: PushSubscription | None = None
    #: The kind of channel the person prefers; None leaves it to the pipeline.
    preferred_channel: str | None = None
    #: Where the tool itself takes an unsubscription, by one click (RFC 8058).
    unsubscribe_url: str | None = field(default=None, repr=False)
