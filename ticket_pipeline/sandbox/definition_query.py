"""Which ticket definitions a query means: filter, sort, and the state that it sees."""

import json
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ticket_pipeline.sandbox.changes import Change
from ticket_pipeline.sandbox.entities import Definition
from ticket_pipeline.sandbox.filters import (
    EQUALITY,
    Field,
    Fields,
    amount,
    compile_filter,
    flag,
    guid_text,
    instant,
    one_of,
    parse_sort,
    sort_items,
    text,
    whole,
)
from ticket_pipeline.sandbox.shelf import Shelf
from ticket_pipeline.sandbox.world import World

KEPT_RESULTS = 32


def definition_fields(now: datetime) -> Fields:
    """Declare what Query Ticket Definitions can filter and sort by."""
    statuses = one_of("SALE_SCHEDULED", "SALE_STARTED", "SALE_ENDED")
    fees = one_of("FEE_INCLUDED", "FEE_ADDED_AT_CHECKOUT", "NO_FEE")
    types = one_of("STANDARD", "DONATION")
    return {
        "id": Field(read=lambda d: d.id, parse=guid_text),
        "eventId": Field(read=lambda d: d.event_id, parse=guid_text),
        "revision": Field(read=lambda d: d.revision, parse=whole),
        "createdDate": Field(read=lambda d: d.created, parse=instant),
        "updatedDate": Field(read=lambda d: d.updated, parse=instant),
        "name": Field(read=lambda d: d.document["name"], parse=text),
        "description": Field(read=lambda d: d.document.get("description"), parse=text),
        "initialLimit": Field(read=lambda d: d.document["initialLimit"], parse=whole),
        "pricingMethod.fixedPrice.value": Field(read=_fixed_amount, parse=amount),
        "pricingMethod.fixedPrice.currency": Field(read=_fixed_currency, parse=text),
        "hidden": Field(read=lambda d: d.document["hidden"], parse=flag, operators=EQUALITY),
        "feeType": Field(read=lambda d: d.document.get("feeType"), parse=fees, operators=EQUALITY),
        "saleStatus": Field(read=lambda d: d.sale_status(now), parse=statuses, operators=EQUALITY),
        "pricingMethod.free": Field(read=lambda d: d.document["pricingMethod"]["free"], parse=flag, operators=EQUALITY),
        "pricingMethod.pricingType": Field(
            read=lambda d: d.document["pricingMethod"]["pricingType"], parse=types, operators=EQUALITY
        ),
    }


class DefinitionQueries:
    """Answers to queries over the world, kept while it stands still; a sale that starts or ends moves it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._kept: OrderedDict[tuple[str, int, bool], list[str]] = OrderedDict()

    def ids(self, written: Any, sort: Any, *, drafts: bool, most_in: int | None, seen: Shelf[Definition]) -> list[str]:
        """List the ids that match, in order; definitions of draft events only if `drafts`.

        Raises:
            Refusal: 400.
        """
        current = seen is self._world.definitions
        key = (json.dumps([written, sort, most_in], sort_keys=True), self._world.version, drafts)
        if current and key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        found = [d.id for d in self._find(written, sort, drafts, most_in, seen)]
        if current:
            self._kept[key] = found
            if len(self._kept) > KEPT_RESULTS:
                self._kept.popitem(last=False)
        return found

    def _find(
        self, written: Any, sort: Any, drafts: bool, most_in: int | None, seen: Shelf[Definition]
    ) -> Iterable[Definition]:
        fields = definition_fields(self._world.now)
        test = compile_filter(written, fields, most_in=most_in)
        parse_sort(sort, fields)
        found = _candidates(written, seen)
        if not drafts:
            hidden = {event.id for event in self._world.events.values() if event.stage == "draft"}
            found = [d for d in found if d.event_id not in hidden] if hidden else found
        if test is not None:
            found = list(filter(test, found))
        return sort_items(found, sort, fields) if sort else found


def stale_shelf(world: World, *, seconds: float, changes: int) -> Shelf[Definition]:
    """Give the ticket definitions as they were so many seconds or changes ago, whichever is longer ago."""
    if not seconds and not changes:
        return world.definitions
    journal = [change for change in world.journal if change.before is not change.after]
    journal = [c for c in journal if isinstance(c.after or c.before, Definition)]
    cutoff = world.now - timedelta(seconds=seconds)
    young = (position for position, change in enumerate(journal) if change.at > cutoff)
    first = min(next(young, len(journal)) if seconds else len(journal), max(0, len(journal) - changes))
    shelf = Shelf(world.definitions.items())
    for change in reversed(journal[first:]):
        _undo(shelf, change)
    return shelf


def events_named(written: Any) -> list[str]:
    """List the events that a filter names at its top level; empty if it names none."""
    condition = written.get("eventId") if isinstance(written, dict) else None
    if isinstance(condition, dict):
        condition = condition.get("$in") or condition.get("$eq")
    named = condition if isinstance(condition, list) else [condition]
    return list(dict.fromkeys(name.lower() for name in named if isinstance(name, str)))


def _candidates(written: Any, seen: Shelf[Definition]) -> list[Definition]:
    named = events_named(written)
    if not named:
        return seen.ordered()
    found = [definition for event_id in named for definition in seen.of_event(event_id)]
    found.sort(key=lambda definition: (definition.created, definition.id))
    return found


def _undo(shelf: Shelf[Definition], change: Change) -> None:
    if isinstance(change.before, Definition):
        shelf.put(change.before.id, change.before)
    elif isinstance(change.after, Definition):
        shelf.remove(change.after.id)


def _fixed_amount(definition: Definition) -> Decimal | None:
    price = definition.document["pricingMethod"].get("fixedPrice")
    return Decimal(price["value"]) if price else None


def _fixed_currency(definition: Definition) -> str | None:
    price = definition.document["pricingMethod"].get("fixedPrice")
    return price["currency"] if price else None
