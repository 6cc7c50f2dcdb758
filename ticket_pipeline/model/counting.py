"""Counting: by which rules counters are kept, what has one read again, and what a count brought."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ticket_pipeline.model.report import Refusal
from ticket_pipeline.model.tally import Tally


class Why(StrEnum):
    """What has a counter read again when no webhook does."""

    FIRST_READ = "first_read"
    #: A few seconds after a read: Wix is eventually consistent.
    SECOND_READ = "second_read"
    SALE_START = "sale_start"
    SALE_END = "sale_end"
    HOLD_EXPIRY = "hold_expiry"
    #: For what no webhook says (refunds).
    SWEEP = "sweep"
    BACKFILL = "backfill"
    #: The server was away when webhooks landed.
    HEALING = "healing"
    CHECK = "check"


#: The one webhook whose word counts, and not only the read after it: Wix may go on telling of the event's tickets.
EVENT_DELETED = "wix.events.v3.event_deleted"
#: Those that nobody waits for: their reads leave the reserve of the request budget to others.
UNHURRIED = frozenset({Why.SWEEP, Why.BACKFILL, Why.CHECK})


@dataclass(frozen=True, kw_only=True)
class Cause:
    """What had a counter read."""

    #: The webhook's topic, or one of `Why`.
    why: str
    #: When it came: when the webhook landed, when the turn was due.
    at: datetime
    #: The inbox entry of the webhook, by its number, or by its key where the number is not known.
    inbox_seq: int | None = None
    inbox_key: str | None = None


@dataclass(frozen=True, kw_only=True)
class CounterRules:
    """Which counters there are, and when one says that few are left."""

    #: Ids of the definitions that have a counter; None: all.
    definitions: frozenset[str] | None = None
    low_stock: int = 10


@dataclass(frozen=True, kw_only=True)
class CountReport:
    """What reading some counters brought."""

    #: What is in force now of each definition that was asked for, with its version.
    kept: tuple[Tally, ...] = ()
    #: Ids of those whose shown value is another than before.
    changed: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()
    #: Ids that Wix does not know (any more).
    gone: tuple[str, ...] = ()
    #: Ids that would have cost a request each, and are left to another count.
    left: tuple[str, ...] = ()
    requests: int = 0
    #: Seconds from asking to the answer, of each read.
    latencies: tuple[float, ...] = ()
