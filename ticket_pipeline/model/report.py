"""What flows return: figures and names, fit for a terminal, for JSON and for Dagster's metadata."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import reduce
from typing import Any, TypeVar

from ticket_pipeline.model.change import Change

R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One thing that was refused and left behind, while the rest went on."""

    #: The definition's (or event's) id; None where not even that could be read.
    subject: str | None
    code: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class EventsReport:
    """What a load of the site's events found."""

    #: Ids of the live events that can have tickets, in the order they were created at Wix.
    event_ids: tuple[str, ...]
    changed: int
    gone: tuple[str, ...]
    refused: tuple[Refusal, ...]
    requests: int


@dataclass(frozen=True, kw_only=True)
class LoadReport:
    """What a complete load of ticket definitions found."""

    events: int
    definitions: int
    created: int
    changed: int
    unchanged: int
    deleted: int
    #: Revision jumps over a known definition: webhooks that never came.
    gaps: int
    refused: tuple[Refusal, ...]
    requests: int
    #: Definitions per event.
    per_event: dict[str, int] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class MapReport:
    """What mapping the live definitions of some events gave."""

    records: int = 0
    changed: int = 0
    #: Sentences about what the destination cannot carry, by definition id.
    losses: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    refused: tuple[Refusal, ...] = ()
    #: Records per event.
    per_event: dict[str, int] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class Hold:
    """Why a plan waits for a person."""

    deletes: int
    of: int
    #: Identifies exactly this set of deletes: two plans with the same one would take away the same.
    digest: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What must change at the destination; nothing has happened yet."""

    changes: tuple[Change, ...] = ()
    unchanged: int = 0
    hold: Hold | None = None


@dataclass(frozen=True, kw_only=True)
class PublishReport:
    """What publishing did at the destination."""

    created: int = 0
    updated: int = 0
    archived: int = 0
    deleted: int = 0
    unchanged: int = 0
    refused: tuple[Refusal, ...] = ()
    hold: Hold | None = None
    #: Changes made per event.
    per_event: dict[str, int] = field(default_factory=dict, repr=False)

    @property
    def written(self) -> int:
        """Writes made at the destination."""
        return self.created + self.updated + self.archived + self.deleted


@dataclass(frozen=True, kw_only=True)
class Drift:
    """How the destination differs from what we last wrote there."""

    compared: int = 0
    #: Ids of definitions whose record is gone from the destination.
    missing: tuple[str, ...] = ()
    #: Changes that would bring the edited records back.
    edited: tuple[Change, ...] = ()
    #: Wix ids the destination holds and we know nothing of.
    strangers: tuple[str, ...] = ()

    @property
    def differences(self) -> int:
        """How many records are not as we left them."""
        return len(self.missing) + len(self.edited) + len(self.strangers)


@dataclass(frozen=True, kw_only=True)
class ReconcileReport:
    """What a three-way comparison of Wix, state and destination found and did; without a sync, of the first two."""

    events: EventsReport
    loaded: LoadReport
    mapped: MapReport = MapReport()
    drift: Drift = Drift()
    #: What had to change at the destination, with old and new, before it was published.
    planned: Plan = Plan()
    published: PublishReport = PublishReport()

    @property
    def untold(self) -> int:
        """Changes at Wix that no webhook had told us of, at least: what the load found, and the gaps in between."""
        return self.loaded.created + self.loaded.changed + self.loaded.deleted + self.loaded.gaps


@dataclass(frozen=True, kw_only=True)
class IngestReport:
    """What landed webhooks asked for, and what became of it."""

    #: Inbox entries settled, by topic.
    settled: dict[str, int] = field(default_factory=dict)
    #: Events whose definitions may have changed.
    event_ids: tuple[str, ...] = ()
    #: Revision jumps: webhooks that never came.
    gaps: int = 0
    #: Inbox entries that lie as dead letters now.
    buried: int = 0
    refused: tuple[Refusal, ...] = ()
    requests: int = 0


@dataclass(frozen=True, kw_only=True)
class FollowReport:
    """What following the landed webhooks, from inbox to destination, did; without a sync, from inbox to state."""

    ingested: IngestReport
    #: Events that were worked on: those just heard of, and those left over from before.
    event_ids: tuple[str, ...]
    mapped: MapReport = MapReport()
    published: PublishReport = PublishReport()

    @property
    def refused(self) -> tuple[Refusal, ...]:
        """All that was left behind on the way."""
        return (*self.ingested.refused, *self.mapped.refused, *self.published.refused)


@dataclass(frozen=True, kw_only=True)
class FailedCheck:
    """An invariant that did not hold after a sync."""

    asset: str
    name: str
    #: WARN or ERROR.
    severity: str


@dataclass(frozen=True, kw_only=True)
class SyncReport:
    """What a sync did, flow by flow, and where Dagster shows it."""

    events: EventsReport
    loaded: LoadReport
    mapped: MapReport
    #: `published.hold` is set when the plan waits for a person; nothing was written then.
    published: PublishReport
    failed_checks: tuple[FailedCheck, ...]
    #: Dagster's ids of the runs, in their order.
    run_ids: tuple[str, ...]


def added(reports: Sequence[R]) -> R:
    """Add up reports of one kind, in their order: sum the figures, keep each name once, and of holds the last."""
    return reduce(_sum, reports)


def _sum(one: Any, other: Any) -> Any:
    if one is None or other is None or isinstance(one, Hold):
        return other if other is not None else one
    if isinstance(one, tuple):
        return tuple(dict.fromkeys((*one, *other)))
    if isinstance(one, dict):
        return {**one, **{key: _sum(one[key], value) if key in one else value for key, value in other.items()}}
    if isinstance(one, int):
        return one + other
    return type(one)(**{each.name: _sum(getattr(one, each.name), getattr(other, each.name)) for each in fields(one)})
