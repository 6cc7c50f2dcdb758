"""The webhooks that have landed, in Dagster: an external asset, and the sensor that has them followed.

The sensor waits for them inside its evaluation, so that a run is asked for when one lands and not up to five seconds
later. Each evaluation that waits holds a thread of the daemon (`sensors.num_workers` in dagster.yaml) and one of the
code server, so only some of many sites' sensors wait at a time; the others look every five seconds. So do all where
the daemon has no threads for sensors (`sensors.use_threads`), as in other people's instances it may be.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import dagster as dg

from ticket_pipeline.orchestration import columns, leftovers
from ticket_pipeline.orchestration.assets import CODE_VERSION, Parts, now
from ticket_pipeline.orchestration.follow_runs import read_runs
from ticket_pipeline.orchestration.follow_turns import Ask, Memory, turn
from ticket_pipeline.orchestration.inbox_checks import evaluations
from ticket_pipeline.orchestration.long_polls import LongPolls, places, places_under
from ticket_pipeline.orchestration.names import WEBHOOK_INBOX, Names
from ticket_pipeline.store import backlog
from ticket_pipeline.wiring import Site

#: Seconds an evaluation waits at most. Dagster begins evaluations every five seconds, so one that ends just before
#: misses nothing; and Dagster does not stop before they end, so a longer wait would be felt at each Ctrl-C.
PATIENCE = 9.7
#: Seconds between two looks: at an empty inbox, and at runs under way.
_LOOK, _LOOK_AT_RUNS = 0.05, 0.25
_NOTHING = "No webhook waits."
_PAGE = "https://dev.wix.com/docs/build-apps/develop-your-app/api-integrations/events-and-webhooks/about-webhooks"
#: Of this process, which serves all sites.
_POLLS = LongPolls(places())


def webhook_inbox(names: Names) -> dg.AssetSpec:
    """Describe the inbox, which the receiver fills without Dagster."""
    return dg.AssetSpec(
        names.key(WEBHOOK_INBOX),
        group_name=names.site,
        owners=[names.owner],
        code_version=CODE_VERSION,
        description=f"Verified [webhooks]({_PAGE}) as `ticket-pipeline serve` landed them, each once, less everything "
        "personal. The sensor observes it when it asks for a run that follows them.",
        kinds={"wix"},
        metadata={"dagster/column_schema": columns.WEBHOOKS, "source": dg.MetadataValue.url(_PAGE)},
    )


def webhook_sensor(parts: Parts) -> dg.SensorDefinition:
    """Ask for one run that follows all webhooks that have landed, and again where that came to nothing."""

    @dg.sensor(
        name=parts.names.webhook_sensor,
        job_name=parts.names.follow_job,
        minimum_interval_seconds=1,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Waits for webhooks and has them followed, all that wait in one run. Looks at the inbox and at "
        "the runs, not at its cursor, which only remembers attempts. Work left over by a crash is followed too.",
    )
    def webhooks(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        with _POLLS.waiting(PATIENCE, most=places_under(context.instance)) as pause:
            return evaluate(context.instance, parts.names, parts.site, context.cursor, clock=now, pause=pause)

    return webhooks


def evaluate(
    instance: dg.DagsterInstance,
    names: Names,
    site: Site,
    cursor: str | None,
    *,
    clock: Callable[[], datetime],
    pause: Callable[[float], bool] = lambda _: False,
) -> dg.SensorResult:
    """Decide what to ask for; while there is nothing, look again for as long as `pause` says so."""
    memory = Memory.read(cursor)
    why_not = _NOTHING
    left, reason = leftovers.look(instance, names, site, memory.left, at=clock())
    memory = replace(memory, left=left)
    while True:
        with site.state.reading() as tx:
            waits = backlog.newest(tx, site.name) > 0
        if waits:
            found = _turn(instance, names, site, memory, at=clock())
            if isinstance(found, Ask):
                return _asked(names, site, replace(memory, asked=found.seq), found, at=clock())
            why_not = found
        elif reason is not None:
            return _asked_for_leftovers(names, memory, reason, at=clock())
        else:
            memory, why_not = replace(memory, attempt=0), _NOTHING
        if not pause(_LOOK_AT_RUNS if waits else _LOOK):
            return dg.SensorResult(skip_reason=why_not, cursor=memory.written())


def _turn(instance: dg.DagsterInstance, names: Names, site: Site, memory: Memory, *, at: datetime) -> Ask | str:
    # The runs first: what one takes in the meantime is then still counted as covered.
    runs = read_runs(instance, names, at=at)
    with site.state.reading() as tx:
        waiting = backlog.look(tx, site.name, after=runs.covered)
    return turn(waiting, runs, memory, at=at)


def _asked(names: Names, site: Site, memory: Memory, ask: Ask, *, at: datetime) -> dg.SensorResult:
    memory = replace(memory, attempt=ask.attempt, at=at.timestamp())
    checks: Sequence[dg.AssetCheckEvaluation] = evaluations(names, site, at=at) if ask.attempt > 1 else ()
    with site.state.reading() as tx:
        waiting = backlog.look(tx, site.name)
    seen = {
        "waiting": waiting.count if waiting else 0,
        "newest number": ask.seq,
        "oldest waits for seconds": round((at - waiting.oldest_landed_at).total_seconds(), 3) if waiting else 0.0,
        "attempt": ask.attempt,
    }
    observation = dg.AssetObservation(names.key(WEBHOOK_INBOX), metadata=seen)
    return dg.SensorResult(
        run_requests=[_request(names, f"{ask.seq}:{ask.attempt}", ask.attempt, at)],
        asset_events=[observation, *checks],
        cursor=memory.written(),
    )


def _asked_for_leftovers(names: Names, memory: Memory, reason: str, *, at: datetime) -> dg.SensorResult:
    attempt = memory.left.attempts
    request = _request(names, f"{memory.left.digest}:{attempt}", attempt, at, reason)
    return dg.SensorResult(run_requests=[request], cursor=memory.written())


def _request(names: Names, what: str, attempt: int, at: datetime, reason: str = "webhooks wait") -> dg.RunRequest:
    return dg.RunRequest(
        run_key=f"{names.site}:{what}:{at:%Y%m%dT%H%M%S.%f}",
        tags={**names.tags, "ticket_pipeline/attempt": str(attempt), "ticket_pipeline/reason": reason},
    )
