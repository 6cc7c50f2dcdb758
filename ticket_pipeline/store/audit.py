"""Audit: what the receipts as a whole say about how people were told; for checks."""

from datetime import datetime

from sqlalchemy import func, select

from ticket_pipeline.model.announcement import StartKey
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.receipts import TOLD
from ticket_pipeline.store.schema import receipts

_T = receipts.c


def told_twice(tx: Transaction, site: str, *, since: datetime) -> dict[StartKey, int]:
    """Count, of each sale start from `since` on, the people who have more than one message that may have gone out."""
    of_person = (_T.event_id, _T.sale_start, _T.person)
    told = (_T.site == site, _T.sale_start >= since, _T.state.in_(TOLD))
    several = select(*of_person).where(*told).group_by(*of_person).having(func.count() > 1).subquery()
    start = (several.c.event_id, several.c.sale_start)
    rows = tx.execute(select(*start, func.count()).group_by(*start))
    return {StartKey(event_id, at): count for event_id, at, count in rows}


def told_early(tx: Transaction, site: str, *, since: datetime) -> dict[StartKey, int]:
    """Count, of each sale start from `since` on, the messages that were at work before its time."""
    start = (_T.event_id, _T.sale_start)
    early = (_T.site == site, _T.sale_start >= since, _T.at < _T.sale_start)
    rows = tx.execute(select(*start, func.count()).where(*early).group_by(*start))
    return {StartKey(event_id, at): count for event_id, at, count in rows}
