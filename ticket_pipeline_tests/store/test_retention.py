"""Retention: what is over goes, page by page; what is still needed stays, however old."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ticket_pipeline.model.announcement import StartKey
from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.model.retention import Kept
from ticket_pipeline.store import announcements, approvals, dead_letters, inbox, receipts, retention, tallies
from ticket_pipeline.store.announcements import Claim
from ticket_pipeline.store.announcements import State as AnnouncementState
from ticket_pipeline.store.database import Database
from ticket_pipeline.store.dead_letters import DeadLetter
from ticket_pipeline.store.inbox import State
from ticket_pipeline.store.receipts import Receipt
from ticket_pipeline.store.receipts import State as ReceiptState
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.store.bodies import NOON, minute
from ticket_pipeline_tests.store.counted import SWEPT, tally

BEFORE = minute(100)
#: What became of a webhook, when it landed, and when that came about.
WEBHOOKS = st.lists(st.tuples(st.sampled_from(State), st.integers(90, 110), st.integers(90, 110)), max_size=12)


def clear(state: SiteState, kind: Kept, *, limit: int = 2) -> int:
    """Clear away as the flow does, in small pages."""
    removed, after = 0, None
    with state.writing() as tx:
        shelf = retention.shelf(tx, state.site, kind, before=BEFORE)
        while found := shelf.old(tx, after=after, limit=limit):
            removed += shelf.remove(tx, found, at=BEFORE)
            after = found[-1]
    return removed


def count(state: SiteState, kind: Kept) -> int:
    with state.reading() as tx:
        return retention.shelf(tx, state.site, kind, before=BEFORE).count(tx)


def land(state: SiteState, key: str, *, became: State = State.DONE, landed: int = 0, over: int = 0) -> None:
    envelope = Envelope(
        key=key, topic="t", instance_id=None, entity_id="balcony", event_id=None, occurred_at=None, body={}
    )
    with state.writing() as tx:
        inbox.land(tx, state.site, [envelope], at=minute(landed))
        if became is not State.LANDED:
            (seq,) = inbox.numbers(tx, state.site, [key]).values()
            inbox.finish(tx, state.site, [seq], became, at=minute(over))


def keys(state: SiteState) -> list[str]:
    with state.reading() as tx:
        return [entry.envelope.key for entry in inbox.after(tx, state.site, 0, 1000)]


@pytest.mark.parametrize("became", [State.LANDED, State.BURIED])
def test_a_webhook_that_waits_or_lies_buried_stays_however_old(state: SiteState, became: State) -> None:
    land(state, "old", became=became)
    land(state, "new", landed=200)
    assert (count(state, Kept.INBOX), clear(state, Kept.INBOX)) == (0, 0)
    assert keys(state) == ["old", "new"]


@pytest.mark.parametrize("became", [State.DONE, State.IGNORED])
def test_a_webhook_that_is_done_with_goes_at_its_age(state: SiteState, became: State) -> None:
    land(state, "old", became=became)
    land(state, "new", landed=200)
    assert (count(state, Kept.INBOX), clear(state, Kept.INBOX)) == (1, 1)
    assert keys(state) == ["new"]


def test_the_newest_webhook_stays_so_that_no_cursor_is_ahead_of_the_inbox(state: SiteState) -> None:
    land(state, "first")
    land(state, "last")
    other = SiteState(database=state.database, site="other")
    land(other, "another site's")
    clear(state, Kept.INBOX)
    with state.reading() as tx:
        assert inbox.last_seq(tx, state.site) > 0
    assert (keys(state), keys(other)) == (["last"], ["another site's"])


def test_a_webhook_that_was_replayed_is_kept_anew(state: SiteState) -> None:
    land(state, "replayed", over=150)
    land(state, "new", landed=200)
    assert clear(state, Kept.INBOX) == 0


def test_one_that_is_reopened_after_it_was_looked_up_stays(state: SiteState) -> None:
    land(state, "old")
    land(state, "new", landed=200)
    with state.writing() as tx:
        shelf = retention.shelf(tx, state.site, Kept.INBOX, before=BEFORE)
        found = shelf.old(tx, limit=10)
        inbox.reopen(tx, state.site, [seq for (seq,) in found])
        assert shelf.remove(tx, found, at=BEFORE) == 0
    assert keys(state) == ["old", "new"]


def test_the_inbox_tells_how_far_back_it_reaches(state: SiteState) -> None:
    land(state, "new", landed=200)
    clear(state, Kept.INBOX)
    with state.reading() as tx:
        assert retention.inbox_cleared_before(tx, state.site) is None
    land(state, "old")
    land(state, "newer", landed=201)
    clear(state, Kept.INBOX)
    with state.reading() as tx:
        assert retention.inbox_cleared_before(tx, state.site) == BEFORE


def test_an_age_that_was_made_longer_does_not_say_that_what_is_gone_is_there(state: SiteState) -> None:
    land(state, "old")
    land(state, "buried once", landed=1, over=2)
    land(state, "newest", landed=200)
    with state.writing() as tx:
        for before in (BEFORE, minute(50)):
            shelf = retention.shelf(tx, state.site, Kept.INBOX, before=before)
            assert shelf.remove(tx, shelf.old(tx, limit=1), at=BEFORE) == 1
        assert retention.inbox_cleared_before(tx, state.site) == BEFORE


@given(webhooks=WEBHOOKS, limit=st.integers(1, 5))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_landed_in_whatever_order_exactly_the_old_that_are_done_with_go(
    database: Database, webhooks: Sequence[tuple[State, int, int]], limit: int
) -> None:
    state = SiteState(database=database, site=uuid4().hex)
    for number, (became, landed, over) in enumerate(webhooks):
        land(state, f"{number}", became=became, landed=landed, over=over)
    going = {
        f"{number}"
        for number, (became, landed, over) in enumerate(webhooks[:-1])
        if became in {State.DONE, State.IGNORED} and landed < 100 and over < 100
    }
    expected = [f"{number}" for number in range(len(webhooks)) if f"{number}" not in going]
    assert count(state, Kept.INBOX) == len(going)
    assert clear(state, Kept.INBOX, limit=limit) == len(going)
    assert keys(state) == expected
    assert clear(state, Kept.INBOX, limit=limit) == 0


def test_resolved_letters_go_and_open_ones_stay_and_no_number_comes_twice(state: SiteState) -> None:
    letters = [DeadLetter(subject=each, code="refused", reason="no") for each in ("a", "b", "c")]
    with state.writing() as tx:
        dead_letters.bury(tx, state.site, flow="publish", letters=letters, at=minute(0))
        dead_letters.resolve(tx, state.site, flow="publish", subjects=["b", "c"], at=minute(1))
    assert clear(state, Kept.DEAD_LETTERS) == 1
    with state.writing() as tx:
        dead_letters.bury(tx, state.site, flow="publish", letters=[letters[1]], at=minute(2))
        assert [(each.id, each.subject) for each in dead_letters.open_letters(tx, state.site)] == [(1, "a"), (4, "b")]


def test_an_approval_is_good_for_its_age_only(state: SiteState) -> None:
    with state.writing() as tx:
        approvals.approve(tx, state.site, "place", ["old", "older", "renewed"], at=minute(0))
        approvals.approve(tx, state.site, "place", ["new", "renewed"], at=minute(100))
    assert clear(state, Kept.APPROVALS) == 2
    with state.reading() as tx:
        assert approvals.approved(tx, state.site, "place") == {"new", "renewed"}


def test_of_a_counters_history_the_value_it_shows_stays(state: SiteState) -> None:
    for left, at in ((9, 0), (8, 1), (7, 2), (6, 150)):
        keep(state, "balcony", left, at)
    for left, at in ((5, 3), (4, 4)):
        keep(state, "stalls", left, at)
    assert clear(state, Kept.COUNTER_HISTORY) == 4
    assert (history(state, "balcony"), history(state, "stalls")) == ([6], [4])
    keep(state, "stalls", 3, 160)
    assert history(state, "stalls") == [4, 3]


def keep(state: SiteState, definition_id: str, left: int, at: int) -> None:
    with state.writing() as tx:
        counted = [(tally(definition_id, left=left, at=minute(at)), SWEPT)]
        tallies.keep(tx, state.site, counted, answered_at=minute(at))


def history(state: SiteState, definition_id: str) -> list[int | None]:
    with state.reading() as tx:
        return [each.tally.remaining for each in reversed(tallies.history(tx, state.site, definition_id, 100))]


def announce(state: SiteState, start: datetime, became: AnnouncementState, *, over: datetime) -> StartKey:
    """Tell one person, and leave the announcement like that."""
    key = StartKey("gala", start)
    mine = Claim(site=state.site, key=key, by=f"{start}")
    receipt = Receipt(channel="smtp", recipient="ann by mail", person="ann")
    with state.writing() as tx:
        announcements.claim(tx, mine, ["stalls"], now=start, lease=timedelta(minutes=2))
        receipts.claim(tx, state.site, key, receipt, at=start)
        receipts.settle(tx, state.site, key, receipt, ReceiptState.SENT, code=None, at=start)
        if became is not AnnouncementState.OPEN:
            announcements.settle(tx, mine, became, why="", report={"told": 1}, at=over)
    return key


@pytest.mark.parametrize(
    ("start", "became", "over", "told"),
    [
        (0, AnnouncementState.DONE, 1, 0),
        (0, AnnouncementState.WITHDRAWN, 1, 0),
        (0, AnnouncementState.OPEN, 1, 1),
        (0, AnnouncementState.DONE, 101, 1),
        (101, AnnouncementState.DONE, 102, 1),
    ],
)
def test_receipts_go_once_nobody_goes_on_with_their_announcement_and_the_ledger_stays(
    state: SiteState, start: int, became: AnnouncementState, over: int, told: int
) -> None:
    key = announce(state, minute(start), became, over=minute(over))
    assert clear(state, Kept.RECEIPTS) == 1 - told
    with state.reading() as tx:
        assert receipts.sent(tx, state.site, key) == told
        row = announcements.get(tx, state.site, key)
    assert row is not None
    assert row.state is became


def test_pages_of_keys_made_of_instants_miss_nothing(state: SiteState) -> None:
    starts = [NOON + timedelta(seconds=number / 3) for number in range(7)]
    for start in starts:
        announce(state, start, AnnouncementState.DONE, over=minute(1))
    assert clear(state, Kept.RECEIPTS, limit=2) == len(starts)
    assert count(state, Kept.RECEIPTS) == 0
