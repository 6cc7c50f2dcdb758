"""What an organiser does to ticket definitions: create, update, delete, reorder, relabel the currency."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ticket_pipeline.sandbox.changes import Change, ChangeKind
from ticket_pipeline.sandbox.entities import Definition, Document, Event
from ticket_pipeline.sandbox.instants import from_wire, to_wire
from ticket_pipeline.sandbox.refusals import invalid, refused, required, wrong_format
from ticket_pipeline.sandbox.validation import CURRENCY, require_guid, writable_fields
from ticket_pipeline.sandbox.world import World

DEFINITIONS_PER_EVENT = 100


def find_event(world: World, event_id: str) -> Event:
    """Find an event.

    Raises:
        Refusal: 404.
    """
    event = world.events.get(event_id)
    if event is None:
        raise refused(404, "EVENT_NOT_FOUND", f"Event {event_id} not found")
    return event


def find_definition(world: World, definition_id: str) -> Definition:
    """Find a ticket definition.

    Raises:
        Refusal: 404.
    """
    definition = world.definitions.get(definition_id)
    if definition is None:
        message = f"Ticket definition {definition_id} not found"
        raise refused(404, "TICKET_DEFINITION_NOT_FOUND", message)
    return definition


def create(world: World, given: Any) -> Definition:
    """Create a ticket definition from the JSON a caller sent.

    Raises:
        Refusal: 400, 404, or 428 with Wix's code.
    """
    event_id = given.get("eventId") if isinstance(given, dict) else None
    taken = writable_fields(given, creating=True)
    with world.lock:
        event = find_event(world, require_guid(event_id, "ticketDefinition.eventId"))
        siblings = world.definitions.of_event(event.id)
        if event.registration != "TICKETING":
            raise refused(428, "INVALID_EVENT_TYPE", "The event does not sell tickets")
        if len(siblings) >= DEFINITIONS_PER_EVENT:
            message = f"An event has at most {DEFINITIONS_PER_EVENT} ticket definitions"
            raise refused(428, "TICKET_DEFINITIONS_LIMIT_REACHED", message)
        now = world.now
        blank = Definition(
            id=world.new_id("definition"),
            event_id=event.id,
            revision=1,
            created=now,
            updated=now,
            document={},
            rank=max((sibling.rank for sibling in siblings), default=-1) + 1,
        )
        made = compose(blank, _with_option_ids(world, taken))
        world.apply(Change(kind=ChangeKind.DEFINITION_CREATED, before=None, after=made, at=now))
        return made


def update(world: World, definition_id: str, given: Any) -> Definition:
    """Change what the caller sent and leave the rest; the revision must be the current one.

    Raises:
        Refusal: 400, 404, 409 for another revision, 428.
    """
    revision = given.get("revision") if isinstance(given, dict) else None
    if revision is None:
        raise invalid([required("ticketDefinition.revision")])
    if not str(revision).lstrip("-").isdigit():
        raise invalid([wrong_format("ticketDefinition.revision", "must be a valid int64")])
    taken = writable_fields(given, creating=False)
    with world.lock:
        before = find_definition(world, definition_id)
        if int(revision) != before.revision:
            message = f"Entity has already changed: revision {revision} is not {before.revision}"
            raise refused(409, "INVALID_REVISION", message)
        return revise(world, before, taken)


def edit(world: World, definition_id: str, given: Any) -> Definition:
    """Change a definition as the organiser does in the dashboard, whatever its revision."""
    with world.lock:
        return revise(world, find_definition(world, definition_id), writable_fields(given, creating=False))


def revise(world: World, before: Definition, taken: Document) -> Definition:
    """Bring in checked fields; the revision rises by one."""
    now = world.now
    bumped = replace(before, revision=before.revision + 1, updated=now)
    after = compose(bumped, _with_option_ids(world, taken))
    kinds = [ChangeKind.DEFINITION_UPDATED]
    if (before.sale_start, before.sale_end) != (after.sale_start, after.sale_end):
        kinds.append(ChangeKind.SALE_PERIOD_UPDATED)
    statuses = (before.sale_status(now), after.sale_status(now))
    if statuses == ("SALE_SCHEDULED", "SALE_STARTED"):
        kinds.append(ChangeKind.SALE_STARTED)
    if statuses == ("SALE_STARTED", "SALE_ENDED"):
        kinds.append(ChangeKind.SALE_ENDED)
    world.apply(*(Change(kind=kind, before=before, after=after, at=now) for kind in kinds))
    return after


def delete(world: World, definitions: Sequence[Definition]) -> None:
    """Delete ticket definitions."""
    now, kind = world.now, ChangeKind.DEFINITION_DELETED
    world.apply(*(Change(kind=kind, before=definition, after=None, at=now) for definition in definitions))


def change_currency(world: World, event_id: str, currency: Any) -> None:
    """Relabel all prices of an event; amounts stay.

    Raises:
        Refusal: 400, 404, or 428 once tickets were sold.
    """
    if not isinstance(currency, str) or not CURRENCY.fullmatch(currency):
        raise invalid([wrong_format("currency", "must be a valid ISO 4217 currency code")])
    with world.lock:
        event = find_event(world, event_id)
        definitions = world.definitions.of_event(event_id)
        if any(definition.sold for definition in definitions):
            raise refused(428, "CURRENCY_LOCKED", "Tickets were sold in the current currency")
        now = world.now
        relabelled = replace(event, currency=currency, updated=now)
        world.apply(Change(kind=ChangeKind.EVENT_UPDATED, before=event, after=relabelled, at=now))
        for definition in definitions:
            method = _relabelled(definition.document["pricingMethod"], currency)
            revise(world, definition, {"pricingMethod": method})


def reorder(world: World, event_id: str, definition_id: str, reference_id: str, *, after: bool) -> None:
    """Move a ticket definition before or after another one of its event.

    Raises:
        Refusal: 428, they are not two definitions of this event.
    """
    with world.lock:
        ranked = sorted(world.definitions.of_event(event_id), key=lambda definition: definition.rank)
        ids = [definition.id for definition in ranked]
        if definition_id == reference_id or definition_id not in ids or reference_id not in ids:
            raise refused(428, "INVALID_REORDER_INSTRUCTION", "Name two ticket definitions of the event")
        ids.remove(definition_id)
        ids.insert(ids.index(reference_id) + after, definition_id)
        now, kind = world.now, ChangeKind.DEFINITION_REORDERED
        moved = [(d, replace(d, rank=ids.index(d.id))) for d in ranked if d.rank != ids.index(d.id)]
        world.apply(*(Change(kind=kind, before=old, after=new, at=now) for old, new in moved))


def compose(definition: Definition, taken: Document) -> Definition:
    """Bring written fields into a definition and derive what follows from them."""
    old = definition.document
    limit = taken.get("initialLimit", old.get("initialLimit"))
    actual = sum(place["availableCapacity"] for place in definition.places) if definition.places else limit
    period = taken.get("salePeriod", old.get("salePeriod"))
    document: Document = {
        "id": definition.id,
        "eventId": definition.event_id,
        "revision": str(definition.revision),
        "createdDate": to_wire(definition.created),
        "updatedDate": to_wire(definition.updated),
        "hidden": False,
        **{name: old[name] for name in KEPT if name in old},
        **{name: value for name, value in taken.items() if name in KEPT},
        "limited": actual is not None,
        "initialLimit": limit,
        "actualLimit": actual,
        "pricingMethod": priced(taken.get("pricingMethod") or old.get("pricingMethod") or {}),
    }
    if period is not None:
        document["salePeriod"] = period
    dates = [period and period.get(name) for name in ("startDate", "endDate")]
    start, end = (from_wire(date) if date else None for date in dates)
    return replace(definition, document=document, limit=actual, sale_start=start, sale_end=end)


KEPT = ("name", "description", "policyText", "hidden", "feeType", "extendedFields")


def priced(method: Document) -> Document:
    """Derive the read-only parts of a pricing method."""
    if "guestPrice" in method:
        return {"guestPrice": method["guestPrice"], "pricingType": "DONATION", "free": False}
    if "fixedPrice" in method:
        free = Decimal(method["fixedPrice"]["value"]) == 0
        return {"fixedPrice": method["fixedPrice"], "pricingType": "STANDARD", "free": free}
    if "pricingOptions" in method:
        return {"pricingOptions": method["pricingOptions"], "pricingType": "STANDARD", "free": False}
    return {"pricingType": "STANDARD", "free": False}


def _with_option_ids(world: World, taken: Document) -> Document:
    for option in taken.get("pricingMethod", {}).get("pricingOptions", {}).get("optionDetails", ()):
        option["optionId"] = option["optionId"] or world.new_id("option")
    return taken


def _relabelled(method: Document, currency: str) -> Document:
    if "pricingOptions" in method:
        options = method["pricingOptions"]["optionDetails"]
        details = [{**o, "price": {**o["price"], "currency": currency}} for o in options]
        return {"pricingOptions": {"optionDetails": details}}
    return {name: {**method[name], "currency": currency} for name in ("fixedPrice", "guestPrice") if name in method}
