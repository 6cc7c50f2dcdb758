"""Map: the live ticket definitions of some events, in the destination's terms."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from ticket_pipeline.mapping.mapping import FieldMapping
from ticket_pipeline.model.report import MapReport, Refusal
from ticket_pipeline.store import dead_letters, definitions, events, records
from ticket_pipeline.store.dead_letters import DeadLetter
from ticket_pipeline.store.site_state import SiteState

_FLOW = "map"


def map_records(state: SiteState, mapping: FieldMapping, event_ids: Sequence[str], *, now: datetime) -> MapReport:
    """Turn every live definition of these events into a record; a definition that cannot be mapped is buried alone.

    A buried definition keeps the record it had, so that the destination is not changed by what we failed to read.
    """
    with state.reading() as tx:
        of_event = {event.id: event for event in events.all_events(tx, state.site, gone=True)}
        pairs = [(each, of_event.get(each.event_id)) for each in definitions.live(tx, state.site, event_ids)]
        had = {record.definition_id for record in records.read(tx, state.site, event_ids)}
    mapped = mapping.records(pairs)
    dead = had - {definition.id for definition, _ in pairs}
    letters = [
        DeadLetter(
            subject=definition.id,
            event_id=definition.event_id,
            code=error.code,
            reason=str(error),
            payload=dict(definition.body),
        )
        for definition, error in mapped.refused
    ]
    with state.writing() as tx:
        changed = records.replace(tx, state.site, mapped.records, at=now)
        records.remove(tx, state.site, sorted(dead))
        dead_letters.bury(tx, state.site, flow=_FLOW, letters=letters, at=now)
        mended = [record.definition_id for record in mapped.records]
        dead_letters.resolve(tx, state.site, flow=_FLOW, subjects=[*mended, *sorted(dead)], at=now)
    return MapReport(
        records=len(mapped.records),
        changed=changed,
        losses={record.definition_id: record.losses for record in mapped.records if record.losses},
        refused=tuple(Refusal(subject=letter.subject, code=letter.code, reason=letter.reason) for letter in letters),
        per_event=dict(Counter(record.event_id for record in mapped.records)),
    )
