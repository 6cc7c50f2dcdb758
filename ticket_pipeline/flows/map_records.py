"""Map: the live ticket definitions of some events, in the destination's terms."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ticket_pipeline.errors import RejectedError
from ticket_pipeline.flows.handfuls import handfuls
from ticket_pipeline.mapping.mapping import FieldMapping
from ticket_pipeline.model.event import Event
from ticket_pipeline.model.report import MapReport, Refusal
from ticket_pipeline.model.ticket_definition import TicketDefinition
from ticket_pipeline.store import dead_letters, definitions, events, records, statistics
from ticket_pipeline.store.dead_letters import DeadLetter
from ticket_pipeline.store.site_state import SiteState

_FLOW = "map"


def map_records(state: SiteState, mapping: FieldMapping, event_ids: Sequence[str], *, now: datetime) -> MapReport:
    """Turn every live definition of these events into a record; a definition that cannot be mapped is buried alone.

    A buried definition keeps the record it had, so that the destination is not changed by what we failed to read.
    """
    with state.reading() as tx:
        of_event = {event.id: event for event in events.all_events(tx, state.site, gone=True)}
        hashes = events.content_hashes(tx, state.site)
    sources = {each: records.made_from(hashes.get(each), mapping.fingerprint) for each in event_ids}
    work = _Mapping(state=state, mapping=mapping, of_event=of_event, sources=sources, now=now)
    for some in handfuls(event_ids):
        work.bring(some)
    return MapReport(
        records=work.per_event.total(),
        changed=work.changed,
        losses=work.losses,
        refused=tuple(work.refused),
        per_event=dict(work.per_event),
    )


@dataclass(kw_only=True)
class _Mapping:
    """One mapping under way, a handful of events at a time so that memory does not grow with the site."""

    state: SiteState
    mapping: FieldMapping
    of_event: dict[str, Event]
    sources: dict[str, str]
    now: datetime
    changed: int = 0
    losses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    per_event: Counter[str] = field(default_factory=Counter)

    def bring(self, event_ids: Sequence[str]) -> None:
        """Map one handful, and write what came of it in one transaction."""
        site = self.state.site
        with self.state.reading() as tx:
            live = list(definitions.live(tx, site, event_ids))
            had = records.ids(tx, site, event_ids)
        mapped = self.mapping.records((each, self.of_event.get(each.event_id)) for each in live)
        dead = sorted(had - {each.id for each in live})
        letters = list(_letters(mapped.refused))
        with self.state.writing() as tx:
            self.changed += records.replace(tx, site, mapped.records, sources=self.sources, at=self.now)
            records.remove(tx, site, dead)
            dead_letters.bury(tx, site, flow=_FLOW, letters=letters, at=self.now)
            mended = [record.definition_id for record in mapped.records]
            dead_letters.resolve(tx, site, flow=_FLOW, subjects=[*mended, *dead], at=self.now)
            statistics.keep_up(tx)
        self.per_event.update(record.event_id for record in mapped.records)
        self.losses |= {record.definition_id: record.losses for record in mapped.records if record.losses}
        self.refused += [Refusal(subject=each.subject, code=each.code, reason=each.reason) for each in letters]


def _letters(refused: Iterable[tuple[TicketDefinition, RejectedError]]) -> Iterable[DeadLetter]:
    for definition, error in refused:
        yield DeadLetter(
            subject=definition.id,
            event_id=definition.event_id,
            code=error.code,
            reason=str(error),
            payload=dict(definition.body),
        )
