"""Tallies: what counters show, and their history, by which scarcity claims can be proven.

One keeper at a time, so what is kept becomes visible in the order of `seq`: who has read up to a number misses nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, and_, bindparam, delete, func, insert, select, text, update

from ticket_pipeline.model.counting import Cause
from ticket_pipeline.model.tally import Tally, TallyPrice, TallyStatus
from ticket_pipeline.store import inbox
from ticket_pipeline.store.chunks import among
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.schema import tallies, tally_changes
from ticket_pipeline.store.upsert import upsert

#: Where PostgreSQL notifies of what was kept; the payload is the newest `seq`.
CHANNEL = "ticket_pipeline_tallies"
#: How many changes of a definition are remembered, and a few more.
REMEMBERED = 1000

_T, _C = tallies.c, tally_changes.c
#: Any number that others on the same server are unlikely to lock.
_KEEPING = 7_469_636_576
#: A read from further ahead than this was told by a clock that has since been set back.
_SKEW = timedelta(minutes=1)
_PRUNED_EVERY = 100
_WRITTEN = ("event_id", "seq", "version", "revision", "body", "read_at", "gone", "changes")
# Built once: building them would take longer than running them.
_REMEMBER = insert(tally_changes)
_THIS = and_(_C.site == bindparam("at_site"), _C.definition_id == bindparam("at_definition"))
_older, _shown = tally_changes.alias(), tally_changes.alias()
_FORGET = delete(tally_changes).where(
    _THIS,
    _C.version
    <= select(_older.c.version)
    .where(_older.c.site == bindparam("at_site"), _older.c.definition_id == bindparam("at_definition"))
    .order_by(_older.c.version.desc())
    .offset(REMEMBERED)
    .limit(1)
    .scalar_subquery(),
)
_PUSHED = (
    update(tally_changes)
    .where(
        _THIS,
        _C.pushed_at.is_(None),
        _C.version
        == select(func.max(_shown.c.version))
        .where(_shown.c.site == bindparam("at_site"), _shown.c.definition_id == bindparam("at_definition"))
        .where(_shown.c.version <= bindparam("at_version"))
        .scalar_subquery(),
    )
    .values(pushed_at=bindparam("at"))
)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What keeping some tallies brought."""

    #: What is in force now of each definition: what came, or what was newer.
    in_force: tuple[Tally, ...] = ()
    #: Ids of those that show another value than before, or one for the first time.
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TallyChange:
    """A value that a counter showed, and how it came about."""

    tally: Tally
    cause: Cause
    #: When Wix's answer was there.
    answered_at: datetime
    #: When it was first sent to browsers; None where nobody looked, or the next value was quicker.
    pushed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class _Held:
    tally: Tally
    shown: dict[str, Any]
    changes: int


def keep(tx: Transaction, site: str, counted: Sequence[tuple[Tally, Cause]], *, answered_at: datetime) -> Kept:
    """Keep the tallies that are newer than what is held, each under its next version; the others are left.

    Newer is what has a higher revision or, of the same one, was asked for later. A change of the shown value is
    remembered with its cause.
    """
    if not counted:
        return Kept()
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _KEEPING})
    before = _held(tx, site, {tally.definition_id for tally, _ in counted})
    held, changed = _taken(before, counted, now=answered_at)
    _write(tx, [kept for each, kept in sorted(held.items()) if kept is not before.get(each)])
    _remember(tx, site, changed, answered_at)
    return Kept(
        in_force=tuple(each.tally for each in held.values()),
        changed=tuple(dict.fromkeys(each.tally.definition_id for each, _ in changed)),
    )


def after(tx: Transaction, seq: int) -> list[tuple[int, Tally]]:
    """Read what was kept after this number, of all sites, in order; of each definition only what is in force."""
    query = select(tallies).where(_T.seq > seq).order_by(_T.seq)
    return [(row.seq, _tally(row, gone=row.gone)) for row in tx.execute(query)]


def last_seq(tx: Transaction) -> int:
    """Give the number of what was kept last; 0 when there is nothing."""
    return tx.scalar(select(func.max(_T.seq))) or 0


def get(tx: Transaction, site: str, definition_id: str) -> Tally | None:
    """Read the tally of one definition."""
    return some(tx, site, [definition_id]).get(definition_id)


def some(tx: Transaction, site: str, ids: Collection[str]) -> dict[str, Tally]:
    """Read the tallies of these definitions; those never counted are left out."""
    return {each: held.tally for each, held in _held(tx, site, ids).items()}


def listing(tx: Transaction, site: str) -> list[Tally]:
    """Read all tallies of the site, by event and id."""
    query = select(tallies).where(_T.site == site).order_by(_T.event_id, _T.definition_id)
    return [_tally(row, gone=row.gone) for row in tx.execute(query)]


