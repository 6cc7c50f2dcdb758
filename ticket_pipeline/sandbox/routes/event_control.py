"""The sandbox's own handles for events. Not part of Wix."""

from ticket_pipeline.sandbox import event_organiser
from ticket_pipeline.sandbox.entities import Document, Event
from ticket_pipeline.sandbox.event_documents import event_document
from ticket_pipeline.sandbox.operation import Call, own
from ticket_pipeline.sandbox.validation import require_guid


def create(call: Call) -> Document:
    """Create an event: {event: {title, dateAndTimeSettings: {startDate, …}, …}, draft}."""
    draft, instance_id = call.body.get("draft") is True, call.desk.settings.instance_id
    made = event_organiser.create(call.desk.world, call.body.get("event"), instance_id=instance_id, draft=draft)
    return _shown(call, made)


def edit(call: Call) -> Document:
    """Change an event: {eventId, and event with the fields}."""
    return _shown(call, event_organiser.edit(call.desk.world, _event_id(call), call.body.get("event")))


def publish(call: Call) -> Document:
    """Publish a draft: {eventId}."""
    event_organiser.publish(call.desk.world, _event_id(call))
    return {}


def unpublish(call: Call) -> Document:
    """Make a draft again: {eventId}."""
    event_organiser.unpublish(call.desk.world, _event_id(call))
    return {}


def cancel(call: Call) -> Document:
    """Call a show off: {eventId}."""
    event_organiser.cancel(call.desk.world, _event_id(call))
    return {}


def delete(call: Call) -> Document:
    """Delete an event with its definitions: {eventId}."""
    event_organiser.delete(call.desk.world, _event_id(call))
    return {}


def _event_id(call: Call) -> str:
    return require_guid(call.body.get("eventId"), "eventId")


def _shown(call: Call, event: Event) -> Document:
    return {"event": event_document(event, call.desk.world.now, ("DETAILS", "REGISTRATION"))}


OPERATIONS = (
    own("POST", "/events/create", create),
    own("POST", "/events/edit", edit),
    own("POST", "/events/publish", publish),
    own("POST", "/events/unpublish", unpublish),
    own("POST", "/events/cancel", cancel),
    own("POST", "/events/delete", delete),
)
