"""Clock and webhook: the schedule that has sale starts announced on the second, and the sensor for what it misses.

Both look at the state, never at their own time, and ask for the same job; who of two runs announces, the ledger
decides. The schedule looks ahead, so that its run is ready and holds when the instant comes. The sensor takes what
has come to be known since (a start that was moved near, as a webhook says) or was missed (Dagster was down).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import dagster as dg

from ticket_pipeline.flows.sale_starts import Outlook, due
from ticket_pipeline.model.announcement import PlannedStart
from ticket_pipeline.orchestration.announce_runs import STARTS_TAG, Ask, turn
from ticket_pipeline.orchestration.announcement_rows import instant
from ticket_pipeline.orchestration.announcing import nothing_due
from ticket_pipeline.orchestration.assets import Parts
from ticket_pipeline.orchestration.names import Names
from ticket_pipeline.store import inbox
from ticket_pipeline.wiring import Site

EVERY_MINUTE = "* * * * *"
#: Dagster looks at its sensors every five seconds; whoever asks for five is passed over every other time.
EVERY_SECONDS = 1
#: Whatever is known 90 s ahead, the schedule asks for at least 30 s ahead; what is nearer, it did not.
SHORTLY = timedelta(seconds=25)
_TOPIC = "wix.events.v3.ticket_definition_"
#: Webhooks that say when a sale starts, or that it did.
TOPICS = frozenset({f"{_TOPIC}sale_started", f"{_TOPIC}sale_period_updated"})
#: Entries of the inbox that one evaluation looks at.
_AT_ONCE = 1_000
_NOTHING = "Nothing is due that the schedule would be late for."


def announce_schedule(parts: Parts) -> dg.ScheduleDefinition:
    """Ask each minute for one run that announces what starts within 90 seconds, or was missed."""
    names = parts.names

    @dg.schedule(
        name=names.announce_schedule,
        job_name=names.announce_job,
        cron_schedule=EVERY_MINUTE,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Looks ahead for sale starts, so that a run is ready before and holds until the instant. Looks at "
        "the ledger, not at its own time: what was missed is made up for, as long as it is not too late.",
    )
    def sale_starts(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        return tick(context.instance, names, parts.site, at=parts.site.clock())

    return sale_starts


def sale_start_sensor(parts: Parts) -> dg.SensorDefinition:
    """Ask for one run that announces what starts at once, was moved near, or was missed."""
    names, outlook = parts.names, Outlook()

    @dg.sensor(
        name=names.sale_start_sensor,
        job_name=names.announce_job,
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Takes what the schedule cannot: sale starts that webhooks brought near or into the past, and "
        "those that were missed. Looks at the ledger; its cursor only remembers which webhooks it has seen.",
    )
    def webhooks(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        return evaluate(context.instance, names, parts.site, context.cursor, at=parts.site.clock(), outlook=outlook)

    return webhooks


def tick(instance: dg.DagsterInstance, names: Names, site: Site, *, at: datetime) -> dg.RunRequest | dg.SkipReason:
    """Decide what the schedule asks for."""
    planned = due(site.state, now=at)
    if not planned:
        return dg.SkipReason(nothing_due(site, at=at))
    found = turn(instance, names, planned, at=at)
    return dg.SkipReason(found) if isinstance(found, str) else _request(names, planned, found, "the clock")


def evaluate(
    instance: dg.DagsterInstance,
    names: Names,
    site: Site,
    cursor: str | None,
    *,
    at: datetime,
    outlook: Outlook | None = None,
) -> dg.SensorResult:
    """Decide what the sensor asks for; an outlook that is kept spares it most of the planning."""
    heard = _listen(site, Memory.read(cursor))
    found_due = (outlook or Outlook()).due(site.state, now=at)
    near = [each for each in found_due if each.start.at <= at + SHORTLY or heard.names(each)]
    if not near:
        return dg.SensorResult(skip_reason=heard.sentence or _NOTHING, cursor=heard.memory.written())
    found = turn(instance, names, near, at=at)
    if isinstance(found, str):
        # What webhooks said is not forgotten before a run was asked for.
        return dg.SensorResult(skip_reason=found, cursor=cursor)
    reason = "a webhook" if any(map(heard.names, near)) else "it was missed, or is known since just now"
    request = _request(names, near, found, reason)
    return dg.SensorResult(run_requests=[request], cursor=heard.memory.written())


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What the sensor's cursor remembers; losing it costs nothing but a reason."""

    #: Up to this number of the inbox, webhooks were seen and are followed; None: nothing was seen yet.
    seq: int | None = None

    @classmethod
    def read(cls, cursor: str | None) -> "Memory":
        """Read a cursor."""
        return cls(**json.loads(cursor)) if cursor else cls()

    def written(self) -> str:
        """Write the cursor."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, kw_only=True)
class _Heard:
    """What webhooks say of sale starts since the last look."""

    memory: Memory
    #: The definitions they name.
    definition_ids: frozenset[str] = frozenset()
    #: How many are not followed yet, so that the state does not know what they say.
    waiting: int = 0

    @property
    def sentence(self) -> str:
        """Say that some wait to be followed, where that is so."""
        return f"Webhooks about sale starts that wait to be followed: {self.waiting}." if self.waiting else ""

    def names(self, planned: PlannedStart) -> bool:
        """Tell whether a webhook names one of its tiers."""
        return not self.definition_ids.isdisjoint(planned.definition_ids)


def _listen(site: Site, memory: Memory) -> _Heard:
    """Look at the webhooks that landed; one that is not followed yet is looked at again."""
    with site.state.reading() as tx:
        last = inbox.last_seq(tx, site.name)
        if memory.seq is None or memory.seq > last:
            # Begun anew, or the inbox was: the state knows what came before.
            return _Heard(memory=Memory(seq=last))
        entries = inbox.after(tx, site.name, memory.seq, _AT_ONCE) if last > memory.seq else []
    told = [each for each in entries if each.envelope.topic in TOPICS]
    waiting = [each for each in told if each.state is inbox.State.LANDED]
    seen = waiting[0].seq - 1 if waiting else entries[-1].seq if entries else memory.seq
    ids = frozenset(each.envelope.entity_id for each in told if each.envelope.entity_id)
    return _Heard(memory=Memory(seq=seen), definition_ids=ids, waiting=len(waiting))


def _request(names: Names, planned: Sequence[PlannedStart], ask: Ask, reason: str) -> dg.RunRequest:
    first = planned[0].start
    more = f" and {len(planned) - 1} more" if len(planned) > 1 else ""
    return dg.RunRequest(
        run_key=f"{names.site}:{ask.digest}:{ask.attempt}",
        tags={
            **names.tags,
            STARTS_TAG: ask.digest,
            "ticket_pipeline/attempt": str(ask.attempt),
            "ticket_pipeline/first_start": f"{first.event_id} {instant(first.at)}{more}",
            "ticket_pipeline/reason": reason,
        },
    )
