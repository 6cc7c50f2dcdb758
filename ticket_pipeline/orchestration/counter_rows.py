"""What the counters of some events show, event by event, for the metadata of their partitions."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from ticket_pipeline.model.tally import Tally, TallyStatus
from ticket_pipeline.orchestration.metadata import DETAILED, ROWS, Metadata, Row, of_event, table
from ticket_pipeline.store import definitions, events, tallies
from ticket_pipeline.store.tallies import TallyChange
from ticket_pipeline.wiring import Site


def counters(site: Site, event_ids: Sequence[str], *, at: datetime, moved: Collection[str] = ()) -> dict[str, Metadata]:
    """Show the counters of these events; of those that moved also what they showed before, and what moved them."""
    shown = _of_events(site, event_ids)
    with site.state.reading() as tx:
        of_id = {event.id: event for event in events.all_events(tx, site.name, gone=True)}
    detailed = event_ids if len(event_ids) <= DETAILED else ()
    names, changes = _names(site, detailed), _changes(site, shown, detailed, moved)
    found = {each: of_event(of_id.get(each), len(shown.get(each, ()))) for each in event_ids}
    for each in event_ids:
        found[each] |= _figures(shown.get(each, ()), at)
    for each in detailed:
        found[each] |= _details(_in_order(shown.get(each, ()), moved), names, changes, at)
    return found


def _of_events(site: Site, event_ids: Sequence[str]) -> dict[str, list[Tally]]:
    wanted, declared = set(event_ids), site.counters.rules.definitions
    found = defaultdict[str, list[Tally]](list)
    with site.state.reading() as tx:
        for each in tallies.listing(tx, site.name):
            if each.event_id in wanted and not each.gone and (declared is None or each.definition_id in declared):
                found[each.event_id].append(each)
    return found


def _in_order(shown: Sequence[Tally], moved: Collection[str]) -> list[Tally]:
    """Put first what moved, then what is nearest to being sold out."""
    far = float("inf")
    return sorted(
        shown,
        key=lambda each: (
            each.definition_id not in moved,
            each.status is TallyStatus.HIDDEN,
            far if each.remaining is None else each.remaining,
        ),
    )


def _figures(shown: Sequence[Tally], at: datetime) -> Metadata:
    """Give what is the same for any number of counters, and can be drawn over time."""
    left = [each.remaining for each in shown if each.remaining is not None]
    of_status = {
        "sold out": sum(each.status is TallyStatus.SOLD_OUT for each in shown),
        "low": sum(each.status is TallyStatus.LOW for each in shown),
    }
    age = max((_seconds(at, each.read_at) for each in shown), default=None)
    return {
        **({"fewest left": min(left)} if left else {}),
        **of_status,
        **({"oldest read, seconds ago": age} if age is not None else {}),
    }


def _details(
    shown: Sequence[Tally], names: Mapping[str, str], changes: Mapping[str, Sequence[TallyChange]], at: datetime
) -> Metadata:
    rows = [_row(each, names, changes.get(each.definition_id, ()), at) for each in shown[:ROWS]]
    took = [_latency(changes[each.definition_id][0]) for each in shown if changes.get(each.definition_id)]
    slowest: Metadata = {"slowest read, seconds": max(took)} if took else {}
    return {**slowest, **({"preview": table(rows)} if rows else {})}


def _row(tally: Tally, names: Mapping[str, str], changes: Sequence[TallyChange], at: datetime) -> Row:
    prices = [f"{each.name or ''} {each.value} {each.currency}".strip() for each in tally.prices]
    last = changes[0] if changes else None
    before = changes[1].tally.remaining if len(changes) > 1 else None
    return {
        "name": names.get(tally.definition_id),
        "left": tally.remaining,
        "before": before,
        "price": (("from " if tally.minimum_price and prices else "") + "; ".join(prices)) or None,
        "status": tally.status.value,
        "why": last.cause.why.rpartition(".")[2] if last else None,
        "read took seconds": _latency(last) if last else None,
        "seconds since read": _seconds(at, tally.read_at),
        "version": tally.version,
        "definition": tally.definition_id,
    }


def _names(site: Site, event_ids: Sequence[str]) -> dict[str, str]:
    with site.state.reading() as tx:
        return {each.id: each.name for each in definitions.live(tx, site.name, event_ids)}


def _changes(
    site: Site, shown: Mapping[str, Sequence[Tally]], event_ids: Sequence[str], moved: Collection[str]
) -> dict[str, Sequence[TallyChange]]:
    """Read what became of those that moved, a few of each event."""
    asked = [
        tally.definition_id
        for event_id in event_ids
        for tally in [each for each in shown.get(event_id, ()) if each.definition_id in moved][:ROWS]
    ]
    with site.state.reading() as tx:
        return {each: tallies.history(tx, site.name, each, 2) for each in asked}


def _latency(change: TallyChange) -> float:
    return _seconds(change.answered_at, change.tally.read_at)


def _seconds(later: datetime, earlier: datetime) -> float:
    return round((later - earlier).total_seconds(), 3)
