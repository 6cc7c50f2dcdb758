"""Stock that is held for somebody, and what becomes of it. Pure: values in, changes out."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from ticket_pipeline.sandbox.changes import Change, ChangeKind
from ticket_pipeline.sandbox.entities import Definition, Line, Reservation
from ticket_pipeline.sandbox.shelf import Shelf


def stock(
    definitions: Shelf[Definition],
    lines: Iterable[Line],
    at: datetime,
    *,
    sold: int = 0,
    reserved: int = 0,
) -> list[Change]:
    """Move the counts of the definitions in these lines, by so many per ticket."""
    quantities: Counter[str] = Counter()
    for line in lines:
        quantities[line.definition_id] += line.quantity
    changes = []
    for definition_id, quantity in quantities.items():
        before = definitions.get(definition_id)
        if before is None:
            continue
        after = replace(before, sold=before.sold + sold * quantity, reserved=before.reserved + reserved * quantity)
        changes.append(Change(kind=ChangeKind.STOCK_CHANGED, before=before, after=after, at=at))
    return changes


def turned(reservation: Reservation, status: str, at: datetime) -> Change:
    """Give a reservation another status."""
    after = replace(reservation, status=status, revision=reservation.revision + 1, updated=at)
    return Change(kind=ChangeKind.RESERVATION_UPDATED, before=reservation, after=after, at=at)


def expiry(definitions: Shelf[Definition], reservation: Reservation, at: datetime) -> list[Change]:
    """Let a hold run out and give its tickets back."""
    freed = stock(definitions, reservation.lines, at, reserved=-1)
    return [*freed, turned(reservation, "EXPIRED", at)]
