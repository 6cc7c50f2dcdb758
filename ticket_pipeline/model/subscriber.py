"""A subscriber: a person the marketing tool knows, in our terms."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class SubscriberStatus(StrEnum):
    """Whether the person may be written to at all; only SUBSCRIBED may. From the most permissive to the strictest."""

    SUBSCRIBED = "subscribed"
    #: Has not confirmed yet, or the tool does not say clearly.
    PENDING = "pending"
    UNSUBSCRIBED = "unsubscribed"
    #: Bounced, complained, or blocked by the tool.
    SUPPRESSED = "suppressed"


class Flaw(StrEnum):
    """What is wrong with an entry of the tool's, so that nobody is written to by it."""

    #: Neither an address nor a push subscription.
    NO_ADDRESS = "no_address"
    INVALID_ADDRESS = "invalid_address"
    UNKNOWN_STATUS = "unknown_status"
    #: The entry itself cannot be made out: a row with more fields than columns, letters that are no letters.
    UNREADABLE = "unreadable"


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
    #: One line.
    name: str | None = field(default=None, repr=False)
    status: SubscriberStatus
    #: Why nobody is told by this entry, whatever it says; a flawed entry is never SUBSCRIBED.
    flaw: Flaw | None = None
    #: BCP 47 (`de`, `pt-BR`); None where the tool does not say.
    locale: str | None = None
    #: The tool's own marks (tags, labels, newsletters), one of which is the event's opt-in.
    opt_ins: frozenset[str] = frozenset()
    push: PushSubscription | None = None
    #: The kind of channel the person prefers; None leaves it to the pipeline.
    preferred_channel: str | None = None
    #: Where the tool itself takes an unsubscription, by one click (RFC 8058).
    unsubscribe_url: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """See that nobody can be told by a flawed entry, even by who looks at the status alone."""
        if self.flaw and self.status is SubscriberStatus.SUBSCRIBED:
            raise ValueError(f"a flawed entry ({self.flaw}) cannot be subscribed")


def normal_address(address: str) -> str:
    """Give what all spellings of an e-mail address have in common; in doubt two addresses are the same."""
    return unicodedata.normalize("NFC", address.strip()).casefold()


def strictest(statuses: Iterable[SubscriberStatus]) -> SubscriberStatus:
    """Give the least permissive of several statuses of one person; there is at least one."""
    return max(statuses, key=STRICTNESS.__getitem__)


#: 0 may be written to; the higher, the less.
STRICTNESS = {status: rank for rank, status in enumerate(SubscriberStatus)}
