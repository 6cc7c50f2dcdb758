"""The domain events of ticket definitions, events and reservations.

Wix's documentation: REST, articles, domain events; the webhooks of each resource.
"""

from datetime import datetime

from ticket_pipeline.sandbox.changes import Change, ChangeKind
from ticket_pipeline.sandbox.documents import definition_document
from ticket_pipeline.sandbox.entities import Definition, Document, Entity, Event, Reservation, entity_id
from ticket_pipeline.sandbox.event_documents import event_document
from ticket_pipeline.sandbox.webhooks.event_actions import event_action
from ticket_pipeline.sandbox.webhooks.reservation_documents import reservation_document
from ticket_pipeline.sandbox.webhooks.topics import TOPICS, slug_and_fqdn
from ticket_pipeline.sandbox.world import World

SHOWN_OF_EVENTS = ("DETAILS", "REGISTRATION", "URLS")


def domain_event(world: World, change: Change, *, webhook_id: str, event_time: str) -> Document:
    """Write the payload of a domain event; created and updated ones count up, the others carry no number."""
    entity = _subject(change)
    slug, fqdn = slug_and_fqdn(TOPICS[change.kind])
    payload: Document = {
        "id": webhook_id,
        "entityFqdn": fqdn,
        "slug": slug,
        "entityId": entity_id(entity),
        **_data(world, change, slug, entity),
        "eventTime": event_time,
        "triggeredByAnonymizeRequest": False,
    }
    if slug == "created":
        payload["originatedFrom"] = ""
    if slug in ("created", "updated"):
        payload["entityEventSequence"] = str(world.sequence if isinstance(entity, Event) else _revision(entity))
    return payload


def _subject(change: Change) -> Entity:
    entity = change.after or change.before
    if entity is None:
        raise ValueError(f"{change.kind} is about nothing")
    return entity


def _revision(entity: Entity) -> int:
    return entity.revision if isinstance(entity, Definition | Reservation) else 0


def _data(world: World, change: Change, slug: str, entity: Entity) -> Document:
    if slug == "created":
        return {"createdEvent": {"entity": _document(world, entity, change.at)}}
    if slug == "updated":
        return {"updatedEvent": {"currentEntity": _document(world, entity, change.at)}}
    if slug == "deleted":
        return {"deletedEvent": {}}
    return {"actionEvent": {"body": _action(world, change, entity)}}


def _action(world: World, change: Change, entity: Entity) -> Document:
    if isinstance(entity, Event):
        return event_action(world, change.kind, entity, change.at)
    document = _document(world, entity, change.at)
    if change.kind == ChangeKind.SALE_PERIOD_UPDATED:
        return {"afterUpdate": document.get("salePeriod") or {}}
    return {"ticketDefinition": document}


def _document(world: World, entity: Entity, at: datetime) -> Document:
    if isinstance(entity, Definition):
        return definition_document(entity, world.events.get(entity.event_id), at)
    if isinstance(entity, Event):
        return event_document(entity, at, SHOWN_OF_EVENTS, world.definitions.of_event(entity.id))
    if isinstance(entity, Reservation):
        return reservation_document(entity, world.definitions)
    raise TypeError(f"{type(entity).__name__} has no domain events")
