"""A rush: many visitors at once, each with an order of one or two tickets. What is not there is not sold."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from ticket_pipeline.sandbox import box_office
from ticket_pipeline.sandbox.chance import dice
from ticket_pipeline.sandbox.entities import Definition, Line
from ticket_pipeline.sandbox.organiser import find_event
from ticket_pipeline.sandbox.refusals import refused
from ticket_pipeline.sandbox.world import World

USUAL_ORDERS, MOST_ORDERS = 100, 10_000
USUAL_SECONDS, MOST_SECONDS = 5, 60
LARGEST_ORDER = 2

#: Waits so many seconds; tells whether to stop.
Pause = Callable[[float], bool]


@dataclass(frozen=True, kw_only=True)
class Rush:
    """What came of it."""

    orders: int
    tickets: int
    #: whether it ended early because nothing was left
    sold_out: bool


def rush(world: World, event_id: str | None, *, orders: int, seconds: float, pause: Pause) -> Rush:
    """Place so many orders over so many seconds, for one event or for all, as long as there is something to buy.

    Raises:
        Refusal: 404, or 428 where nothing is on sale.
    """
    chance = dice("rush", world.seed, world.version)
    made = tickets = 0
    for number in range(orders):
        bought = _one(world, event_id, chance)
        if not bought:
            if number == 0:
                raise refused(428, "TICKET_NOT_ON_SALE", "Nothing is on sale that could be bought")
            break
        made, tickets = made + 1, tickets + bought
        if number + 1 < orders and pause(seconds / orders):
            break
    return Rush(orders=made, tickets=tickets, sold_out=made < orders and not _on_sale(world, event_id))


def _one(world: World, event_id: str | None, chance: Random) -> int:
    with world.lock:
        world.settle()
        found = _on_sale(world, event_id)
        if not found:
            return 0
        wanted = chance.choice(found)
        left = LARGEST_ORDER if wanted.available is None else wanted.available
        quantity = chance.randint(1, min(LARGEST_ORDER, left))
        hold = box_office.hold(world, [Line(definition_id=wanted.id, quantity=quantity)])
        box_office.buy(world, hold.id)
        return quantity


def _on_sale(world: World, event_id: str | None) -> list[Definition]:
    with world.lock:
        now = world.now
        events = world.events.values() if event_id is None else [find_event(world, event_id)]
        return [
            definition
            for event in events
            if event.status(now) in {"UPCOMING", "STARTED"}
            for definition in world.definitions.of_event(event.id)
            if definition.sale_status(now) == "SALE_STARTED"
            and not definition.document["hidden"]
            and definition.available != 0
        ]
