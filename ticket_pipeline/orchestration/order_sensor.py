"""The sensor that tells Dagster of counters that moved, without runs, and heals those that nobody read.

The number itself was pushed to browsers by the server, long before. Each evaluation looks at what landed since the
last one and does not wait; where the server was down it reads, quickly and a hundred at a time, what it should have.
The inbox entries are not claimed: following them is another sensor's.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import dagster as dg

from ticket_pipeline.errors import ConfigError, RejectedError, TransientError
from ticket_pipeline.flows.count import count
from ticket_pipeline.flows.shown import Shown, shown
from ticket_pipeline.flows.touched import recalled, touched
from ticket_pipeline.model.counting import Cause, Why
from ticket_pipeline.model.tally import Tally
from ticket_pipeline.orchestration import counter_checks, counter_rows
from ticket_pipeline.orchestration.assets import Parts, now
from ticket_pipeline.orchestration.counter_assets import BEAT
from ticket_pipeline.orchestration.counter_turns import Concern, Memory, Verdict, judge, next_try
from ticket_pipeline.orchestration.metadata import Metadata
from ticket_pipeline.orchestration.names import TICKET_COUNTERS, TICKET_DEFINITIONS, Names
from ticket_pipeline.store import inbox, tallies
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.inbox import Entry
from ticket_pipeline.wiring import Site

log = logging.getLogger(__name__)

#: Dagster looks at its sensors every five seconds; whoever asks for five is passed over every other time.
EVERY_SECONDS = 1
#: Entries of the inbox that one evaluation takes; without a cursor it begins so many back.
_AT_ONCE = 5_000
#: Seconds between two looks at all counters, and how many events such a look reports at most.
_LOOK_EVERY, _MOST_LOOKED = 60.0, 100
_NOTHING = "No webhook moved a counter."


def order_sensor(parts: Parts) -> dg.SensorDefinition:
    """Report the counters that moved, one materialization per event, and heal them where the server was down."""

    @dg.sensor(
        name=parts.names.order_sensor,
        asset_selection=dg.AssetSelection.assets(parts.names.key(TICKET_COUNTERS)),
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells which counters orders and other webhooks moved, without runs. Where nobody has read them "
        "since (the server was down), it reads them itself. Looks at the inbox after its cursor, and at the counters.",
    )
    def orders(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        return evaluate(context.instance, parts.names, parts.site, context.cursor, clock=now)

    return orders


def evaluate(
    instance: dg.DagsterInstance, names: Names, site: Site, cursor: str | None, *, clock: Callable[[], datetime]
) -> dg.SensorResult:
    """Decide what to report, and heal what is to be healed before; the cursor moves past what is reported only."""
    memory, work = Memory.read(cursor), _Evaluation(instance=instance, names=names, site=site, at=clock())
    verdict = work.judged(memory)
    memory, verdict = work.healed(memory, verdict, clock)
    memory = work.reported(replace(memory, seq=verdict.seq), verdict)
    memory = work.looked(memory)
    return dg.SensorResult(
        asset_events=work.events, skip_reason=" ".join(work.told) or _NOTHING, cursor=memory.written()
    )


@dataclass(kw_only=True)
class _Evaluation:
    """One evaluation under way: what it is to report, and what it has to say."""

    instance: dg.DagsterInstance
    names: Names
    site: Site
    at: datetime
    events: list[dg.AssetMaterialization | dg.AssetCheckEvaluation] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def judged(self, memory: Memory) -> Verdict:
        """Look at what landed since, and at what the counters have read."""
        with self.site.state.reading() as tx:
            last = inbox.last_seq(tx, self.site.name)
            # A number beyond the last one is of another inbox: the state was begun anew.
            is_lost = memory.seq is None or memory.seq > last
            seen = max(0, last - _AT_ONCE) if is_lost else memory.seq or 0
            entries = inbox.after(tx, self.site.name, seen, _AT_ONCE) if last > seen else []
        if not entries:
            return Verdict(seq=seen)
        showing = shown(self.site.state, self.site.counters.rules)
        with self.site.state.reading() as tx:
            concerns = list(_concerns(tx, self.site.name, showing, entries))
            ids = {one for each in concerns for one in each.event_of}
            read_at = {each: held.read_at for each, held in tallies.some(tx, self.site.name, ids).items()}
        return judge(concerns, read_at, seen=entries[-1].seq, at=self.at)

    def healed(self, memory: Memory, verdict: Verdict, clock: Callable[[], datetime]) -> tuple[Memory, Verdict]:
        """Read what nobody has read; what cannot be read now stays to be read, ever less often."""
        if not verdict.late:
            return replace(memory, failures=0), verdict
        if self.at.timestamp() < memory.due:
            self.told.append(f"Webhooks that wait for a read: {len(verdict.late)}; the last try failed.")
            return memory, verdict.without_healing()
        try:
            self._heal(verdict, clock)
        except (TransientError, ConfigError) as error:
            log.warning("counters_not_healed", extra={"site": self.site.name, "reason": str(error)})
            self.told.append(f"Webhooks that wait for a read: {len(verdict.late)}: {error}")
            failures = memory.failures + 1
            return replace(memory, failures=failures, due=next_try(failures, at=self.at)), verdict.without_healing()
        self.told.append(f"Counters that nobody had read, healed: {len(verdict.unread)}.")
        return replace(memory, failures=0), verdict

    def reported(self, memory: Memory, verdict: Verdict) -> Memory:
        """Tell of each event whose counters were to move."""
        moved = _by_event(self.site, verdict.concerns)
        late = {one for each in verdict.late for one in each.event_of}
        of_run = {each: _figures(concerns, late) for each, concerns in moved.items()}
        named = {one for each in verdict.concerns for one in each.named}
        return self._materialized(memory, of_run, named)

    def looked(self, memory: Memory) -> Memory:
        """Once a minute: tell of events never told of, that counters are read at all, and whether all are fresh."""
        if self.at.timestamp() - memory.looked < _LOOK_EVERY:
            return memory
        result = counter_checks.freshness(self.site, at=self.at)
        if result.passed is not memory.fresh:
            self.events.append(counter_checks.evaluation(self.names, counter_checks.FRESH, result))
        memory = replace(memory, looked=self.at.timestamp(), fresh=result.passed)
        return self._materialized(memory, {each: {"webhooks": 0} for each in self._untold(memory)}, ())

    def _heal(self, verdict: Verdict, clock: Callable[[], datetime]) -> None:
        wanted = {
            one: Cause(why=Why.HEALING, at=each.landed_at, inbox_seq=each.seq)
            for each in verdict.late
            for one in each.event_of
            if one in verdict.unread
        }
        try:
            count(self.site.state, self.site.wix_at_once, self.site.counters.rules, wanted, clock=clock)
        except RejectedError as error:
            # It would be refused again, and what landed after it would never be told of.
            log.warning("counters_refused", extra={"site": self.site.name, "reason": str(error)})
            self.told.append(f"Wix refused the read: {error}")

    def _materialized(self, memory: Memory, of_event: Mapping[str, Metadata], moved: Collection[str]) -> Memory:
        there = set(self.instance.get_dynamic_partitions(self.names.partitions_name)) if of_event else set()
        listed = [each for each in of_event if each in there]
        if not listed:
            return memory
        shown = counter_rows.counters(self.site, listed, at=self.at, moved=moved)
        key = self.names.key(TICKET_COUNTERS)
        self.events += [
            dg.AssetMaterialization(key, partition=each, metadata={**of_event[each], **shown[each]}) for each in listed
        ]
        self.told.append(f"Events told of: {len(listed)}.")
        return replace(memory, reported=self.at.timestamp())

    def _untold(self, memory: Memory) -> Sequence[str]:
        """Name the events that are to be told of though no webhook moved them."""
        event_of = shown(self.site.state, self.site.counters.rules).event_of
        with self.site.state.reading() as tx:
            held = {each.definition_id: each for each in tallies.listing(tx, self.site.name)}
        unread = {event_id for each, event_id in event_of.items() if each not in held}
        there = self.instance.get_dynamic_partitions(self.names.partitions_name)
        behind = self._behind() - unread
        return [each for each in there if each in behind][:_MOST_LOOKED] or self._beat(memory, held.values(), there)

    def _beat(self, memory: Memory, held: Iterable[Tally], there: Collection[str]) -> Sequence[str]:
        """Name the event read last, where that tells something new and nothing was told for a while."""
        newest = max((each for each in held if each.event_id in there), key=lambda each: each.read_at, default=None)
        is_due = self.at.timestamp() - memory.reported >= BEAT.total_seconds()
        is_news = newest is not None and newest.read_at.timestamp() > memory.reported
        return [newest.event_id] if newest is not None and is_due and is_news else []

    def _behind(self) -> set[str]:
        """Tell which events' definitions were told of later than their counters, which Dagster would call stale."""
        told = {str(each.partition) for each in self.events if isinstance(each, dg.AssetMaterialization)}
        upstream, ours = (
            self.instance.get_latest_storage_id_by_partition(
                self.names.key(asset), dg.DagsterEventType.ASSET_MATERIALIZATION
            )
            for asset in (TICKET_DEFINITIONS, TICKET_COUNTERS)
        )
        return {each for each, number in upstream.items() if number > ours.get(each, 0)} - told


