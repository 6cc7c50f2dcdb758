"""The ledger: one claim at a time, and what is settled stays so."""

from datetime import timedelta

import pytest

from ticket_pipeline.model.announcement import StartKey
from ticket_pipeline.store import announcements
from ticket_pipeline.store.announcements import Announcement, Claim, State
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.store.bodies import minute

KEY = StartKey("gala", minute(10))
LEASE = timedelta(minutes=2)


def mine(by: str, key: StartKey = KEY) -> Claim:
    return Claim(site="box_office", key=key, by=by)


def claims(state: SiteState, by: str, *, at: int = 0, key: StartKey = KEY) -> Announcement | None:
    with state.writing() as tx:
        return announcements.claim(tx, mine(by, key), ["stalls"], now=minute(at), lease=LEASE)


def settles(state: SiteState, by: str, as_: State, *, at: int = 1) -> bool:
    with state.writing() as tx:
        return announcements.settle(tx, mine(by), as_, why="because", report={"told": 3}, at=minute(at))


def held(state: SiteState) -> Announcement | None:
    with state.reading() as tx:
        return announcements.get(tx, state.site, KEY)


def test_the_first_who_claims_has_it(state: SiteState) -> None:
    claimed = claims(state, "ann")
    assert claimed is not None
    assert (claimed.key, claimed.definition_ids, claimed.state) == (KEY, ("stalls",), State.OPEN)
    assert claims(state, "ben") is None


def test_one_without_a_sign_of_life_is_taken_for_dead(state: SiteState) -> None:
    claims(state, "ann", at=0)
    assert claims(state, "ben", at=1) is None
    assert claims(state, "ben", at=2) is not None


def test_a_sign_of_life_keeps_the_claim_until_it_comes_too_late(state: SiteState) -> None:
    claims(state, "ann", at=0)
    with state.writing() as tx:
        assert announcements.extend(tx, mine("ann"), until=minute(4))
    assert claims(state, "ben", at=3) is None
    claims(state, "ben", at=4)
    with state.writing() as tx:
        assert not announcements.extend(tx, mine("ann"), until=minute(9))
    assert not settles(state, "ann", State.DONE)
    assert settles(state, "ben", State.DONE)


def test_what_is_let_go_is_free_at_once(state: SiteState) -> None:
    claims(state, "ann")
    with state.writing() as tx:
        announcements.let_go(tx, mine("ben"))
    assert claims(state, "ben") is None
    with state.writing() as tx:
        announcements.let_go(tx, mine("ann"))
    assert claims(state, "ben") is not None


@pytest.mark.parametrize("settled", [State.DONE, State.SKIPPED_LATE])
def test_what_is_settled_is_claimed_no_more(state: SiteState, settled: State) -> None:
    claims(state, "ann")
    assert settles(state, "ann", settled)
    assert claims(state, "ben", at=1000) is None
    row = held(state)
    assert row is not None
    assert (row.state, row.why, row.report, row.finished_at) == (settled, "because", {"told": 3}, minute(1))


def test_what_was_withdrawn_may_come_back(state: SiteState) -> None:
    claims(state, "ann")
    settles(state, "ann", State.WITHDRAWN)
    claimed = claims(state, "ben")
    assert claimed is not None
    assert (claimed.state, claimed.why) == (State.OPEN, "")


def test_only_the_first_message_is_the_first(state: SiteState) -> None:
    claims(state, "ann")
    with state.writing() as tx:
        announcements.first_sent(tx, mine("ann"), at=minute(10))
        announcements.first_sent(tx, mine("ann"), at=minute(11))
    row = held(state)
    assert row is not None
    assert row.first_sent_at == minute(10)


def test_announcements_are_listed_in_the_order_of_their_starts(state: SiteState) -> None:
    for number in (3, 1, 2):
        claims(state, "ann", key=StartKey("gala", minute(number)))
    with state.reading() as tx:
        assert [each.key.at for each in announcements.listed(tx, state.site)] == [minute(1), minute(2), minute(3)]
        assert [each.key.at for each in announcements.listed(tx, state.site, since=minute(3))] == [minute(3)]
        assert announcements.listed(tx, "other") == []
