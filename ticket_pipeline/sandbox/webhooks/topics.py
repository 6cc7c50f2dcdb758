"""Which webhook tells of which change. What is not named here Wix keeps to itself: no webhook tells of stock.

Wix's documentation: REST, business solutions, events: the webhooks of each resource.
"""

from ticket_pipeline.sandbox.changes import ChangeKind

_DEFINITION = "wix.events.v3.ticket_definition_"
_EVENT = "wix.events.v3.event_"
_RESERVATION = "wix.events.v1.ticket_reservation_"
_ORDER = "wix.events.ticketing.events.Order"

#: Wix's `eventType` for each change.
TOPICS: dict[ChangeKind, str] = {
    ChangeKind.DEFINITION_CREATED: f"{_DEFINITION}created",
    ChangeKind.DEFINITION_UPDATED: f"{_DEFINITION}updated",
    ChangeKind.DEFINITION_DELETED: f"{_DEFINITION}deleted",
    ChangeKind.SALE_STARTED: f"{_DEFINITION}sale_started",
    ChangeKind.SALE_ENDED: f"{_DEFINITION}sale_ended",
    ChangeKind.SALE_PERIOD_UPDATED: f"{_DEFINITION}sale_period_updated",
    ChangeKind.EVENT_CREATED: f"{_EVENT}created",
    ChangeKind.EVENT_UPDATED: f"{_EVENT}updated",
    ChangeKind.EVENT_DELETED: f"{_EVENT}deleted",
    ChangeKind.EVENT_CANCELED: f"{_EVENT}canceled",
    ChangeKind.EVENT_STARTED: f"{_EVENT}started",
    ChangeKind.EVENT_ENDED: f"{_EVENT}ended",
    ChangeKind.EVENT_PUBLISHED: f"{_EVENT}published",
    ChangeKind.RESERVATION_CREATED: f"{_RESERVATION}created",
    ChangeKind.RESERVATION_UPDATED: f"{_RESERVATION}updated",
    ChangeKind.RESERVATION_DELETED: f"{_RESERVATION}deleted",
    ChangeKind.ORDER_INITIATED: f"{_ORDER}Initiated",
    ChangeKind.ORDER_CONFIRMED: f"{_ORDER}Confirmed",
    ChangeKind.ORDER_UPDATED: f"{_ORDER}Updated",
    ChangeKind.ORDER_DELETED: f"{_ORDER}Deleted",
}

#: `slug` and `entityFqdn` of domain events. One of Wix's own samples spells a deleted definition's otherwise.
FQDNS = {
    _DEFINITION: "wix.events.v3.ticket_definition",
    _EVENT: "wix.events.v3.event",
    _RESERVATION: "wix.events.v1.ticket_reservation",
}
OTHER_SPELLING = {f"{_DEFINITION}deleted": "wix.events.ticketdef.v3.ticket_definition"}


def slug_and_fqdn(topic: str) -> tuple[str, str]:
    """Give the slug and the entity type that a domain event names."""
    prefix, fqdn = next((prefix, fqdn) for prefix, fqdn in FQDNS.items() if topic.startswith(prefix))
    return topic.removeprefix(prefix), OTHER_SPELLING.get(topic, fqdn)