def pushed(tx: Transaction, site: str, versions: Iterable[tuple[str, int]], *, at: datetime) -> None:
    """Note that browsers were first sent these versions (definition and version) of the site's tallies now."""
    rows = [
        {"at_site": site, "at_definition": definition_id, "at_version": version, "at": at}
        for definition_id, version in versions
    ]
    if rows:
        tx.execute(_PUSHED, rows)


def history(tx: Transaction, site: str, definition_id: str, limit: int) -> list[TallyChange]:
    """Read the last values that a counter showed, newest first; at least 1,000 are remembered."""
    this = (_C.site == site, _C.definition_id == definition_id)
    query = select(tally_changes).where(*this).order_by(_C.version.desc()).limit(limit)
    return [_change(row) for row in tx.execute(query)]


def _taken(
    before: Mapping[str, _Held], counted: Sequence[tuple[Tally, Cause]], *, now: datetime
) -> tuple[dict[str, _Held], list[tuple[_Held, Cause]]]:
    """Take what is newer, one after the other; give what is held then, and what changed on the way."""
    held, changed = dict(before), []
    for tally, cause in counted:
        had = held.get(tally.definition_id)
        if had is None or _is_newer(tally, had.tally, now=now):
            held[tally.definition_id] = kept = _next(tally, had)
            if had is None or kept.changes > had.changes:
                changed.append((kept, cause))
    return held, changed


def _is_newer(new: Tally, held: Tally, *, now: datetime) -> bool:
    if new.revision != held.revision:
        return new.revision > held.revision
    return new.read_at > held.read_at or held.read_at > now + _SKEW


def _next(tally: Tally, had: _Held | None) -> _Held:
    shown = tally.shown()
    if had is None:
        return _Held(tally=replace(tally, version=1), shown=shown, changes=1)
    changes = had.changes + (shown != had.shown)
    return _Held(tally=replace(tally, version=had.tally.version + 1), shown=shown, changes=changes)


def _held(tx: Transaction, site: str, ids: Collection[str]) -> dict[str, _Held]:
    query = select(tallies).where(_T.site == site)
    rows = (row for condition in among(_T.definition_id, ids) for row in tx.execute(query.where(condition)))
    return {
        row.definition_id: _Held(tally=_tally(row, gone=row.gone), shown=row.body, changes=row.changes) for row in rows
    }


def _write(tx: Transaction, kept: Sequence[_Held]) -> None:
    if not kept:
        return
    first = last_seq(tx) + 1
    rows = [
        {
            **_values(each),
            "event_id": each.tally.event_id,
            "seq": seq,
            "gone": each.tally.gone,
            "changes": each.changes,
        }
        for seq, each in enumerate(kept, first)
    ]
    tx.execute(upsert(tx, tallies, _WRITTEN), rows)
    if tx.dialect.name == "postgresql":
        tx.execute(select(func.pg_notify(CHANNEL, str(first + len(rows) - 1))))


def _remember(tx: Transaction, site: str, changed: Sequence[tuple[_Held, Cause]], answered_at: datetime) -> None:
    """Add to the history, and now and then forget what is too long ago."""
    if not changed:
        return
    numbers = inbox.numbers(tx, site, {cause.inbox_key for _, cause in changed if cause.inbox_key})
    rows = [
        {
            **_values(each),
            "why": cause.why,
            "caused_at": cause.at,
            "inbox_seq": cause.inbox_seq or numbers.get(cause.inbox_key or ""),
            "answered_at": answered_at,
        }
        for each, cause in changed
    ]
    tx.execute(_REMEMBER, rows)
    full = [each.tally for each, _ in changed if each.changes % _PRUNED_EVERY == 0]
    if full:
        tx.execute(_FORGET, [{"at_site": each.site, "at_definition": each.definition_id} for each in full])


def _values(kept: _Held) -> dict[str, Any]:
    tally = kept.tally
    return {
        "site": tally.site,
        "definition_id": tally.definition_id,
        "version": tally.version,
        "revision": tally.revision,
        "body": kept.shown,
        "read_at": tally.read_at,
    }


def _change(row: Row[*tuple[Any, ...]]) -> TallyChange:
    return TallyChange(
        tally=_tally(row),
        cause=Cause(why=row.why, at=row.caused_at, inbox_seq=row.inbox_seq),
        answered_at=row.answered_at,
        pushed_at=row.pushed_at,
    )


def _tally(row: Row[*tuple[Any, ...]], *, gone: bool = False) -> Tally:
    body: Mapping[str, Any] = row.body
    return Tally(
        site=row.site,
        definition_id=row.definition_id,
        event_id=body["event_id"],
        status=TallyStatus(body["status"]),
        remaining=body["remaining"],
        prices=tuple(
            TallyPrice(name=each["name"], value=Decimal(each["value"]), currency=each["currency"])
            for each in body["prices"]
        ),
        minimum_price=body["minimum_price"],
        sale_start=_instant(body["sale_start"]),
        sale_end=_instant(body["sale_end"]),
        revision=row.revision,
        read_at=row.read_at,
        version=row.version,
        gone=gone,
    )


def _instant(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
