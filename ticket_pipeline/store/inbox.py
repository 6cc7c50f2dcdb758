"""The inbox: webhooks as they landed, and what became of them. It is the truth; cursors over it are short cuts.

Landings are one at a time, so entries become visible in the order of `seq`: who has read up to a number misses nothing.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, case, func, insert, select, text, update

from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.store.chunks import among
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.schema import inbox

_T = inbox.c
#: Any number that others on the same server are unlikely to lock.
_LANDING = 7_469_636_575
# Built once: building them would take longer than running them.
_LAND = insert(inbox)
_REPEAT = (
    update(inbox)
    .where(_T.site == bindparam("at_site"), _T.key == bindparam("at_key"))
    .values(deliveries=_T.deliveries + bindparam("times"))
)


class State(StrEnum):
    """What became of an entry."""

    #: Durable, and waiting for its effect.
    LANDED = "landed"
    DONE = "done"
    #: Of a topic with which nothing is to be done.
    IGNORED = "ignored"
    #: Refused on the way; a dead letter says why.
    BURIED = "buried"


@dataclass(frozen=True, kw_only=True)
class Landed:
    """What landing some envelopes brought."""

    #: Keys of the envelopes that had not been there before.
    new: tuple[str, ...] = ()
    #: The key of each delivery that repeated one.
    repeated: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One landed webhook."""

    seq: int
    envelope: Envelope
    landed_at: datetime
    #: How often Wix delivered it.
    deliveries: int
    state: State
    processed_at: datetime | None
    #: How often its effect was tried and did not come about.
    attempts: int


def land(
    tx: Transaction, site: str, envelopes: Sequence[Envelope], *, at: datetime, ignored: Collection[str] = ()
) -> Landed:
    """Keep envelopes, waiting, or ignored where their key is named; of one that is there only the deliveries count."""
    if not envelopes:
        return Landed()
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LANDING})
    once = {each.key: each for each in envelopes}
    times = Counter(each.key for each in envelopes)
    known = {key for some in among(_T.key, once) for key in tx.scalars(select(_T.key).where(_T.site == site, some))}
    rows = [_row(site, each, at, times[key], key in ignored) for key, each in once.items() if key not in known]
    if rows:
        tx.execute(_LAND, rows)
    if known:
        tx.execute(_REPEAT, [{"at_site": site, "at_key": key, "times": times[key]} for key in sorted(known)])
    new = [key for key in once if key not in known]
    return Landed(new=tuple(new), repeated=tuple((times - Counter(new)).elements()))


def waiting(tx: Transaction, site: str, limit: int) -> list[Entry]:
    """Look at the entries that wait for their effect, oldest first; they stay free for others."""
    return _entries(tx, _waiting(site, limit))


def claim(tx: Transaction, site: str, limit: int) -> list[Entry]:
    """Take waiting entries, oldest first, that nobody else works on; they are ours until this transaction ends.

    To be called in the writing transaction that brings their effect and finishes them: when it is undone, they wait
    as before.
    """
    return _entries(tx, _waiting(site, limit).with_for_update(skip_locked=True))


def finish(tx: Transaction, site: str, seqs: Collection[int], state: State, *, at: datetime) -> None:
    """Say what became of these entries."""
    _change(tx, site, seqs, state=state, processed_at=at)


def tried(tx: Transaction, site: str, seqs: Collection[int]) -> None:
    """Count an attempt that came to nothing, in a transaction after the one that was undone."""
    _change(tx, site, seqs, attempts=_T.attempts + 1)


def reopen(tx: Transaction, site: str, seqs: Collection[int]) -> None:
    """Let these entries wait for their effect once more: a replay."""
    _change(tx, site, seqs, state=State.LANDED, processed_at=None)


