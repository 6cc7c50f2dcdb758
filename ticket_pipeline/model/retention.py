"""How long things are kept, and what clearing them away brought."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum


class Kept(StrEnum):
    """What our state keeps for a time; what is not named here is kept for good."""

    #: Webhooks whose effect has come about, or of which none was to come.
    INBOX = "inbox"
    #: Dead letters that were resolved.
    DEAD_LETTERS = "dead_letters"
    APPROVALS = "approvals"
    #: Values that counters showed before the one they show now.
    COUNTER_HISTORY = "counter_history"
    #: Who was told of a sale start that is settled.
    RECEIPTS = "receipts"


@dataclass(frozen=True, kw_only=True)
class Ages:
    """How long each of these is kept."""

    of_state: Mapping[Kept, timedelta]
    #: Dagster's runs that are over, and checks' results.
    runs: timedelta
    #: What Dagster was told without a run.
    reports: timedelta


@dataclass(frozen=True, kw_only=True)
class RetainReport:
    """What was cleared away, or, in a preview, what would be."""

    #: Rows of our state.
    removed: Mapping[Kept, int] = field(default_factory=dict)
    #: Dagster's runs.
    runs: int = 0
    #: Old runs that stay because they hold the last word on a partition.
    runs_kept: int = 0
    #: Old runs that are left for the next time.
    runs_left: int = 0
    #: Events and check results that Dagster was told and that newer ones have replaced.
    reports: int = 0
