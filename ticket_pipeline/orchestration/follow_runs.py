"""What the runs that follow a site's webhooks, under way and over, mean for what waits."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile

import dagster as dg

from ticket_pipeline.orchestration.names import Names
from ticket_pipeline.orchestration.new_events import UNDER_WAY

#: A run's tag: its own id, the number of the newest entry that had landed when it began to take them, and the timestamp
#: until which it takes all that lands, if it does.
TAKEN_TAG = "ticket_pipeline/taken"
#: What a run covers that has yet to take its entries.
EVERYTHING = sys.maxsize
#: Seconds a run may take before somebody else is asked to do its work: a power cut leaves it "started" for an hour.
TRUST = 120.0
#: More failures in a row than this do not make the wait any longer.
_MOST_FAILURES = 10
_OVER = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
#: In the queue a run is safe, however long.
_QUEUED = dg.DagsterRunStatus.QUEUED


@dataclass(frozen=True, kw_only=True)
class Runs:
    """The site's follow runs."""

    #: How many are queued or at work.
    live: int = 0
    #: Up to this number, entries are theirs.
    covered: int = 0
    #: How many came to nothing since the last that did not.
    failures: int = 0
    failed_at: datetime | None = None


def read_runs(instance: dg.DagsterInstance, names: Names, *, at: datetime) -> Runs:
    """Look at the follow runs, whoever asked for them."""
    under_way = instance.get_run_records(dg.RunsFilter(job_name=names.follow_job, statuses=UNDER_WAY))
    live = [each.dagster_run for each in under_way if trusted(each, at)]
    over = instance.get_run_records(dg.RunsFilter(job_name=names.follow_job, statuses=_OVER), limit=_MOST_FAILURES)
    failed = list(takewhile(lambda each: not each.dagster_run.is_success, over))
    return Runs(
        live=len(live),
        covered=max((covered_by(each, at) for each in live), default=0),
        failures=len(failed),
        failed_at=_ended(failed),
    )


def say_taken(instance: dg.DagsterInstance, run_id: str, seq: int, *, until: datetime | None = None) -> None:
    """Tell, before a run takes its entries, that those up to this number are surely among them; with `until`, that so
    is all that lands before that.
    """
    promised = f":{until.timestamp()}" if until else ""
    instance.add_run_tags(run_id, {TAKEN_TAG: f"{run_id}:{seq}{promised}"})


def covered_by(run: dg.DagsterRun, at: datetime) -> int:
    """Tell what a run takes; a retried run inherits its parent's tag, which says nothing of it."""
    run_id, _, told = run.tags.get(TAKEN_TAG, "").partition(":")
    if run_id != run.run_id:
        return EVERYTHING
    seq, _, until = told.partition(":")
    return EVERYTHING if at.timestamp() < float(until or 0) else int(seq)


def trusted(record: dg.RunRecord, at: datetime) -> bool:
    """Tell whether a run that is said to be under way may be believed to be."""
    since = record.start_time or record.create_timestamp.replace(tzinfo=UTC).timestamp()
    return record.dagster_run.status is _QUEUED or at.timestamp() - since < TRUST


def _ended(failed: Sequence[dg.RunRecord]) -> datetime | None:
    if not failed:
        return None
    last = failed[0]
    return datetime.fromtimestamp(last.end_time, UTC) if last.end_time else last.update_timestamp.replace(tzinfo=UTC)
