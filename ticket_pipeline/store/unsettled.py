"""Which events have work left over: derived from what we remember, so that no crash can lose it."""

from collections import Counter
from collections.abc import Collection

from sqlalchemy import and_, func, literal, or_, select

from ticket_pipeline.store import definitions
from ticket_pipeline.store.chunks import among
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.links import LinkState
from ticket_pipeline.store.schema import events, links, records, ticket_definitions

_D, _E, _R, _L = ticket_definitions.c, events.c, records.c, links.c
#: Of a dead definition: something may be held over there.
_STANDING = (LinkState.LINKED, LinkState.INTENDED)


def unmapped(tx: Transaction, site: str, mapping: str) -> set[str]:
    """Tell which events have a live definition whose record is not up to date, or a record whose definition is dead.

    Up to date means made from this revision, from the event as it is now, and with this mapping (its fingerprint).
    """
    same = and_(_R.site == _D.site, _R.definition_id == _D.id)
    source = func.coalesce(_E.content_hash, "") + literal(f":{mapping}")
    behind = or_(_R.definition_id.is_(None), _R.revision < _D.revision, _R.made_from != source)
    of_event = and_(_E.site == _D.site, _E.id == _D.event_id)
    joined = ticket_definitions.join(records, same, isouter=True).join(events, of_event, isouter=True)
    live = select(_D.event_id).select_from(joined)
    dead = select(_R.event_id).join_from(records, ticket_definitions, same)
    newer = live.where(_D.site == site, _D.deleted_at.is_(None), behind)
    orphaned = dead.where(_R.site == site, _D.deleted_at.is_not(None))
    return set(tx.scalars(newer.union(orphaned)))


def unpublished(tx: Transaction, site: str, destination: str) -> set[str]:
    """Tell which events have a record that is not held over there as it is, or one that is dead and may be held."""
    same = and_(_L.site == _R.site, _L.definition_id == _R.definition_id, _L.destination == destination)
    differs = or_(
        _L.definition_id.is_(None),
        _L.state != LinkState.LINKED,
        _L.content_hash.is_(None),
        _L.content_hash != _R.content_hash,
    )
    wanted = select(_R.event_id).join_from(records, links, same, isouter=True).where(_R.site == site, differs)
    dead = and_(_D.site == _L.site, _D.id == _L.definition_id, _D.deleted_at.is_not(None))
    doomed = select(_L.event_id).join_from(links, ticket_definitions, dead)
    unwanted = doomed.where(_L.site == site, _L.destination == destination, _L.state.in_(_STANDING))
    return set(tx.scalars(wanted.union(unwanted)))


def settled(tx: Transaction, site: str, destination: str, event_ids: Collection[str]) -> Counter[str]:
    """Tell which of these events are held over there as their records say, and how many records each has.

    Of an event that is settled nothing dead may be held. No content is read.
    """
    dead = definitions.tombstones(tx, site, event_ids)
    held, unsettled = _held(tx, site, destination, event_ids, dead)
    found = Counter(dict.fromkeys(event_ids, 0))
    query = select(_R.event_id, _R.definition_id, _R.content_hash).where(_R.site == site)
    for condition in among(_R.event_id, event_ids):
        for event_id, definition_id, content_hash in tx.execute(query.where(condition)):
            found[event_id] += 1
            if definition_id in dead or held.get(definition_id) != content_hash:
                unsettled.add(event_id)
    return Counter({event_id: records for event_id, records in found.items() if event_id not in unsettled})


def _held(
    tx: Transaction, site: str, destination: str, event_ids: Collection[str], dead: Collection[str]
) -> tuple[dict[str, str], set[str]]:
    """Give the content's hash of each definition that is linked, and the events of which something dead may be held."""
    held: dict[str, str] = {}
    haunted: set[str] = set()
    query = select(_L.event_id, _L.definition_id, _L.state, _L.content_hash)
    for condition in among(_L.event_id, event_ids):
        here = query.where(_L.site == site, _L.destination == destination, condition)
        for event_id, definition_id, state, content_hash in tx.execute(here):
            if definition_id in dead and state in _STANDING:
                haunted.add(event_id)
            if state == LinkState.LINKED and content_hash is not None:
                held[definition_id] = content_hash
    return held, haunted
