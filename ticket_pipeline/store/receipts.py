"""Receipts: whom we told of a sale start, on which channel, and what became of it; keyed hashes, never an address.

A receipt is claimed before its message is handed over. One that is still claimed when nobody is at work on the
announcement was cut off: nobody knows whether its message went out.
"""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, or_, select, update
from sqlalchemy.sql.dml import ReturningInsert

from ticket_pipeline.model.announcement import StartKey
from ticket_pipeline.store.chunks import among
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.schema import receipts
from ticket_pipeline.store.upsert import insert_for

_T = receipts.c
# Built once: for each of many thousand messages, building them would take longer than running them.
_SETTLE = (
    update(receipts)
    .where(
        _T.site == bindparam("of_site"),
        _T.event_id == bindparam("of_event"),
        _T.sale_start == bindparam("of_start"),
        _T.channel == bindparam("of_channel"),
        _T.recipient == bindparam("of_recipient"),
        _T.state == "claimed",
    )
    .values(state=bindparam("became"), code=bindparam("why"), at=bindparam("settled_at"))
)


class State(StrEnum):
    """What became of one message."""

    CLAIMED = "claimed"
    SENT = "sent"
    REFUSED = "refused"
    #: Not handed over, and to be tried again.
    POSTPONED = "postponed"
    UNKNOWN = "unknown"


#: A person with one of these is told, as far as we may know; the database allows one of them for each.
TOLD = frozenset({State.CLAIMED, State.SENT, State.UNKNOWN})


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """Which message a receipt is for."""

    channel: str
    #: Hash of the address on this channel.
    recipient: str
    #: Hash of what identifies the person, whatever the channel.
    person: str


def claim(tx: Transaction, site: str, key: StartKey, receipt: Receipt, *, resend: bool = False, at: datetime) -> bool:
    """Claim a message before it is sent; False when its person or its recipient has been told, or refused it.

    With `resend`, one of unknown fate may be claimed once more.
    """
    made = tx.execute(_insert(tx.dialect.name), {**_values(site, key, receipt), "claimed_at": at})
    if made.one_or_none() is not None:
        return True
    again = [State.POSTPONED, State.UNKNOWN] if resend else [State.POSTPONED]
    free = update(receipts).where(_is(site, key, receipt), _T.state.in_(again), ~_told_otherwise(site, key, receipt))
    values = {"state": State.CLAIMED, "code": None, "person": receipt.person, "attempts": _T.attempts + 1, "at": at}
    return tx.execute(free.values(**values)).rowcount == 1


def settle(
    tx: Transaction, site: str, key: StartKey, receipt: Receipt, state: State, *, code: str | None, at: datetime
) -> None:
    """Say what became of a message that was claimed."""
    tx.execute(_SETTLE, {**_values(site, key, receipt), "became": state, "why": code, "settled_at": at})


def cut_off(tx: Transaction, site: str, key: StartKey, *, at: datetime) -> int:
    """Mark as unknown what is still claimed; to be called by who has just claimed the announcement."""
    left = and_(_of(site, key), _T.state == State.CLAIMED)
    return tx.execute(update(receipts).where(left).values(state=State.UNKNOWN, code="cut_off", at=at)).rowcount


def told(tx: Transaction, site: str, key: StartKey, *, resend: bool = False) -> set[str]:
    """Tell which persons need not be told any more; with `resend`, those of unknown fate still do."""
    states = TOLD - {State.UNKNOWN} if resend else TOLD
    return set(tx.scalars(select(_T.person).where(_of(site, key), _T.state.in_(states))))


def states(tx: Transaction, site: str, key: StartKey, persons: Collection[str]) -> dict[str, dict[str, State]]:
    """Tell of each of these persons what became of the message on each channel; those without any are left out."""
    found: dict[str, dict[str, State]] = defaultdict(dict)
    for condition in among(_T.person, persons):
        query = select(_T.person, _T.channel, _T.state).where(_of(site, key), condition)
        for person, channel, state in tx.execute(query):
            found[person][channel] = State(state)
    return found


def figures(tx: Transaction, site: str, key: StartKey) -> Counter[tuple[str, State, str]]:
    """Count receipts by channel, state and code."""
    columns = (_T.channel, _T.state, func.coalesce(_T.code, ""))
    query = select(*columns, func.count()).where(_of(site, key)).group_by(*columns)
    return Counter({(channel, State(state), code): count for channel, state, code, count in tx.execute(query)})


def sent(tx: Transaction, site: str, key: StartKey) -> int:
    """Count the messages that were taken by the other side."""
    return tx.scalar(select(func.count()).where(_of(site, key), _T.state == State.SENT)) or 0


def failures(tx: Transaction, site: str, key: StartKey) -> Counter[str]:
    """Count the people who were told on no channel, by the code of what was tried last."""
    other = receipts.alias()
    told = select(other.c.person).where(
        other.c.site == site, other.c.event_id == key.event_id, other.c.sale_start == key.at, other.c.state.in_(TOLD)
    )
    query = select(_T.person, func.coalesce(_T.code, _T.state)).where(_of(site, key), ~_T.state.in_(TOLD))
    last = dict(tx.execute(query.where(_T.person.not_in(told)).order_by(_T.at)).all())
    return Counter(last.values())


def last_sent_at(tx: Transaction, site: str, key: StartKey) -> datetime | None:
    """Tell when the last message was taken by the other side."""
    latest: datetime | None = tx.scalar(select(func.max(_T.at)).where(_of(site, key), _T.state == State.SENT))
    return latest


@cache
def _insert(dialect: str) -> ReturningInsert[str]:
    """Build the statement that claims what nobody has claimed before, and returns it."""
    return (
        insert_for(dialect, receipts)
        .values(
            site=bindparam("of_site"),
            event_id=bindparam("of_event"),
            sale_start=bindparam("of_start"),
            channel=bindparam("of_channel"),
            recipient=bindparam("of_recipient"),
            person=bindparam("of_person"),
            state=State.CLAIMED,
            attempts=1,
            at=bindparam("claimed_at"),
        )
        .on_conflict_do_nothing()
        .returning(_T.recipient)
    )


def _values(site: str, key: StartKey, receipt: Receipt) -> dict[str, Any]:
    return {
        "of_site": site,
        "of_event": key.event_id,
        "of_start": key.at,
        "of_channel": receipt.channel,
        "of_recipient": receipt.recipient,
        "of_person": receipt.person,
    }


def _told_otherwise(site: str, key: StartKey, receipt: Receipt) -> ColumnElement[bool]:
    """Tell whether the person was told by another message."""
    other = receipts.alias().c
    same = and_(other.site == site, other.event_id == key.event_id, other.sale_start == key.at)
    another = or_(other.channel != receipt.channel, other.recipient != receipt.recipient)
    return exists().where(same, other.person == receipt.person, other.state.in_(TOLD), another)


def _of(site: str, key: StartKey) -> ColumnElement[bool]:
    return and_(_T.site == site, _T.event_id == key.event_id, _T.sale_start == key.at)


def _is(site: str, key: StartKey, receipt: Receipt) -> ColumnElement[bool]:
    return and_(_of(site, key), _T.channel == receipt.channel, _T.recipient == receipt.recipient)
