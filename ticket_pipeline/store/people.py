"""What our state holds of one person, found by the keyed hash they are known by: receipts and a suppression."""

import secrets

from sqlalchemy import and_, delete, exists, func, select, update

from ticket_pipeline.store.announcements import SETTLED
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.schema import announcements, receipts, suppressions

_T = receipts.c


def unlink_receipts(tx: Transaction, site: str, person: str) -> int:
    """Make nobody's receipts of this person's, so that the counts stay true; only of announcements that are settled.

    Of one that may go on, the receipt alone keeps the person from being told twice.
    """
    of_start = (
        announcements.c.site == _T.site,
        announcements.c.event_id == _T.event_id,
        announcements.c.sale_start == _T.sale_start,
    )
    settled = exists().where(*of_start, announcements.c.state.in_(SETTLED))
    theirs = and_(_T.site == site, _T.person == person, settled)
    keys = tx.execute(select(_T.event_id, _T.sale_start, _T.channel, _T.recipient).where(theirs)).all()
    nobody = secrets.token_hex(16)
    for event_id, sale_start, channel, recipient in keys:
        one = (_T.site == site, _T.event_id == event_id, _T.sale_start == sale_start)
        which = (*one, _T.channel == channel, _T.recipient == recipient)
        tx.execute(update(receipts).where(*which).values(person=nobody, recipient=secrets.token_hex(16)))
    return len(keys)


def count_receipts(tx: Transaction, site: str, person: str) -> int:
    """Count the receipts that are this person's."""
    return tx.scalar(select(func.count()).where(_T.site == site, _T.person == person)) or 0


def delete_suppression(tx: Transaction, site: str, person: str) -> bool:
    """Forget that this person wants no more; True when they did."""
    this = (suppressions.c.site == site, suppressions.c.recipient == person)
    return tx.execute(delete(suppressions).where(*this)).rowcount == 1
