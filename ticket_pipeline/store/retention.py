"""What has served its time: found a page at a time, and removed by its key if it is still to go.

Kept for good are tombstones (nothing may revive the dead), links, the ledger of announcements (nobody is told twice),
and suppressions. Of a webhook, what waits or lies buried is never removed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, bindparam, delete, exists, func, literal, or_, select, tuple_

from ticket_pipeline.model.retention import Kept
from ticket_pipeline.store import checkpoints
from ticket_pipeline.store.announcements import State as AnnouncementState
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.inbox import State, last_seq
from ticket_pipeline.store.schema import announcements, approvals, dead_letters, inbox, receipts, tally_changes

#: A row's primary key.
Key = tuple[Any, ...]
_BEGINS = "inbox_cleared_before"


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """One kind of thing of one site, and the instant before which it must have been over to be old."""

    site: str
    kind: Kept
    before: datetime
    #: The newest webhook, which stays: cursors tell by its number what is newer.
    newest: int | None = None

    def old(self, tx: Transaction, *, after: Key | None = None, limit: int) -> list[Key]:
        """Look up what is old in the order of its keys, `after` one of them."""
        columns = list(self._table.primary_key)
        query = select(*columns).where(self._table.c.site == self.site, self._is_old()).order_by(*columns).limit(limit)
        if after is not None:
            values = [literal(value, column.type) for value, column in zip(after, columns, strict=True)]
            query = query.where(tuple_(*columns) > tuple_(*values))
        return [tuple(row) for row in tx.execute(query)]

    def count(self, tx: Transaction) -> int:
        """Count what is old."""
        query = select(func.count()).select_from(self._table).where(self._table.c.site == self.site, self._is_old())
        return tx.scalar(query) or 0

    def remove(self, tx: Transaction, keys: Sequence[Key], *, at: datetime) -> int:
        """Remove these, but for those that are not old any more (a replay); return how many there were."""
        # One by one, for SQLite goes through all of a site's rows for a list of keys made of several columns.
        names = [f"key_{number}" for number in range(len(self._table.primary_key))]
        this = [column == bindparam(name) for column, name in zip(self._table.primary_key, names, strict=True)]
        statement = delete(self._table).where(*this, self._is_over())
        removed = tx.execute(statement, [dict(zip(names, key, strict=True)) for key in keys]).rowcount
        if self.kind is Kept.INBOX and removed:
            # An age that was made longer brings nothing back.
            cleared = max(self.before, inbox_cleared_before(tx, self.site) or self.before)
            checkpoints.put(tx, self.site, _BEGINS, cleared.isoformat(), at=at)
        return removed

    @property
    def _table(self) -> Table:
        return _KINDS[self.kind][0]

    def _is_over(self) -> ColumnElement[bool]:
        return _KINDS[self.kind][1](self.before)

    def _is_old(self) -> ColumnElement[bool]:
        return self._is_over() if self.newest is None else and_(self._is_over(), inbox.c.seq < self.newest)


def shelf(tx: Transaction, site: str, kind: Kept, *, before: datetime) -> Shelf:
    """Get ready to look for what was over before that instant."""
    newest = last_seq(tx, site) if kind is Kept.INBOX else None
    return Shelf(site=site, kind=kind, before=before, newest=newest)


def inbox_cleared_before(tx: Transaction, site: str) -> datetime | None:
    """Tell up to when the inbox was cleared of what was done with; None when it never was."""
    written = checkpoints.get(tx, site, _BEGINS)
    return None if written is None else datetime.fromisoformat(written)


def _done_with(before: datetime) -> ColumnElement[bool]:
    over = or_(inbox.c.state == State.DONE, inbox.c.state == State.IGNORED)
    return and_(over, inbox.c.landed_at < before, inbox.c.processed_at < before)


def _resolved(before: datetime) -> ColumnElement[bool]:
    """Tell the resolved letters; the newest of all stays, or SQLite would give its number to another."""
    last = select(func.max(dead_letters.alias().c.id)).scalar_subquery()
    return and_(dead_letters.c.resolved_at < before, dead_letters.c.id < last)


def _approved(before: datetime) -> ColumnElement[bool]:
    return approvals.c.approved_at < before


def _replaced(before: datetime) -> ColumnElement[bool]:
    """Tell the values that counters showed; the last of each stays, for it says how what is shown came about."""
    ours, newer = tally_changes.c, tally_changes.alias()
    same = and_(newer.c.site == ours.site, newer.c.definition_id == ours.definition_id)
    return and_(ours.read_at < before, ours.version < select(func.max(newer.c.version)).where(same).scalar_subquery())


def _settled(before: datetime) -> ColumnElement[bool]:
    """Tell the receipts of announcements that nobody will go on with."""
    ours, ledger = receipts.c, announcements.c
    same = and_(ledger.site == ours.site, ledger.event_id == ours.event_id, ledger.sale_start == ours.sale_start)
    over = and_(same, ledger.state != AnnouncementState.OPEN, ledger.finished_at < before)
    return and_(ours.sale_start < before, ours.at < before, exists().where(over))


_KINDS: dict[Kept, tuple[Table, Callable[[datetime], ColumnElement[bool]]]] = {
    Kept.INBOX: (inbox, _done_with),
    Kept.DEAD_LETTERS: (dead_letters, _resolved),
    Kept.APPROVALS: (approvals, _approved),
    Kept.COUNTER_HISTORY: (tally_changes, _replaced),
    Kept.RECEIPTS: (receipts, _settled),
}
