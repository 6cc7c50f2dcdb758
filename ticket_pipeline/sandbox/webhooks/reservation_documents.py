"""Ticket reservations as Wix shows them.

Wix's documentation: REST, business solutions, events, ticket reservations.
"""

from decimal import Decimal

from ticket_pipeline.sandbox.box_office import unit_price
from ticket_pipeline.sandbox.chance import guid
from ticket_pipeline.sandbox.entities import Definition, Document, Line, Reservation
from ticket_pipeline.sandbox.instants import to_wire
from ticket_pipeline.sandbox.money import amount_text
from ticket_pipeline.sandbox.shelf import Shelf


def reservation_document(reservation: Reservation, definitions: Shelf[Definition]) -> Document:
    """Write a reservation with its lines; of a definition that is gone there is no name and no price."""
    return {
        "id": reservation.id,
        "revision": str(reservation.revision),
        "createdDate": to_wire(reservation.created),
        "updatedDate": to_wire(reservation.updated),
        "expirationDate": to_wire(reservation.expires),
        "status": reservation.status,
        "visitorId": guid("visitor", reservation.id),
        "tickets": [
            _line(reservation, position, line, definitions.get(line.definition_id))
            for position, line in enumerate(reservation.lines)
        ],
    }


def _line(reservation: Reservation, position: int, line: Line, definition: Definition | None) -> Document:
    document: Document = {
        "ticketLineItemId": guid("line", reservation.id, position),
        "eventId": reservation.event_id,
        "ticketDefinitionId": line.definition_id,
        "quantity": line.quantity,
    }
    if definition is None:
        return document
    price, currency = unit_price(definition, "USD")
    single, total = (amount_text(Decimal(price) * count, currency) for count in (1, line.quantity))
    return {
        **document,
        "ticketName": definition.document["name"],
        "price": {"value": single, "currency": currency},
        "subTotal": {"value": total, "currency": currency},
    }
