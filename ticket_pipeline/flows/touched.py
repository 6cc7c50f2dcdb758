"""Touched: which counters a webhook concerns, and when to look at them again.

Wix's documentation: REST, business solutions, Events: Orders, Ticket Reservations, Ticket Definitions V3, Events V3,
Guests: webhooks. None of them says how many tickets are left, so each of them only asks for a read.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ticket_pipeline.model.counting import Cause, Why
from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.model.tally import Tally
from ticket_pipeline.store import inbox
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.wix.instants import parse_instant

RESERVATION_DELETED = "wix.events.v1.ticket_reservation_deleted"


@dataclass(frozen=True, kw_only=True)
class Touched:
    """What a webhook concerns."""

    definition_ids: frozenset[str] = frozenset()
    #: The event all of whose counters are concerned; None where the definitions are named, or nothing is concerned.
    event_id: str | None = None
    #: When to look again: a hold of tickets runs out.
    again_at: datetime | None = None

    def __bool__(self) -> bool:
        """Whether anything is concerned."""
        return bool(self.definition_ids or self.event_id)


_NOTHING = Touched()


def touched(envelope: Envelope) -> Touched:
    """Tell which counters a webhook concerns; one that does not name its definitions concerns its whole event."""
    return _TOPICS.get(envelope.topic, _untouched)(envelope)


def recalled(tx: Transaction, site: str, envelope: Envelope) -> Touched:
    """Tell which counters a deleted reservation concerns: it says nothing, so its earlier webhooks are asked."""
    if envelope.topic != RESERVATION_DELETED or not envelope.entity_id:
        return _NOTHING
    earlier = (touched(each.envelope) for each in inbox.of_entity(tx, site, envelope.entity_id))
    return Touched(definition_ids=frozenset(each for what in earlier for each in what.definition_ids))


def next_turns(tally: Tally, *, now: datetime) -> tuple[Cause, ...]:
    """Tell when the tally has to be read again because a date of its sale comes, soonest first."""
    dates = ((tally.sale_start, Why.SALE_START), (tally.sale_end, Why.SALE_END))
    ahead = [Cause(why=why, at=at) for at, why in dates if at is not None and at > now]
    return tuple(sorted(ahead, key=lambda cause: cause.at))


def _untouched(_: Envelope) -> Touched:
    return _NOTHING


def _definition(envelope: Envelope) -> Touched:
    return Touched(definition_ids=frozenset({envelope.entity_id})) if envelope.entity_id else _NOTHING


def _event(envelope: Envelope) -> Touched:
    return Touched(event_id=envelope.event_id)


def _order(envelope: Envelope) -> Touched:
    return _named(envelope, envelope.body.get("tickets"))


def _reservation(envelope: Envelope) -> Touched:
    body = envelope.body
    entity = _object(body, "createdEvent", "entity") or _object(body, "updatedEvent", "currentEntity")
    entity = entity or _object(body, "deletedEvent", "deletedEntity")
    return _named(envelope, entity.get("tickets"), again_at=_expiry(entity, "expirationDate"))


def _old_reservation(envelope: Envelope) -> Touched:
    return _named(envelope, envelope.body.get("quantities"), again_at=_expiry(envelope.body, "expires"))


def _named(envelope: Envelope, lines: Any, *, again_at: datetime | None = None) -> Touched:
    ids = frozenset(_ids(lines))
    return Touched(definition_ids=ids, event_id=None if ids else envelope.event_id, again_at=again_at)


def _ids(lines: Any) -> Iterator[str]:
    for line in lines if isinstance(lines, list) else []:
        definition_id = line.get("ticketDefinitionId") if isinstance(line, Mapping) else None
        if isinstance(definition_id, str) and definition_id:
            yield definition_id


def _object(body: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    value: Any = body
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _expiry(body: Mapping[str, Any], field: str) -> datetime | None:
    """Read when a hold runs out; None where it is none any more."""
    value = body.get(field)
    if not isinstance(value, str) or not str(body.get("status", "PENDING")).endswith("PENDING"):
        return None
    try:
        return parse_instant(value)
    except ValueError:
        return None


_DEFINITION, _OLD_DEFINITION = "wix.events.v3.ticket_definition_", "wix.events.ticketing.events.TicketDefinition"
_ORDER, _GUEST = "wix.events.ticketing.events.Order", "wix.events.guests.v1.guest_"
_RESERVATION, _OLD_RESERVATION = "wix.events.v1.ticket_reservation_", "wix.events.ticketing.events.Reservation"
_ENTITY = ("created", "updated", "deleted")
_READERS: Mapping[Callable[[Envelope], Touched], tuple[str, ...]] = {
    _definition: (
        *(f"{_DEFINITION}{each}" for each in (*_ENTITY, "sale_started", "sale_ended", "sale_period_updated")),
        *(f"{_OLD_DEFINITION}{each}" for each in ("Created", "Updated", "Deleted")),
    ),
    _event: (
        *(f"wix.events.v3.event_{each}" for each in (*_ENTITY, "canceled", "started", "ended", "published", "cloned")),
        # They free places, and name no definition. What else guests do moves no number.
        *(f"{_GUEST}{each}" for each in ("guest_order_canceled", "guest_event_canceled")),
    ),
    _order: (
        *(f"{_ORDER}{each}" for each in ("Initiated", "Confirmed", "Updated", "Deleted")),
        "wix.events.v1.order_order-paid",
    ),
    _reservation: tuple(f"{_RESERVATION}{each}" for each in _ENTITY),
    _old_reservation: tuple(f"{_OLD_RESERVATION}{each}" for each in ("Created", "Updated")),
}
_TOPICS = {topic: read for read, topics in _READERS.items() for topic in topics}
