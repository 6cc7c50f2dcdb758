"""What the webhooks tell of an event that was published or called off, or whose time has come.

Wix's documentation: REST, business solutions, events, events V3: event published, canceled, started, ended.
"""

from datetime import datetime

from ticket_pipeline.sandbox.changes import ChangeKind
from ticket_pipeline.sandbox.entities import Document, Event
from ticket_pipeline.sandbox.event_documents import event_document
from ticket_pipeline.sandbox.instants import to_wire
from ticket_pipeline.sandbox.world import World

PUBLISHED = (
    "status", "title", "shortDescription", "location", "dateAndTimeSettings", "eventPageUrl", "registration",
)  # fmt: skip


def event_action(world: World, kind: ChangeKind, event: Event, at: datetime) -> Document:
    """Write the body of an event's action."""
    body: Document = {"timestamp": to_wire(at), "eventId": event.id}
    if kind == ChangeKind.EVENT_PUBLISHED:
        fields = ("DETAILS", "REGISTRATION", "URLS")
        whole = event_document(event, at, fields, world.definitions.of_event(event.id))
        return body | {name: whole[name] for name in PUBLISHED}
    if kind == ChangeKind.EVENT_CANCELED:
        body |= {"title": event.title, "userId": event.user_id}
    return body | {"hasGuests": bool(world.orders.of_event(event.id))}