def _concerns(tx: Transaction, site: str, showing: Shown, entries: Sequence[Entry]) -> Iterator[Concern]:
    for entry in entries:
        what = touched(entry.envelope) or recalled(tx, site, entry.envelope)
        ids = showing.concerned(what)
        if ids:
            event_of = {each: showing.event_of.get(each) for each in sorted(ids)}
            yield Concern(
                seq=entry.seq,
                topic=entry.envelope.topic,
                landed_at=entry.landed_at,
                event_of=event_of,
                named=what.definition_ids,
            )


def _by_event(site: Site, concerns: Sequence[Concern]) -> dict[str, list[Concern]]:
    """Sort what landed by the events it moved, once; what was not known before it was read is known now."""
    unknown = {one for each in concerns for one, event_id in each.event_of.items() if event_id is None}
    with site.state.reading() as tx:
        learned = {each: held.event_id for each, held in tallies.some(tx, site.name, unknown).items()}
    found = defaultdict[str, list[Concern]](list)
    for each in concerns:
        for event_id in {event_id or learned.get(one) for one, event_id in each.event_of.items()} - {None}:
            found[str(event_id)].append(each)
    return dict(found)


def _figures(concerns: Sequence[Concern], late: Collection[str]) -> Metadata:
    healed = sum(1 for each in concerns if any(one in late for one in each.event_of))
    topics = sorted({each.topic.rpartition(".")[2] for each in concerns})
    return {"webhooks": len(concerns), "of which healed": healed, "topics": ", ".join(topics)}
