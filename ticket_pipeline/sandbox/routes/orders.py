"""Orders V1.

Wix's documentation: REST, business solutions, events, orders.
"""

from collections.abc import Callable

from ticket_pipeline.sandbox.box_office import find_order
from ticket_pipeline.sandbox.entities import Document, Order
from ticket_pipeline.sandbox.operation import Call, Operation
from ticket_pipeline.sandbox.order_documents import order_document
from ticket_pipeline.sandbox.paging import bounded
from ticket_pipeline.sandbox.refusals import bad_filter, invalid, refused, wrong_format
from ticket_pipeline.sandbox.routes.masks import read_mask
from ticket_pipeline.sandbox.validation import require_guid

FIELDSETS = ("TICKETS", "DETAILS", "FORM", "INVOICE")
STATUSES = (
    "NA_ORDER_STATUS", "FREE", "PENDING", "PAID", "OFFLINE_PENDING", "INITIATED", "CANCELED", "DECLINED",
    "AUTHORIZED", "VOIDED", "PARTIALLY_PAID",
)  # fmt: skip
MOST_PER_PAGE = 400
MOST_EVENTS = 100

TAGS: dict[str, Callable[[Order], bool]] = {
    "CONFIRMED": lambda order: order.confirmed,
    "UNCONFIRMED": lambda order: not order.confirmed,
    "MEMBER": lambda order: order.buyer.member_id is not None,
    "ARCHIVED": lambda order: order.archived,
    "NON_ARCHIVED": lambda order: not order.archived,
    "FULLY_CHECKED_IN": lambda _: False,
    "NOT_FULLY_CHECKED_IN": lambda _: True,
}
SORTS: dict[str, Callable[[Order], object]] = {
    "created": lambda order: (order.created, order.number),
    "name": lambda order: f"{order.buyer.first_name} {order.buyer.last_name}",
    "orderNumber": lambda order: order.number,
}


def list_orders(call: Call) -> Document:
    """Answer a page of orders; without a limit there is nothing on it."""
    params = call.params
    fields = read_mask(params.getlist("fieldset"), FIELDSETS, most=10, field="fieldset")
    limit = _number(call, "limit", MOST_PER_PAGE)
    offset = _number(call, "offset")
    found = _sorted(_matching(call), params.get("sort") or "created:asc")
    call.desk.faults.check_page(offset, limit)
    return {
        "total": len(found),
        "offset": offset,
        "limit": limit,
        "orders": [order_document(order, fields) for order in found[offset : offset + limit]],
        "facets": {},
    }


def get(call: Call) -> Document:
    """Answer one order."""
    fields = read_mask(call.params.getlist("fieldset"), FIELDSETS, most=10, field="fieldset")
    order = find_order(call.desk.world, call.path["number"])
    if order.event_id != require_guid(call.path["event_id"], "eventId"):
        raise refused(404, "ORDER_NOT_FOUND", f"Order {order.number} not found")
    return {"order": order_document(order, fields)}


def _matching(call: Call) -> list[Order]:
    params, orders = call.params, call.desk.world.orders
    events = [require_guid(event_id, "eventId") for event_id in params.getlist("eventId")]
    if len(events) > MOST_EVENTS:
        raise invalid([wrong_format("eventId", f"has size {len(events)}, expected {MOST_EVENTS} or less")])
    found = [order for event_id in dict.fromkeys(events) for order in orders.of_event(event_id)]
    statuses = read_mask(params.getlist("status"), STATUSES, most=20, field="status")
    tags = read_mask(params.getlist("tag"), tuple(TAGS), most=10, field="tag")
    numbers = set(params.getlist("orderNumber"))
    return [
        order
        for order in (found if events else orders.ordered())
        if (not statuses or order.status in statuses)
        and all(TAGS[tag](order) for tag in tags)
        and (not numbers or order.number in numbers)
    ]


def _sorted(orders: list[Order], written: str) -> list[Order]:
    name, _, direction = written.partition(":")
    if name not in SORTS or direction not in ("", "asc", "desc"):
        raise bad_filter(f"Sorting by {written} is not supported")
    return sorted(orders, key=SORTS[name], reverse=direction == "desc")  # type: ignore[arg-type]


def _number(call: Call, name: str, most: int | None = None) -> int:
    text = call.params.get(name)
    return bounded(name, int(text) if text is not None and text.lstrip("-").isdigit() else text, most)


OPERATIONS = (
    Operation(method="GET", path="/events/v1/orders", handler=list_orders),
    Operation(method="GET", path="/events/v1/events/{event_id}/orders/{number}", handler=get),
)
