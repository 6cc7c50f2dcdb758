"""Ticket Definitions V3.

Wix's documentation: REST, business solutions, events, ticket definitions V3.
"""

from collections import Counter
from collections.abc import Collection
from typing import Any

from ticket_pipeline.sandbox import organiser
from ticket_pipeline.sandbox.definition_query import definition_fields, events_named, stale_shelf
from ticket_pipeline.sandbox.documents import definition_document
from ticket_pipeline.sandbox.entities import Definition, Document
from ticket_pipeline.sandbox.operation import Call, Handler, Operation
from ticket_pipeline.sandbox.paging import by_cursor, by_offset, part_of, read_paging
from ticket_pipeline.sandbox.refusals import Violation, bad_filter, invalid, plain, refused
from ticket_pipeline.sandbox.routes.masks import read_mask
from ticket_pipeline.sandbox.validation import require_guid

MASK = ("SALES_DETAILS", "EVENT_DETAILS", "SEATING_DETAILS")
MOST_FACETS = 20


def query(call: Call) -> Document:
    """Answer a page of the definitions that match.

    The mask counts beside `query` only; inside it, as one old sample has it, it is passed over. A cursor wins
    over a filter sent with it. A filter that names a draft's event is refused to who may not read drafts; other
    queries leave drafts out for them.
    """
    desk, written = call.desk, part_of(call.body, "query") or {}
    fields = read_mask(call.body.get("fields"), MASK, most=5)
    request = read_paging(written)
    faults = desk.faults.faults
    seen = stale_shelf(desk.world, seconds=faults.stale_seconds, changes=faults.stale_changes)
    ids = [] if request.cursor else _matching(call, written.get("filter"), written.get("sort"))
    if request.cursor is None:
        page = by_offset(ids, request)
    else:
        page = by_cursor(desk.cursors, ids, request, loop=faults.cursor_loop)
    desk.faults.check_page(page.start, request.limit)
    found = [definition for key in page.ids if (definition := seen.get(key)) is not None]
    return {"ticketDefinitions": [_shown(call, d, fields) for d in found], "metadata": page.metadata}


def count(call: Call) -> Document:
    """Count the definitions that match, by facet if asked."""
    facets = call.body.get("facet") or []
    if not isinstance(facets, list) or len(facets) > MOST_FACETS:
        raise bad_filter(f"facet must be an array of at most {MOST_FACETS}")
    known = definition_fields(call.desk.world.now)
    unknown = [name for name in facets if not isinstance(name, str) or name not in known]
    if unknown:
        raise bad_filter(f"Counting by {unknown[0]} is not supported")
    ids = _matching(call, call.body.get("filter"), None)
    found = [definition for key in ids if (definition := call.desk.world.definitions.get(key)) is not None]
    counts = {name: Counter(_facet(known[name].read(d)) for d in found) for name in facets}
    return {
        "metadata": {"count": len(found), "total": len(found), "tooManyToCount": False},
        "facets": {name: {"counts": dict(counted)} for name, counted in counts.items()},
    }


def get(call: Call) -> Document:
    """Answer one definition."""
    fields = read_mask(call.params.getlist("fields"), MASK, most=5)
    return _answer(call, _permitted(call, call.path["id"]), fields)


def create(call: Call) -> Document:
    """Create a definition."""
    fields = read_mask(call.body.get("fields"), MASK, most=5)
    given = call.body.get("ticketDefinition")
    if isinstance(given, dict):
        _check_draft(call, str(given.get("eventId")).lower())
    return _answer(call, organiser.create(call.desk.world, given), fields)


def update(call: Call) -> Document:
    """Change a definition."""
    fields = read_mask(call.body.get("fields"), MASK, most=5)
    definition = _permitted(call, call.path["id"])
    changed = organiser.update(call.desk.world, definition.id, call.body.get("ticketDefinition"))
    return _answer(call, changed, fields)


def delete(call: Call) -> Document:
    """Delete a definition."""
    organiser.delete(call.desk.world, [_permitted(call, call.path["id"])])
    return {}


def delete_by_filter(call: Call) -> Document:
    """Delete all definitions that match; without any filter at all nothing is meant."""
    if "filter" not in call.body or call.body["filter"] is None:
        raise invalid([Violation(field="filter", description="value is required", rule="REQUIRED_FIELD")])
    definitions = call.desk.world.definitions
    matching = _matching(call, call.body["filter"], None)
    organiser.delete(call.desk.world, [d for key in matching if (d := definitions.get(key)) is not None])
    return {}


def change_currency(call: Call) -> Document:
    """Relabel an event's prices."""
    event_id = require_guid(call.body.get("eventId"), "eventId")
    _check_draft(call, event_id)
    organiser.change_currency(call.desk.world, event_id, call.body.get("currency"))
    return {}


def reorder(call: Call) -> Document:
    """Move a definition before or after another."""
    event_id = require_guid(call.body.get("eventId"), "eventId")
    moved = require_guid(call.body.get("ticketDefinitionId"), "ticketDefinitionId")
    given = [name for name in ("beforeDefinitionId", "afterDefinitionId") if call.body.get(name)]
    if len(given) != 1:
        raise refused(428, "INVALID_REORDER_INSTRUCTION", "Name one definition to move before or after")
    _check_draft(call, event_id)
    reference = require_guid(call.body[given[0]], given[0])
    organiser.reorder(call.desk.world, event_id, moved, reference, after=given[0] == "afterDefinitionId")
    return {}


def _matching(call: Call, written: Any, sort: Any) -> list[str]:
    for event_id in events_named(written):
        _check_draft(call, event_id)
    faults, world = call.desk.faults.faults, call.desk.world
    seen = stale_shelf(world, seconds=faults.stale_seconds, changes=faults.stale_changes)
    drafts = call.caller.reads_drafts
    return call.desk.queries.ids(written, sort, drafts=drafts, most_in=faults.most_in, seen=seen)


def _permitted(call: Call, given: str) -> Definition:
    definition = organiser.find_definition(call.desk.world, require_guid(given, "ticketDefinitionId"))
    _check_draft(call, definition.event_id)
    return definition


def _check_draft(call: Call, event_id: str) -> None:
    event = call.desk.world.events.get(event_id)
    if event is not None and event.stage == "draft" and not call.caller.reads_drafts:
        raise plain(403, "Drafts need the permission WIX_EVENTS.READ_DRAFT_EVENTS")


def _answer(call: Call, definition: Definition, fields: Collection[str]) -> Document:
    return {"ticketDefinition": _shown(call, definition, fields)}


def _shown(call: Call, definition: Definition, fields: Collection[str]) -> Document:
    world = call.desk.world
    return definition_document(definition, world.events.get(definition.event_id), world.now, fields)


def _facet(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _operation(method: str, path: str, handler: Handler) -> Operation:
    alias = f"/events-ticket-definitions{path}"
    return Operation(method=method, path=f"/events{path}", handler=handler, aliases=(alias,))


OPERATIONS = (
    _operation("POST", "/v3/ticket-definitions/query", query),
    _operation("POST", "/v3/ticket-definitions/count", count),
    _operation("POST", "/v3/ticket-definitions/currency", change_currency),
    _operation("POST", "/v3/ticket-definitions/reorder", reorder),
    _operation("POST", "/v3/bulk/ticket-definitions/delete", delete_by_filter),
    _operation("POST", "/v3/ticket-definitions", create),
    _operation("GET", "/v3/ticket-definitions/{id}", get),
    _operation("PATCH", "/v3/ticket-definitions/{id}", update),
    _operation("DELETE", "/v3/ticket-definitions/{id}", delete),
)
