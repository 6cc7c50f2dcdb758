"""An announcement: telling people that a sale starts, and what came of it. Holds counts and ids, never a person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from ticket_pipeline.model.sale_start import SaleStart


class StartKey(NamedTuple):
    """What a sale start is known by within its site."""

    event_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class PlannedStart:
    """A sale start that is to be announced, and the ticket definitions that make it."""

    start: SaleStart
    definition_ids: tuple[str, ...]

    @property
    def key(self) -> StartKey:
        """What it is known by."""
        return StartKey(self.start.event_id, self.start.at)


class Outcome(StrEnum):
    """What became of one call to announce."""

    ANNOUNCED = "announced"
    #: Read again at the start, it is no start any more: moved, hidden, deleted, cancelled. Nothing was sent.
    WITHDRAWN = "withdrawn"
    #: Nobody could be told within the late limit.
    SKIPPED_LATE = "skipped_late"
    #: Somebody else is at it, or has done it.
    ELSEWHERE = "elsewhere"


class Skip(StrEnum):
    """Why a person the audience lists was not written to."""

    NOT_OPTED_IN = "not_opted_in"
    PENDING = "pending"
    UNSUBSCRIBED = "unsubscribed"
    #: By the marketing tool: bounced, complained, blocked.
    SUPPRESSED = "suppressed"
    #: By our own list: whoever used an unsubscribe link of ours.
    UNSUBSCRIBED_HERE = "unsubscribed_here"
    NO_ADDRESS = "no_address"
    INVALID_ADDRESS = "invalid_address"
    UNKNOWN_STATUS = "unknown_status"
    #: The tool's entry cannot be made out.
    UNREADABLE = "unreadable"
    #: None of the declared channels has a way to this person.
    NO_CHANNEL = "no_channel"
    DUPLICATE = "duplicate"
    ALREADY_TOLD = "already_told"
    #: Was listed when the audience was read, and is not any more.
    NOT_LISTED = "not_listed"


@dataclass(frozen=True, kw_only=True)
class AnnounceReport:
    """What announcing one sale start did: counts, never an address."""

    outcome: Outcome
    event_id: str
    sale_start: datetime
    definition_ids: tuple[str, ...] = ()
    #: A sentence, where nothing was sent.
    why: str = ""
    #: People subscribed, opted in and reachable when the audience was read, each once.
    eligible: int = 0
    #: Messages taken by the other side, per channel, earlier runs included.
    sent: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    #: Of the eligible, those who were left out right before sending.
    left_out: int = 0
    #: People who could not be told, by the code of the last refusal.
    failed: Mapping[str, int] = field(default_factory=dict)
    #: Messages that were cut off, so that nobody knows whether they went out.
    unknown: int = 0
    #: Seconds from the sale start to the first message; None when none was sent.
    first_sent_after: float | None = None

    @property
    def told(self) -> int:
        """People told, on whatever channel."""
        return sum(self.sent.values())


@dataclass(frozen=True, kw_only=True)
class AnnouncementPreview:
    """What would be sent if the sale started now."""

    event_id: str
    sale_start: datetime
    definition_ids: tuple[str, ...]
    listed: int
    eligible: int
    #: Of the eligible, per channel of first choice.
    channels: Mapping[str, int]
    skipped: Mapping[str, int]
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class AudienceCounts:
    """An audience in numbers: nobody's name, nobody's address."""

    listed: int
    #: By the marketing tool's status.
    statuses: Mapping[str, int]
    #: By the reason why nothing would be sent; who asked for none of the sale starts looked at is not opted in.
    skipped: Mapping[str, int]
    #: Who would be told of each of the sale starts looked at.
    eligible: Mapping[StartKey, int]


class Standing(StrEnum):
    """How a sale start stands in the calendar."""

    COMING = "coming"
    #: Somebody is at work on it.
    UNDER_WAY = "under_way"
    #: Left unfinished; the next call goes on with it.
    INTERRUPTED = "interrupted"
    ANNOUNCED = "announced"
    SKIPPED_LATE = "skipped_late"
    #: No start any more when it was read again.
    WITHDRAWN = "withdrawn"
    #: Past, and nobody was told: it was on sale before announcements were first looked for, or told of later.
    NOT_ANNOUNCED = "not_announced"


@dataclass(frozen=True, kw_only=True)
class CalendarEntry:
    """One sale start, and how it stands."""

    event_id: str
    title: str
    sale_start: datetime
    #: Names of the tiers that open; none where it is no start any more.
    tiers: tuple[str, ...]
    standing: Standing
    why: str = ""
    told: int = 0
