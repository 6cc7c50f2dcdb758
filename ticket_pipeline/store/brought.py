"""Brought: how long webhooks took from landing to the destination, each counted once, by whichever run brought it."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, or_, select

from ticket_pipeline.store import backlog, checkpoints, figures, inbox
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.schema import inbox as table
from ticket_pipeline.store.schema import links

#: The histogram's name.
TO_DESTINATION = "webhook_to_destination"

_T = table.c
_MARK = "brought"
#: The topics that bear on a record; orders, reservations and guests move numbers only.
_CONCERNS = or_(
    _T.topic.startswith("wix.events.v3.ticket_definition_", autoescape=True),
    _T.topic.startswith("wix.events.v3.event_", autoescape=True),
    _T.topic.startswith("wix.events.ticketing.events.TicketDefinition", autoescape=True),
)


def brought(
    tx: Transaction, site: str, destination: str, *, settled_at: datetime, refused: Collection[str], at: datetime
) -> None:
    """Note that all that was settled by `settled_at` is at the destination `at` this instant, save what it refused.

    What is counted is what was settled since the last such note, so what an outage held up is counted when it comes
    through. What landed before the destination held anything is not: a load brought it.
    """
    figures.locked(tx, site, TO_DESTINATION, at=at)  # two runs that end together count one after the other
    mark = checkpoints.get(tx, site, _MARK)
    if mark and mark["destination"] == destination:
        before = datetime.fromisoformat(mark["at"])
        new = and_(_T.seq >= mark["seq"], _T.processed_at > before)
        settled_at = max(settled_at, before)  # a run that began earlier may end later, and brings nothing back
    else:
        new = _T.landed_at > _first_written(site, destination)
    landings = _landings(tx, site, new, set(refused))
    figures.observe(tx, site, TO_DESTINATION, [(at - each).total_seconds() for each in landings], at=at)
    newer = {"destination": destination, "seq": _oldest(tx, site), "at": settled_at.isoformat()}
    checkpoints.put(tx, site, _MARK, newer, at=at)


def _landings(tx: Transaction, site: str, new: ColumnElement[bool], refused: set[str]) -> list[datetime]:
    query = select(_T.entity_id, _T.landed_at).where(_T.site == site, _T.state == inbox.State.DONE, _CONCERNS, new)
    return [landed_at for entity_id, landed_at in tx.execute(query) if entity_id not in refused]


def _first_written(site: str, destination: str) -> ScalarSelect[datetime]:
    here = (links.c.site == site, links.c.destination == destination)
    return select(func.min(links.c.written_at)).where(*here).scalar_subquery()


def _oldest(tx: Transaction, site: str) -> int:
    """Give the number from which on something may still be settled."""
    return tx.scalar(backlog.waiting(site, func.min(_T.seq))) or inbox.last_seq(tx, site) + 1
