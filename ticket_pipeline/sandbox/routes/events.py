"""Events V3.

Wix's documentation: REST, business solutions, events, events V3.
"""

from collections.abc import Collection

from ticket_pipeline.sandbox.entities import Document, Event
from ticket_pipeline.sandbox.event_documents import event_document
from ticket_pipeline.sandbox.event_query import find_events
from ticket_pipeline.sandbox.operation import Call, Operation
from ticket_pipeline.sandbox.organiser import find_event
from ticket_pipeline.sandbox.paging import bounded, part_of
from ticket_pipeline.sandbox.refusals import plain, refused
from ticket_pipeline.sandbox.routes.masks import read_mask
from ticket_pipeline.sandbox.validation import require_guid

MOST_PER_PAGE = 1000
MASK = (
    "DETAILS", "TEXTS", "REGISTRATION", "URLS", "FORM", "DASHBOARD", "FEED", "ONLINE_CONFERENCING_SESSION",
    "SEO_SETTINGS", "AGENDA", "CATEGORIES",
)  # fmt: skip


def query(call: Call) -> Document:
    """Answer a page of the events that match; without a limit there is nothing on it."""
    written = part_of(call.body, "query") or {}
    fields = read_mask(call.body.get("fields"), MASK, most=20)
    paging = part_of(written, "paging") or {}
    limit = bounded("query.paging.limit", paging.get("limit"), MOST_PER_PAGE)
    offset = bounded("query.paging.offset", paging.get("offset"))
    drafts = call.body.get("includeDrafts") is True
    if drafts:
        _check_drafts(call)
    world = call.desk.world
    events = [event for event in world.events.values() if drafts or event.stage != "draft"]
    most_in = call.desk.faults.faults.most_in
    found = find_events(events, written.get("filter"), written.get("sort"), world.now, most_in=most_in)
    call.desk.faults.check_page(offset, limit)
    page = [_shown(call, event, fields) for event in found[offset : offset + limit]]
    return {
        "events": page,
        "pagingMetadata": {
            "count": len(page),
            "offset": offset,
            "total": len(found),
            "tooManyToCount": False,
        },
    }


def get(call: Call) -> Document:
    """Answer one event by its id."""
    event = find_event(call.desk.world, require_guid(call.path["id"], "eventId"))
    return _answer(call, event)


def get_by_slug(call: Call) -> Document:
    """Answer one event by its slug."""
    for event in call.desk.world.events.values():
        if event.slug == call.path["slug"]:
            return _answer(call, event)
    raise refused(404, "EVENT_NOT_FOUND", f"Event {call.path['slug']} not found")


def _answer(call: Call, event: Event) -> Document:
    fields = read_mask(call.params.getlist("fields"), MASK, most=20)
    if event.stage == "draft":
        _check_drafts(call)
    return {"event": _shown(call, event, fields)}


def _shown(call: Call, event: Event, fields: Collection[str]) -> Document:
    world = call.desk.world
    definitions = world.definitions.of_event(event.id) if "REGISTRATION" in fields else []
    orders = world.orders.of_event(event.id) if "DASHBOARD" in fields else []
    return event_document(event, world.now, fields, definitions, orders)


def _check_drafts(call: Call) -> None:
    if not call.caller.reads_drafts:
        raise plain(403, "Drafts need the permission WIX_EVENTS.READ_DRAFT_EVENTS")


OPERATIONS = (
    Operation(method="POST", path="/events/v3/events/query", handler=query),
    Operation(method="GET", path="/events/v3/events/slug/{slug}", handler=get_by_slug),
    Operation(method="GET", path="/events/v3/events/{id}", handler=get),
)
