"""Orders as their webhooks tell them: flat, old in style, and full of people.

Wix's documentation: REST, business solutions, events, orders: order initiated, confirmed, updated, deleted.
"""

from collections.abc import Callable
from decimal import Decimal

from ticket_pipeline.sandbox.changes import ChangeKind
from ticket_pipeline.sandbox.entities import Document, Order, Ticket
from ticket_pipeline.sandbox.event_documents import SITE_URL
from ticket_pipeline.sandbox.instants import to_wire
from ticket_pipeline.sandbox.money import amount_text
from ticket_pipeline.sandbox.order_documents import checkout_form, invoice


def order_payload(kind: ChangeKind, order: Order, timestamp: str) -> Document:
    """Write the payload of an order's webhook."""
    return {"timestamp": timestamp, **_WRITERS[kind](order)}


def _initiated(order: Order) -> Document:
    """Tickets are made once they are paid for: only the reservation links an initiated order to its definitions."""
    return {
        **_buyer(order),
        "status": order.status,
        "invoice": invoice(order),
        "reservationId": order.reservation_id,
        "markedAsPaid": None,
        "marketingConsent": bool(order.buyer.member_id),
    }


def _confirmed(order: Order) -> Document:
    return {
        **_buyer(order),
        "silent": False,
        "status": order.status,
        "method": _method(order),
        "tickets": _tickets(order),
        "invoice": invoice(order),
        "reservationId": order.reservation_id,
    }


def _updated(order: Order) -> Document:
    return {
        **_buyer(order),
        "confirmed": order.confirmed,
        "status": order.status,
        "method": _method(order),
        "tickets": _tickets(order) if order.confirmed or order.status == "CANCELED" else [],
        "archived": order.archived,
        "triggeredByAnonymizeRequest": False,
    }


def _deleted(order: Order) -> Document:
    return {
        **_ids(order),
        "anonymized": order.anonymized,
        "orderType": "UNASSIGNED_TICKETS",
        "triggeredByAnonymizeRequest": True,
        "tickets": _tickets(order),
    }


_WRITERS: dict[ChangeKind, Callable[[Order], Document]] = {
    ChangeKind.ORDER_INITIATED: _initiated,
    ChangeKind.ORDER_CONFIRMED: _confirmed,
    ChangeKind.ORDER_UPDATED: _updated,
    ChangeKind.ORDER_DELETED: _deleted,
}


def _ids(order: Order) -> Document:
    return {
        "eventId": order.event_id,
        "orderNumber": order.number,
        "contactId": order.buyer.contact_id,
        "memberId": order.buyer.member_id,
        "created": to_wire(order.created),
        "updated": to_wire(order.updated),
    }


def _buyer(order: Order) -> Document:
    buyer = order.buyer
    return {
        "language": "en",
        "locale": "en-US",
        **_ids(order),
        "firstName": buyer.first_name,
        "lastName": buyer.last_name,
        "email": buyer.email,
        "checkoutForm": checkout_form(order),
    }


def _method(order: Order) -> str | None:
    return "creditCard" if any(Decimal(ticket.price) for ticket in order.tickets) else None


def _tickets(order: Order) -> list[Document]:
    return [_ticket(order, ticket) for ticket in order.tickets]


def _ticket(order: Order, ticket: Ticket) -> Document:
    buyer = order.buyer
    amount = amount_text(Decimal(ticket.price), ticket.currency)
    document: Document = {
        "ticketNumber": ticket.number,
        "ticketDefinitionId": ticket.definition_id,
        "price": {"amount": amount, "currency": ticket.currency, "value": amount},
        "archived": order.archived,
        "contactId": buyer.contact_id,
        "confirmed": order.confirmed,
        "memberId": buyer.member_id,
        "ticketName": ticket.name,
        "anonymized": order.anonymized,
        "canceled": ticket.canceled,
    }
    if order.anonymized:
        return document
    link = f"{SITE_URL}/online/{ticket.number}?token={buyer.contact_id}"
    person = {"firstName": buyer.first_name, "lastName": buyer.last_name, "email": buyer.email}
    login = {"link": link, "password": buyer.contact_id[:8]}
    return {**document, **person, "form": checkout_form(order), "onlineConferencingLogin": login}
