"""What visitors do: hold tickets, buy, cancel. Orders and stock change together, or not at all."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from ticket_pipeline.sandbox.chance import order_number
from ticket_pipeline.sandbox.changes import Change, ChangeKind
from ticket_pipeline.sandbox.entities import Buyer, Definition, Line, Order, Reservation, Ticket
from ticket_pipeline.sandbox.holds import stock, turned
from ticket_pipeline.sandbox.organiser import find_definition
from ticket_pipeline.sandbox.refusals import refused
from ticket_pipeline.sandbox.seeding.people import buyer
from ticket_pipeline.sandbox.world import World

HOLD = timedelta(minutes=20)
LARGEST_QUANTITY = 50


def hold(world: World, lines: Sequence[Line], *, force: bool = False) -> Reservation:
    """Reserve tickets for 20 minutes. With force, whatever the sale period and the stock say.

    Raises:
        Refusal: 404, or 428 for what a visitor cannot buy.
    """
    with world.lock:
        world.settle()
        definitions = [find_definition(world, line.definition_id) for line in lines]
        for definition in dict.fromkeys(definition.id for definition in definitions):
            wanted = sum(line.quantity for line in lines if line.definition_id == definition)
            _check_purchasable(world, find_definition(world, definition), wanted, force=force)
        now = world.now
        made = Reservation(
            id=world.new_id("reservation"),
            event_id=definitions[0].event_id,
            revision=1,
            created=now,
            updated=now,
            expires=now + HOLD,
            status="PENDING",
            lines=tuple(lines),
        )
        held = stock(world.definitions, lines, now, reserved=1)
        created = Change(kind=ChangeKind.RESERVATION_CREATED, before=None, after=made, at=now)
        world.apply(*held, created)
        return made


def release(world: World, reservation_id: str) -> Reservation:
    """Give a hold back before it runs out.

    Raises:
        Refusal: 404 or 428.
    """
    with world.lock:
        world.settle()
        reservation = _pending(world, reservation_id)
        now = world.now
        freed = stock(world.definitions, reservation.lines, now, reserved=-1)
        ended = turned(reservation, "CANCELED", now)
        world.apply(*freed, ended)
    return replace(reservation, status="CANCELED", revision=reservation.revision + 1, updated=now)


def forget(world: World, reservation_id: str) -> None:
    """Delete a reservation; what it still held is on sale again.

    Raises:
        Refusal: 404.
    """
    with world.lock:
        world.settle()
        gone, now = _find_reservation(world, reservation_id), world.now
        freed = stock(world.definitions, gone.lines, now, reserved=-1) if gone.status == "PENDING" else []
        world.apply(*freed, Change(kind=ChangeKind.RESERVATION_DELETED, before=gone, after=None, at=now))


def buy(world: World, reservation_id: str, *, status: str | None = None) -> Order:
    """Check out a hold: the order is initiated, then confirmed, then the tickets count as sold.

    A status such as INITIATED or PENDING leaves the order unconfirmed and the hold standing.

    Raises:
        Refusal: 404 or 428.
    """
    with world.lock:
        world.settle()
        reservation = _pending(world, reservation_id)
        order = _order(world, reservation)
        now, begun = world.now, replace(order, status="INITIATED")
        initiated = Change(kind=ChangeKind.ORDER_INITIATED, before=None, after=begun, at=now)
        done = replace(order, status=status) if status else order
        if not done.confirmed:
            updated = Change(kind=ChangeKind.ORDER_UPDATED, before=begun, after=done, at=now)
            world.apply(initiated, *([updated] if done.status != "INITIATED" else []))
            return done
        sold = stock(world.definitions, reservation.lines, now, sold=1, reserved=-1)
        confirmed = Change(kind=ChangeKind.ORDER_CONFIRMED, before=begun, after=done, at=now)
        world.apply(initiated, *sold, turned(reservation, "CONFIRMED", now), confirmed)
        return done


def confirm(world: World, number: str) -> Order:
    """Take the money for an order that waited for it; its tickets count as sold from now on.

    Raises:
        Refusal: 404, or 428 for an order that waits for nothing.
    """
    with world.lock:
        world.settle()
        order = find_order(world, number)
        if order.status not in ("INITIATED", "PENDING", "OFFLINE_PENDING"):
            raise refused(428, "ORDER_ACTION_NOT_AVAILABLE", f"The order is {order.status}")
        now = world.now
        after = replace(order, status="PAID", updated=now)
        confirmed = Change(kind=ChangeKind.ORDER_CONFIRMED, before=order, after=after, at=now)
        if order.confirmed:
            world.apply(replace(confirmed, kind=ChangeKind.ORDER_UPDATED))
            return after
        lines = [Line(definition_id=ticket.definition_id, quantity=1) for ticket in order.tickets]
        hold = world.reservations.get(order.reservation_id)
        held = hold is not None and hold.status == "PENDING"
        sold = stock(world.definitions, lines, now, sold=1, reserved=-1 if held else 0)
        world.apply(*sold, *([turned(hold, "CONFIRMED", now)] if hold and held else []), confirmed)
        return after


def cancel(world: World, number: str, ticket_numbers: Sequence[str] = ()) -> Order:
    """Cancel a whole order, or some of its tickets; what was sold is on sale again.

    Raises:
        Refusal: 404, or 428 for an order that is canceled already.
    """
    with world.lock:
        world.settle()
        order = find_order(world, number)
        going = [t for t in order.tickets if not t.canceled and (not ticket_numbers or t.number in ticket_numbers)]
        if not going:
            raise refused(428, "ORDER_ACTION_NOT_AVAILABLE", "Nothing is left to cancel")
        now = world.now
        tickets = tuple(replace(t, canceled=True) if t in going else t for t in order.tickets)
        status = "CANCELED" if all(t.canceled for t in tickets) else order.status
        after = replace(order, tickets=tickets, status=status, updated=now)
        lines = [Line(definition_id=t.definition_id, quantity=1) for t in going]
        freed = stock(world.definitions, lines, now, sold=-1) if order.confirmed else []
        world.apply(*freed, Change(kind=ChangeKind.ORDER_UPDATED, before=order, after=after, at=now))
        return after


def anonymise(world: World, number: str) -> Order:
    """Take the person out of an order, as a privacy request does.

    Raises:
        Refusal: 404.
    """
    with world.lock:
        order = find_order(world, number)
        nobody = Buyer(first_name="", last_name="", email="", phone="", contact_id=order.buyer.contact_id)
        after = replace(order, buyer=nobody, anonymized=True, updated=world.now)
        world.apply(Change(kind=ChangeKind.ORDER_DELETED, before=order, after=after, at=world.now))
        return after


def find_order(world: World, number: str) -> Order:
    """Find an order.

    Raises:
        Refusal: 404.
    """
    order = world.orders.get(number)
    if order is None:
        raise refused(404, "ORDER_NOT_FOUND", f"Order {number} not found")
    return order


def unit_price(definition: Definition, fallback_currency: str) -> tuple[str, str]:
    """Tell what one ticket costs: amount and currency; the minimum of a guest price, the first option."""
    method = definition.document["pricingMethod"]
    options = method.get("pricingOptions", {}).get("optionDetails", [])
    money = method.get("fixedPrice") or method.get("guestPrice") or (options[0]["price"] if options else {})
    return money.get("value", "0"), money.get("currency", fallback_currency)


def tickets_of(number: str, lines: Sequence[Line], definitions: Sequence[Definition]) -> tuple[Ticket, ...]:
    """Make the tickets of an order, one per seat sold."""
    singles = [d for line, d in zip(lines, definitions, strict=True) for _ in range(line.quantity)]
    made = []
    for position, definition in enumerate(singles):
        price, currency = unit_price(definition, "USD")
        name = definition.document["name"]
        ticket = f"{number}{position:02d}"
        made.append(Ticket(number=ticket, definition_id=definition.id, name=name, price=price, currency=currency))
    return tuple(made)


def _order(world: World, reservation: Reservation) -> Order:
    definitions = [find_definition(world, line.definition_id) for line in reservation.lines]
    number = order_number(world.seed, world.new_id("order"))
    tickets = tickets_of(number, reservation.lines, definitions)
    paid = any(Decimal(ticket.price) for ticket in tickets)
    return Order(
        number=number,
        event_id=reservation.event_id,
        reservation_id=reservation.id,
        created=world.now,
        updated=world.now,
        status="PAID" if paid else "FREE",
        buyer=buyer(world.seed, number),
        tickets=tickets,
    )


def _find_reservation(world: World, reservation_id: str) -> Reservation:
    reservation = world.reservations.get(reservation_id)
    if reservation is None:
        raise refused(404, "TICKET_RESERVATION_NOT_FOUND", f"Reservation {reservation_id} not found")
    return reservation


def _pending(world: World, reservation_id: str) -> Reservation:
    reservation = _find_reservation(world, reservation_id)
    if reservation.status != "PENDING":
        raise refused(428, "TICKET_RESERVATION_NOT_PENDING", f"The reservation is {reservation.status}")
    return reservation


def _check_purchasable(world: World, definition: Definition, quantity: int, *, force: bool) -> None:
    if not 1 <= quantity <= LARGEST_QUANTITY:
        raise refused(400, "INVALID_QUANTITY", f"Between 1 and {LARGEST_QUANTITY} tickets, not {quantity}")
    if force:
        return
    if definition.document["hidden"] or definition.sale_status(world.now) != "SALE_STARTED":
        raise refused(428, "TICKET_NOT_ON_SALE", f"{definition.document['name']} is not on sale")
    if definition.available is not None and quantity > definition.available:
        raise refused(428, "TICKET_LIMIT_REACHED", f"Only {definition.available} left, not {quantity}")
