"""The sensor that has new events loaded, and gone ones settled, without a person."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import dagster as dg
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)

from ticket_pipeline.flows.inspect_work import look_for_work
from ticket_pipeline.flows.plan import hold
from ticket_pipeline.orchestration.assets import Parts, now
from ticket_pipeline.orchestration.names import EVENTS_PER_RUN, Names, synced
from ticket_pipeline.wiring import Site

EVERY_SECONDS = 30
_FIRST_WAIT = 60.0
_LONGEST_WAIT = 3_600.0
#: Events between two wanted ones that are read again rather than starting one more run.
_BRIDGED = 10
#: What a run is before it is over.
UNDER_WAY = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """How often, and when last, a load of one event was asked for."""

    number: int
    at: datetime

    @property
    def due(self) -> float:
        """When the next attempt may be made, as a timestamp."""
        wait: float = min(_FIRST_WAIT * 2.0 ** (self.number - 1), _LONGEST_WAIT)
        return self.at.timestamp() + wait


def new_events_sensor(parts: Parts) -> dg.SensorDefinition:
    """Ask for a sync of events that were never synced, in runs of up to a hundred neighbours."""

    @dg.sensor(
        name=parts.names.sensor,
        job_name=parts.names.sync_job,
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Has new events synced and gone ones settled. Looks at state, not at its cursor, which only "
        "remembers attempts, so that what fails is asked for ever less often.",
    )
    def new_events(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        return evaluate(context.instance, parts.names, parts.site, context.cursor, at=now())

    return new_events


def evaluate(
    instance: dg.DagsterInstance, names: Names, site: Site, cursor: str | None, *, at: datetime
) -> dg.SensorResult | dg.SkipReason:
    """Decide what to ask for."""
    partitions = instance.get_dynamic_partitions(names.partitions_name)
    wanted = _wanted(instance, names, site)
    attempts = {each: made for each, made in _read(cursor).items() if each in wanted}
    busy = _under_way(instance, names, synced(site.settings)[-1], partitions)
    due = {each for each in wanted - busy if each not in attempts or attempts[each].due <= at.timestamp()}
    stretches = list(_stretches(partitions, due))
    for each in due.intersection(partitions):
        attempts[each] = Attempt(number=attempts[each].number + 1 if each in attempts else 1, at=at)
    if not stretches:
        return dg.SensorResult(
            skip_reason=_why_not(len(wanted), len(wanted & busy)), cursor=_write(attempts) if attempts else None
        )
    return dg.SensorResult(
        run_requests=[_request(names, stretch, attempts, at) for stretch in stretches], cursor=_write(attempts)
    )


def _under_way(instance: dg.DagsterInstance, names: Names, last: str, partitions: Sequence[str]) -> set[str]:
    """Tell which partitions a run is queued or at work for, up to the last asset, whoever started it."""
    found: set[str] = set()
    for run in instance.get_runs(dg.RunsFilter(statuses=UNDER_WAY)):
        ours = run.job_name == names.sync_job or names.key(last) in (run.asset_selection or ())
        if ours:
            found.update(_covered(run.tags, partitions))
    return found


def range_tags(first: str, last: str) -> dict[str, str]:
    """Name a stretch of partitions, as a run's tags."""
    return {ASSET_PARTITION_RANGE_START_TAG: first, ASSET_PARTITION_RANGE_END_TAG: last}


def _wanted(instance: dg.DagsterInstance, names: Names, site: Site) -> set[str]:
    work = look_for_work(site.state, site.sync_parts)
    done = instance.get_materialized_partitions(names.key(synced(site.settings)[-1]))
    wanted = {each for each in work.live if each not in done} | set(work.unloaded)
    if work.unsettled and hold(site.state, site.destination, site.policy) is None:
        wanted |= set(work.unsettled)
    return wanted


def _covered(tags: Mapping[str, str], partitions: Sequence[str]) -> Sequence[str]:
    if PARTITION_NAME_TAG in tags:
        return [tags[PARTITION_NAME_TAG]]
    first, last = tags.get(ASSET_PARTITION_RANGE_START_TAG), tags.get(ASSET_PARTITION_RANGE_END_TAG)
    if first in partitions and last in partitions:
        return partitions[partitions.index(first) : partitions.index(last) + 1]
    return []


def _stretches(partitions: Sequence[str], due: Collection[str]) -> Iterator[Sequence[str]]:
    """Cut the wanted partitions into neighbours, bridging small gaps, a hundred at most."""
    places = [place for place, key in enumerate(partitions) if key in due]
    start = 0
    for at in range(1, len(places) + 1):
        last = at == len(places)
        if last or places[at] - places[at - 1] > _BRIDGED or places[at] - places[start] >= EVENTS_PER_RUN:
            yield partitions[places[start] : places[at - 1] + 1]
            start = at


def _request(names: Names, stretch: Sequence[str], attempts: Mapping[str, Attempt], at: datetime) -> dg.RunRequest:
    number = max(attempts[each].number for each in stretch if each in attempts)
    digest = sha256(",".join(stretch).encode()).hexdigest()[:12]
    return dg.RunRequest(
        run_key=f"{names.site}:{digest}:{number}:{at:%Y%m%dT%H%M%S}",
        tags={**names.tags, **range_tags(stretch[0], stretch[-1]), "ticket_pipeline/attempt": str(number)},
    )


def _why_not(wanted: int, busy: int) -> str:
    if not wanted:
        return "Every live event is synced."
    if busy == wanted:
        return f"A run is under way for the {busy} events that wait for a sync."
    return f"{wanted} events wait for a sync; {busy} are under way, the others wait for their next attempt."


def _read(cursor: str | None) -> dict[str, Attempt]:
    kept: dict[str, Any] = json.loads(cursor) if cursor else {}
    return {
        event_id: Attempt(number=number, at=datetime.fromtimestamp(at, UTC)) for event_id, (number, at) in kept.items()
    }


def _write(attempts: Mapping[str, Attempt]) -> str:
    return json.dumps({each: [made.number, int(made.at.timestamp())] for each, made in sorted(attempts.items())})
