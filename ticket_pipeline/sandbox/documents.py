"""Ticket definitions as Wix shows them.

Wix's documentation: REST, business solutions, events, ticket definitions V3.
"""

from collections.abc import Collection
from datetime import datetime

from ticket_pipeline.sandbox.entities import Definition, Document, Event
from ticket_pipeline.sandbox.event_documents import date_and_time, page_url

LARGEST_PER_CHECKOUT = 50


def definition_document(
    definition: Definition, event: Event | None, now: datetime, fields: Collection[str] = ()
) -> Document:
    """Write a ticket definition; details only where the mask asks for them."""
    per_order = LARGEST_PER_CHECKOUT if event is None else event.ticket_limit_per_order
    unsold = definition.unsold
    document = definition.document.copy()
    document["limitPerCheckout"] = per_order if unsold is None else min(per_order, unsold)
    document["saleStatus"] = definition.sale_status(now)
    if not fields:
        return document
    if "SALES_DETAILS" in fields:
        document["salesDetails"] = {
            "unsoldCount": unsold,
            "soldCount": definition.sold,
            "reservedCount": definition.reserved,
            "soldOut": unsold == 0,
        }
    if "EVENT_DETAILS" in fields and event is not None:
        document["eventDetails"] = event_details(event, now)
    if "SEATING_DETAILS" in fields and definition.places:
        document["seatingDetails"] = {"places": seats_left(definition)}
    return document


def event_details(event: Event, now: datetime) -> Document:
    """Write what a ticket definition tells of its event."""
    return {
        "title": event.title,
        "shortDescription": event.summary,
        "location": event.location,
        "dateAndTimeSettings": date_and_time(event),
        "eventPageUrl": page_url(event),
        "status": event.status(now),
    }


def seats_left(definition: Definition) -> list[Document]:
    """Write the seats with what is left of each; the first ones are taken first."""
    taken = definition.sold + definition.reserved
    places = []
    for place in definition.places:
        gone = min(taken, place["availableCapacity"])
        taken -= gone
        places.append({**place, "availableCapacity": place["availableCapacity"] - gone})
    return places