def forget(tx: Transaction, site: str, entity_ids: Collection[str]) -> int:
    """Erase what entries say of these entities, who asked for it; return how many entries there were.

    What remains (key, topic, instants) keeps a repeat from landing again.
    """
    forgotten = 0
    for condition in among(_T.entity_id, entity_ids):
        here = update(inbox).where(_T.site == site, condition)
        # A definition's webhook that still waits needs the id to be read again; it says nothing of a person.
        of_definition = _T.topic.like("%ticket_definition%") | _T.topic.like("%TicketDefinition%")
        entity_id = case((and_(_is_waiting(), of_definition), _T.entity_id), else_=None)
        forgotten += tx.execute(here.values(body={}, entity_id=entity_id)).rowcount
    return forgotten


def depth(tx: Transaction) -> dict[str, tuple[int, datetime]]:
    """Tell of each site that has waiting entries how many, and when the oldest landed."""
    query = select(_T.site, func.count(), func.min(_T.landed_at)).where(_is_waiting()).group_by(_T.site)
    return {site: (count, oldest) for site, count, oldest in tx.execute(query)}


def last_seq(tx: Transaction, site: str) -> int:
    """Give the number of the newest entry; 0 when there is none."""
    return tx.scalar(select(func.max(_T.seq)).where(_T.site == site)) or 0


def after(tx: Transaction, site: str, seq: int, limit: int) -> list[Entry]:
    """Read the entries after this number, whatever became of them, in order."""
    return _entries(tx, select(inbox).where(_T.site == site, _T.seq > seq).order_by(_T.seq).limit(limit))


def numbers(tx: Transaction, site: str, keys: Collection[str]) -> dict[str, int]:
    """Tell the numbers of the entries with these keys; those that did not land are left out."""
    found: dict[str, int] = {}
    for condition in among(_T.key, keys):
        found.update(tx.execute(select(_T.key, _T.seq).where(_T.site == site, condition)).all())
    return found


def of_entity(tx: Transaction, site: str, entity_id: str) -> list[Entry]:
    """Read the entries about one entity, whatever became of them, in order."""
    return _entries(tx, select(inbox).where(_T.site == site, _T.entity_id == entity_id).order_by(_T.seq))


def _is_waiting() -> ColumnElement[bool]:
    # As text, not as a parameter, so that the partial index is seen to fit.
    return _T.state == text("'landed'")


def _waiting(site: str, limit: int) -> Select[*tuple[Any, ...]]:
    return select(inbox).where(_T.site == site, _is_waiting()).order_by(_T.seq).limit(limit)


def _change(tx: Transaction, site: str, seqs: Collection[int], **values: Any) -> None:
    for condition in among(_T.seq, seqs):  # type: ignore[arg-type] # numbers are values as good as texts
        tx.execute(update(inbox).where(and_(_T.site == site, condition)).values(**values))


def _row(site: str, envelope: Envelope, at: datetime, deliveries: int, ignored: bool) -> dict[str, Any]:
    return {
        "site": site,
        "key": envelope.key,
        "topic": envelope.topic,
        "instance_id": envelope.instance_id,
        "entity_id": envelope.entity_id,
        "event_id": envelope.event_id,
        "occurred_at": envelope.occurred_at,
        "sequence": envelope.sequence,
        "anonymise": envelope.anonymise,
        "body": envelope.body,
        "landed_at": at,
        "deliveries": deliveries,
        "state": State.IGNORED if ignored else State.LANDED,
        "processed_at": at if ignored else None,
        "attempts": 0,
    }


def _entries(tx: Transaction, query: Select[*tuple[Any, ...]]) -> list[Entry]:
    return [_entry(row) for row in tx.execute(query)]


def _entry(row: Row[*tuple[Any, ...]]) -> Entry:
    return Entry(
        seq=row.seq,
        envelope=Envelope(
            key=row.key,
            topic=row.topic,
            instance_id=row.instance_id,
            entity_id=row.entity_id,
            event_id=row.event_id,
            occurred_at=row.occurred_at,
            sequence=row.sequence,
            anonymise=row.anonymise,
            body=row.body,
        ),
        landed_at=row.landed_at,
        deliveries=row.deliveries,
        state=State(row.state),
        processed_at=row.processed_at,
        attempts=row.attempts,
    )
