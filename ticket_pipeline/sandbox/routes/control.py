"""The sandbox's own handles: sales, faults, counts. Not part of Wix."""

from dataclasses import asdict
from typing import Any

from ticket_pipeline.sandbox import box_office, organiser
from ticket_pipeline.sandbox.documents import definition_document
from ticket_pipeline.sandbox.entities import Definition, Document, Line, Order, Reservation
from ticket_pipeline.sandbox.faults import Faults, faults_from
from ticket_pipeline.sandbox.instants import to_wire
from ticket_pipeline.sandbox.operation import Call, own
from ticket_pipeline.sandbox.order_documents import order_document
from ticket_pipeline.sandbox.paging import bounded
from ticket_pipeline.sandbox.refusals import invalid, required
from ticket_pipeline.sandbox.routes.masks import read_mask
from ticket_pipeline.sandbox.routes.orders import STATUSES
from ticket_pipeline.sandbox.rush import MOST_ORDERS, MOST_SECONDS, USUAL_ORDERS, USUAL_SECONDS, rush
from ticket_pipeline.sandbox.validation import require_guid


def hold(call: Call) -> Document:
    """Hold tickets: {definitionId, quantity} or {lines: [...]}, and force."""
    return _reserved(_held(call))


def release(call: Call) -> Document:
    """Give a hold back: {reservationId}."""
    reservation_id = require_guid(call.body.get("reservationId"), "reservationId")
    return _reserved(box_office.release(call.desk.world, reservation_id))


def forget(call: Call) -> Document:
    """Delete a reservation: {reservationId}."""
    box_office.forget(call.desk.world, require_guid(call.body.get("reservationId"), "reservationId"))
    return {}


def buy(call: Call) -> Document:
    """Buy what hold takes, or {reservationId}; a status such as INITIATED leaves the order unconfirmed."""
    status = call.body.get("status")
    read_mask([status] if status else None, STATUSES, most=1, field="status")
    given = call.body.get("reservationId")
    reservation_id = require_guid(given, "reservationId") if given else _held(call).id
    return _ordered(call, box_office.buy(call.desk.world, reservation_id, status=status))


def cancel(call: Call) -> Document:
    """Cancel an order, or some of its tickets: {orderNumber, ticketNumbers}."""
    number, tickets = _order_number(call), call.body.get("ticketNumbers") or []
    return _ordered(call, box_office.cancel(call.desk.world, number, tickets))


def confirm(call: Call) -> Document:
    """Take the money for an order that waited for it: {orderNumber}."""
    return _ordered(call, box_office.confirm(call.desk.world, _order_number(call)))


def anonymise(call: Call) -> Document:
    """Take the person out of an order: {orderNumber}."""
    return _ordered(call, box_office.anonymise(call.desk.world, _order_number(call)))


def edit(call: Call) -> Document:
    """Change a definition without its revision: {definitionId, and ticketDefinition with the fields}."""
    definition_id = require_guid(call.body.get("definitionId"), "definitionId")
    changed = organiser.edit(call.desk.world, definition_id, call.body.get("ticketDefinition"))
    return {"ticketDefinition": _shown(call, changed)}


def create(call: Call) -> Document:
    """Create a definition without a credential: {ticketDefinition}."""
    return {"ticketDefinition": _shown(call, organiser.create(call.desk.world, call.body.get("ticketDefinition")))}


def delete(call: Call) -> Document:
    """Delete a definition without a credential: {definitionId}."""
    definition_id = require_guid(call.body.get("definitionId"), "definitionId")
    organiser.delete(call.desk.world, [organiser.find_definition(call.desk.world, definition_id)])
    return {}


def rush_in(call: Call) -> Document:
    """Place {orders} orders within {seconds}, for one event, {eventId}, or for all; answers when it is over."""
    event_id = call.body.get("eventId")
    done = rush(
        call.desk.world,
        None if event_id is None else require_guid(event_id, "eventId"),
        orders=bounded("orders", call.body.get("orders", USUAL_ORDERS), MOST_ORDERS),
        seconds=bounded("seconds", call.body.get("seconds", USUAL_SECONDS), MOST_SECONDS),
        pause=call.desk.closing.wait,
    )
    return {"rush": asdict(done)}


def get_faults(call: Call) -> Document:
    """Show the faults in force."""
    return asdict(call.desk.faults.faults)


def put_faults(call: Call) -> Document:
    """Put faults in force; what is not named is off."""
    call.desk.faults.set(faults_from(call.body, Faults))
    return get_faults(call)


def expire_tokens(call: Call) -> Document:
    """Let all access tokens die now."""
    call.desk.doorkeeper.expire_all()
    return {}


def stats(call: Call) -> Document:
    """Show how requests were spent."""
    return call.desk.stats.document()


def reset_stats(call: Call) -> Document:
    """Count from nought."""
    call.desk.stats.reset()
    return {}


def reset(call: Call) -> Document:
    """Seed the world anew."""
    call.desk.reset()
    return {}


def _held(call: Call) -> Reservation:
    lines: Any = call.body.get("lines") or [call.body]
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        raise invalid([required("lines")])
    wanted = [
        Line(
            definition_id=require_guid(line.get("definitionId"), "definitionId"),
            quantity=bounded("quantity", line.get("quantity", 1)),
        )
        for line in lines
    ]
    return box_office.hold(call.desk.world, wanted, force=call.body.get("force") is True)


def _order_number(call: Call) -> str:
    number = call.body.get("orderNumber")
    if not isinstance(number, str):
        raise invalid([required("orderNumber")])
    return number


def _reserved(reservation: Reservation) -> Document:
    lines = [{"definitionId": line.definition_id, "quantity": line.quantity} for line in reservation.lines]
    expires = to_wire(reservation.expires)
    held = {"reservationId": reservation.id, "status": reservation.status, "expires": expires}
    return {"reservation": {**held, "lines": lines}}


def _ordered(call: Call, order: Order) -> Document:
    definitions = {ticket.definition_id: None for ticket in order.tickets}
    found = [d for key in definitions if (d := call.desk.world.definitions.get(key)) is not None]
    return {
        "order": order_document(order, ("DETAILS", "TICKETS")),
        "ticketDefinitions": [_shown(call, definition) for definition in found],
    }


def _shown(call: Call, definition: Definition) -> Document:
    world = call.desk.world
    event = world.events.get(definition.event_id)
    return definition_document(definition, event, world.now, ("SALES_DETAILS",))


OPERATIONS = (
    own("POST", "/hold", hold),
    own("POST", "/release", release),
    own("POST", "/reservations/delete", forget),
    own("POST", "/buy", buy),
    own("POST", "/cancel", cancel),
    own("POST", "/confirm", confirm),
    own("POST", "/anonymise", anonymise),
    own("POST", "/create", create),
    own("POST", "/edit", edit),
    own("POST", "/delete", delete),
    own("POST", "/rush", rush_in, patient=True),
    own("GET", "/faults", get_faults),
    own("PUT", "/faults", put_faults),
    own("POST", "/tokens/expire", expire_tokens),
    own("GET", "/stats", stats),
    own("POST", "/stats/reset", reset_stats),
    own("POST", "/reset", reset),
)
