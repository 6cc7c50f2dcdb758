"""Whether to ask for a run that announces: what is due, and what the runs asked for before mean for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

import dagster as dg

from ticket_pipeline.model.announcement import PlannedStart
from ticket_pipeline.orchestration.follow_runs import EVERYTHING, covered_by, trusted
from ticket_pipeline.orchestration.follow_turns import doubled
from ticket_pipeline.orchestration.names import Names
from ticket_pipeline.orchestration.new_events import UNDER_WAY

#: A run's tag: which sale starts it was asked for.
STARTS_TAG = "ticket_pipeline/sale_starts"
#: Seconds until the same sale starts are asked for once more, at first and at last: a start waits for nobody.
FIRST_WAIT, LONGEST_WAIT = 10.0, 120.0
#: More attempts than this do not make the wait any longer.
_MOST_ATTEMPTS = 10


@dataclass(frozen=True, kw_only=True)
class Ask:
    """It is time: for which sale starts, and for which time."""

    digest: str
    attempt: int


def turn(instance: dg.DagsterInstance, names: Names, planned: Sequence[PlannedStart], *, at: datetime) -> Ask | str:
    """Decide whether to ask for a run that announces these; if not, say why in a sentence."""
    if _about_to_begin(instance, names, at):
        return "A run that takes all that is due is about to begin."
    digest = _digest(planned)
    asked = instance.get_run_records(
        dg.RunsFilter(job_name=names.announce_job, tags={STARTS_TAG: digest}), limit=_MOST_ATTEMPTS
    )
    if asked:
        waited = (at - _last_moved(asked[0])).total_seconds()
        left = doubled(FIRST_WAIT, len(asked), LONGEST_WAIT) - waited
        if left > 0:
            return f"{len(asked)} runs did not announce what is due; the next is asked for in {left:.0f} s."
    return Ask(digest=digest, attempt=_attempts(instance, names, digest) + 1)


def _about_to_begin(instance: dg.DagsterInstance, names: Names, at: datetime) -> bool:
    """Tell whether a run is queued or starting that has yet to claim what is due; later the ledger tells."""
    under_way = instance.get_run_records(dg.RunsFilter(job_name=names.announce_job, statuses=UNDER_WAY))
    return any(trusted(each, at) and covered_by(each.dagster_run, at) == EVERYTHING for each in under_way)


def _digest(planned: Sequence[PlannedStart]) -> str:
    named = sorted(f"{each.start.event_id} {each.start.at.isoformat()}" for each in planned)
    return sha256("\n".join(named).encode()).hexdigest()[:16]


def _last_moved(record: dg.RunRecord) -> datetime:
    """Tell when the run ended, or else began."""
    moved = record.end_time or record.start_time
    return datetime.fromtimestamp(moved, UTC) if moved else record.create_timestamp.replace(tzinfo=UTC)


def _attempts(instance: dg.DagsterInstance, names: Names, digest: str) -> int:
    return instance.get_runs_count(dg.RunsFilter(job_name=names.announce_job, tags={STARTS_TAG: digest}))
