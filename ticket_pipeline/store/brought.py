"""Brought: how long webhooks took from landing to the destination, each counted once, by whichever run brought it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, or_, select

from ticket_pipeline.store import checkpoints, figures
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.inbox import State
from ticket_pipeline.store.schema import inbox, links

#: The histogram's name.
TO_DESTINATION = "webhook_to_destination"

_T = inbox.c
_MARK = "brought"
#: The topics that bear on a record; orders, reservations and guests move numbers only.
_CONCERNS = or_(
    _T.topic.startswith("wix.events.v3.ticket_definition_", autoescape=True),
    _T.topic.startswith("wix.events.v3.event_", autoescape=True),
    _T.topic.startswith("wix.events.ticketing.events.TicketDefinition", autoescape=True),
)


@dataclass(frozen=True, kw_only=True)
class _Mark:
    """Up to where webhooks are counted, or passed by because they do not count."""

    #: What landed before it was brought by a load.
    since: datetime
    #: The oldest number that may still have to be counted.
    seq: int
    #: Those beyond it that have been, by runs beside the one that is still at the oldest.
    passed: frozenset[int]


def brought(
    tx: Transaction, site: str, destination: str, *, settled_at: datetime, refused: Collection[str], at: datetime
) -> None:
    """Note that all that was settled by `settled_at` is at the destination `at` this instant, save what it refused.

    What is counted is what was settled and not yet counted, so what an outage held up is counted when it comes
    through. What runs that began later have settled is theirs. What landed before the destination held anything is
    not counted: a load brought it.
    """
    figures.locked(tx, site, TO_DESTINATION, at=at)  # two runs that end together count one after the other
    mark = _mark(tx, site, destination, settled_at)
    # In one look, or what is settled or lands between two of them would be passed by unseen.
    open_ = [each for each in _landed(tx, site, mark) if each.seq not in mark.passed]
    here = [each for each in open_ if each.state == State.DONE and each.processed_at <= settled_at]
    counts = [each.landed_at for each in here if each.concerns and each.entity_id not in refused]
    figures.observe(tx, site, TO_DESTINATION, [(at - each).total_seconds() for each in counts], at=at)
    _put(tx, site, destination, _moved(mark, open_, {each.seq for each in here}), at=at)


def _moved(mark: _Mark, open_: Sequence[Row[Any]], here: set[int]) -> _Mark:
    """Move a mark over what is dealt with: what is here, and what nothing will be done with any more."""
    left = [each.seq for each in open_ if each.state in (State.LANDED, State.DONE) and each.seq not in here]
    newest = max([mark.seq - 1, *mark.passed, *(each.seq for each in open_)])
    seq = min(left, default=newest + 1)
    return _Mark(since=mark.since, seq=seq, passed=frozenset(each for each in mark.passed | here if each > seq))


def _mark(tx: Transaction, site: str, destination: str, otherwise: datetime) -> _Mark:
    """Read how far a destination has come; one that holds nothing yet begins now."""
    held = checkpoints.get(tx, site, _MARK)
    if not held or held["destination"] != destination:
        held = {}
    since = datetime.fromisoformat(held["since"]) if "since" in held else _first_written(tx, site, destination)
    return _Mark(since=since or otherwise, seq=held.get("seq", 0), passed=frozenset(held.get("passed", ())))


def _put(tx: Transaction, site: str, destination: str, mark: _Mark, *, at: datetime) -> None:
    value = {"since": mark.since.isoformat(), "seq": mark.seq, "passed": sorted(mark.passed)}
    checkpoints.put(tx, site, _MARK, {"destination": destination, **value}, at=at)


def _landed(tx: Transaction, site: str, mark: _Mark) -> Sequence[Row[Any]]:
    columns = (_T.seq, _T.state, _T.entity_id, _T.landed_at, _T.processed_at, _CONCERNS.label("concerns"))
    query = select(*columns).where(_T.site == site, _T.seq >= mark.seq, _T.landed_at >= mark.since)
    return tx.execute(query).all()


def _first_written(tx: Transaction, site: str, destination: str) -> datetime | None:
    here = (links.c.site == site, links.c.destination == destination)
    found: datetime | None = tx.scalar(select(func.min(links.c.written_at)).where(*here))
    return found
