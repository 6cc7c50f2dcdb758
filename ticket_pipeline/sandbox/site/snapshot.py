"""What the page shows of the world: taken under its lock, written without it."""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from ticket_pipeline.sandbox.entities import Definition, Event, Order, Reservation
from ticket_pipeline.sandbox.world import World

#: A generated world has thousands of tickets; the page shows so many and says how many more there are.
MOST_TICKETS = 400
LAST_ORDERS = 30
#: Of so many last ones: orders that the world began with have no reservation.
LOOKED_AT = 500


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One instant of the world."""

    version: int
    now: datetime
    #: events with their tickets in the organiser's order; the soonest first, drafts left out
    events: tuple[tuple[Event, tuple[Definition, ...]], ...]
    events_in_all: int
    #: those made since the world began, the newest first
    orders: tuple[Order, ...]
    #: pending ones, the newest first
    holds: tuple[Reservation, ...]

    @property
    def names(self) -> dict[str, str]:
        """Give the names of tickets by their ids."""
        return {ticket.id: ticket.document["name"] for _, tickets in self.events for ticket in tickets}


def snapshot(world: World) -> Snapshot:
    """Take what the page shows."""
    with world.lock:
        world.settle()
        published = sorted((e for e in world.events.values() if e.stage != "draft"), key=lambda e: (e.starts, e.slug))
        return Snapshot(
            version=world.version,
            now=world.now,
            events=tuple(_within_measure(world, published)),
            events_in_all=len(published),
            orders=tuple(_orders(world)),
            holds=tuple(_holds(world)),
        )


def _within_measure(world: World, events: list[Event]) -> list[tuple[Event, tuple[Definition, ...]]]:
    taken, shown = 0, list[tuple[Event, tuple[Definition, ...]]]()
    for event in events:
        tickets = sorted(world.definitions.of_event(event.id), key=lambda definition: definition.rank)
        taken += len(tickets)
        if taken > MOST_TICKETS and shown:
            break
        shown.append((event, tuple(tickets)))
    return shown


def _orders(world: World) -> list[Order]:
    newest = islice(reversed(world.orders.ordered()), LOOKED_AT)
    return [order for order in newest if order.reservation_id in world.reservations][:LAST_ORDERS]


def _holds(world: World) -> list[Reservation]:
    newest = islice(reversed(world.reservations.values()), LOOKED_AT)
    return [reservation for reservation in newest if reservation.status == "PENDING"]
