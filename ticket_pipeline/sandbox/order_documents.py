"""Orders as Wix shows them, with everything they tell about people.

Wix's documentation: REST, business solutions, events, orders.
"""

from collections.abc import Collection
from decimal import Decimal

from ticket_pipeline.sandbox.entities import Document, Order, Ticket
from ticket_pipeline.sandbox.event_documents import SITE_URL
from ticket_pipeline.sandbox.instants import to_wire
from ticket_pipeline.sandbox.money import amount_text

FEE_RATE = Decimal("2.5")


def order_document(order: Order, fields: Collection[str] = ()) -> Document:
    """Write an order; without a fieldset only its ids."""
    document: Document = {
        "orderNumber": order.number,
        "eventId": order.event_id,
        "contactId": order.buyer.contact_id,
        "memberId": order.buyer.member_id or "",
        "anonymized": order.anonymized,
        "fullyCheckedIn": False,
    }
    if "DETAILS" in fields:
        document |= _details(order)
    if "TICKETS" in fields:
        document["ticketsQuantity"] = len(order.tickets)
        made = order.tickets if order.confirmed or order.status == "CANCELED" else ()
        document["tickets"] = [_ticket(order, ticket) for ticket in made]
    if "FORM" in fields:
        document["checkoutForm"] = checkout_form(order)
    if "INVOICE" in fields:
        document["invoice"] = invoice(order)
    return document


def invoice(order: Order) -> Document:
    """Write what was charged: the tickets by price, and Wix's fee on top."""
    currency = order.tickets[0].currency
    groups: dict[tuple[str, str], int] = {}
    for ticket in order.tickets:
        groups[(ticket.name, ticket.price)] = groups.get((ticket.name, ticket.price), 0) + 1
    total = _total(order)
    fee = total * FEE_RATE / 100
    items = [
        {
            "id": f"{order.reservation_id[:-2]}{position:02d}",
            "quantity": quantity,
            "name": name,
            "price": _charged(Decimal(price), currency),
            "total": _charged(Decimal(price) * quantity, currency),
        }
        for position, ((name, price), quantity) in enumerate(groups.items())
    ]
    rate = {"name": "WIX_FEE", "type": "FEE_ADDED_AT_CHECKOUT", "rate": str(FEE_RATE)}
    return {
        "items": items,
        "total": _charged(total, currency),
        "subTotal": _charged(total, currency),
        "grandTotal": _charged(total + fee, currency),
        "fees": [{**rate, "amount": _charged(fee, currency)}] if fee else [],
        "revenue": _charged(total, currency),
    }


def checkout_form(order: Order) -> Document:
    """Write the buyer's answers."""
    buyer = order.buyer
    answers = {
        "firstName": buyer.first_name,
        "lastName": buyer.last_name,
        "email": buyer.email,
        "phone": buyer.phone,
        "comment": f"Please seat {buyer.first_name} near an aisle" if buyer.first_name else "",
    }
    return {
        "inputValues": [{"inputName": name, "value": value, "values": []} for name, value in answers.items() if value]
    }


def _details(order: Order) -> Document:
    buyer = order.buyer
    document: Document = {
        "reservationId": order.reservation_id,
        "created": to_wire(order.created),
        "updated": to_wire(order.updated),
        "firstName": buyer.first_name,
        "lastName": buyer.last_name,
        "fullName": f"{buyer.first_name} {buyer.last_name}".strip(),
        "email": buyer.email,
        "confirmed": order.confirmed,
        "status": order.status,
        "method": "creditCard" if _total(order) else "",
        "ticketsQuantity": len(order.tickets),
        "totalPrice": _charged(_total(order), order.tickets[0].currency),
        "ticketsPdf": f"{SITE_URL}/pdf/{order.number}?token={buyer.contact_id}",
        "archived": order.archived,
        "channel": "ONLINE",
        "giftCardPaymentDetails": [],
        "marketingConsent": bool(buyer.member_id),
    }
    if _total(order):
        document["snapshotId"] = order.reservation_id
        payment = {"transactionId": order.reservation_id, "method": "creditCard"}
        document["paymentDetails"] = {"transaction": payment}
    return document


def _ticket(order: Order, ticket: Ticket) -> Document:
    buyer = order.buyer
    name = f"{buyer.first_name} {buyer.last_name}".strip()
    link = f"{SITE_URL}/tickets/{ticket.number}?token={buyer.contact_id}"
    return {
        "ticketNumber": ticket.number,
        "orderNumber": order.number,
        "ticketDefinitionId": ticket.definition_id,
        "name": ticket.name,
        "price": _charged(Decimal(ticket.price), ticket.currency),
        "free": Decimal(ticket.price) == 0,
        "policy": "",
        "orderStatus": order.status,
        "orderArchived": order.archived,
        "orderFullName": name,
        "guestFullName": name,
        "guestDetails": _guest(order),
        "archived": order.archived,
        "anonymized": order.anonymized,
        "checkInUrl": f"{link}&check-in",
        "ticketPdfUrl": f"{link}&pdf",
        "walletPassUrl": f"{link}&wallet",
        "channel": "ONLINE",
        "canceled": ticket.canceled,
    }


def _guest(order: Order) -> Document:
    buyer = order.buyer
    return {
        "firstName": buyer.first_name,
        "lastName": buyer.last_name,
        "email": buyer.email,
        "phone": buyer.phone,
        "contactId": buyer.contact_id,
        "form": checkout_form(order),
    }


def _total(order: Order) -> Decimal:
    return sum((Decimal(ticket.price) for ticket in order.tickets), Decimal(0))


def _charged(value: Decimal, currency: str) -> Document:
    text = amount_text(value, currency)
    return {"amount": text, "currency": currency, "value": text}
