"""The event types we know, and what each is about.

Wix's documentation: REST, Events: Ticket Definitions V3, Events V3, Orders, Ticket Reservations, Guests, webhooks.
"""

from collections.abc import Mapping
from enum import StrEnum


class Family(StrEnum):
    """What a topic is about; decides what may be kept of it."""

    DEFINITION = "definition"
    EVENT = "event"
    RESERVATION = "reservation"
    GUEST = "guest"
    ORDER = "order"
    OLD_RESERVATION = "old_reservation"
    OLD_DEFINITION = "old_definition"


_ENTITY = ("created", "updated", "deleted")
_CATALOGUE: tuple[tuple[Family, str, tuple[str, ...]], ...] = (
    (
        Family.DEFINITION,
        "wix.events.v3.ticket_definition_",
        (*_ENTITY, "sale_started", "sale_ended", "sale_period_updated"),
    ),
    (
        Family.EVENT,
        "wix.events.v3.event_",
        (*_ENTITY, "canceled", "started", "ended", "published", "reminder", "cloned"),
    ),
    (Family.RESERVATION, "wix.events.v1.ticket_reservation_", _ENTITY),
    (
        Family.GUEST,
        "wix.events.guests.v1.guest_",
        (*_ENTITY, "guest_order_canceled", "guest_checked_in", "guest_event_canceled", "guest_event_starts"),
    ),
    (Family.ORDER, "wix.events.ticketing.events.Order", ("Confirmed", "Initiated", "Updated", "Deleted")),
    (Family.ORDER, "wix.events.v1.order_", ("order-paid",)),
    (Family.OLD_RESERVATION, "wix.events.ticketing.events.Reservation", ("Created", "Updated")),
    (Family.OLD_DEFINITION, "wix.events.ticketing.events.TicketDefinition", ("Created", "Updated", "Deleted")),
)

#: Every `eventType` we know.
TOPICS: Mapping[str, Family] = {prefix + name: family for family, prefix, names in _CATALOGUE for name in names}

#: Payloads of the old style, which have no id of their own.
FLAT = frozenset({Family.ORDER, Family.OLD_RESERVATION, Family.OLD_DEFINITION})

#: Wix sends it for privacy requests only, never for a cancelled order.
ORDER_DELETED = "wix.events.ticketing.events.OrderDeleted"


def is_known(topic: str) -> bool:
    """Tell whether anything can be done with this topic; the others are landed as ignored."""
    return topic in TOPICS
