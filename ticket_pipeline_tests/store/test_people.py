"""What is remembered of one person is found, unlinked and deleted, and nobody else's is."""

from datetime import timedelta

from ticket_pipeline.model.announcement import StartKey
from ticket_pipeline.store import announcements, people, receipts, suppressions
from ticket_pipeline.store.announcements import Claim, State
from ticket_pipeline.store.receipts import Receipt
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.store.bodies import minute

OVER, OPEN = StartKey("gala", minute(0)), StartKey("opera", minute(0))


def announced(state: SiteState, key: StartKey, *told: Receipt, settled: bool) -> None:
    """Write down an announcement and who was told by it."""
    claim = Claim(site=state.site, key=key, by="me")
    with state.writing() as tx:
        announcements.claim(tx, claim, ["tier"], now=minute(0), lease=timedelta(minutes=1))
        for each in told:
            assert receipts.claim(tx, state.site, key, each, at=minute(0))
            receipts.settle(tx, state.site, key, each, receipts.State.SENT, code=None, at=minute(0))
        if settled:
            announcements.settle(tx, claim, State.DONE, why="", report={}, at=minute(1))


def receipt(person: str) -> Receipt:
    return Receipt(channel="smtp", recipient=f"to {person}", person=person)


def test_only_what_is_settled_and_this_persons_is_unlinked(state: SiteState) -> None:
    announced(state, OVER, receipt("ann"), receipt("ben"), settled=True)
    announced(state, OPEN, receipt("ann"), settled=False)
    with state.writing() as tx:
        assert people.unlink_receipts(tx, state.site, "ann") == 1
        assert people.unlink_receipts(tx, "other", "ben") == 0
    with state.reading() as tx:
        assert people.count_receipts(tx, state.site, "ann") == 1
        assert people.count_receipts(tx, state.site, "ben") == 1
        assert receipts.sent(tx, state.site, OVER) == 2
        assert receipts.told(tx, state.site, OPEN) == {"ann"}


def test_only_this_persons_suppression_is_deleted(state: SiteState) -> None:
    with state.writing() as tx:
        suppressions.suppress(tx, state.site, ["ann", "ben"], why="asked", at=minute(0))
        assert people.delete_suppression(tx, state.site, "ann")
        assert not people.delete_suppression(tx, state.site, "ann")
        assert not people.delete_suppression(tx, "other", "ben")
        assert suppressions.suppressed(tx, state.site, ["ann", "ben"]) == {"ben"}
