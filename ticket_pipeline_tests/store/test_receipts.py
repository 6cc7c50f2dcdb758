"""Receipts: a message is claimed once, a person is told once."""

from ticket_pipeline.model.announcement import StartKey
from ticket_pipeline.store import receipts
from ticket_pipeline.store.receipts import Receipt, State
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.store.bodies import minute

KEY = StartKey("gala", minute(10))
MAIL = Receipt(channel="smtp", recipient="ann by mail", person="ann")
PUSH = Receipt(channel="web_push", recipient="ann by push", person="ann")


def claim(state: SiteState, receipt: Receipt = MAIL, *, resend: bool = False, key: StartKey = KEY) -> bool:
    with state.noting() as tx:
        return receipts.claim(tx, state.site, key, receipt, resend=resend, at=minute(10))


def settle(state: SiteState, as_: State, receipt: Receipt = MAIL, *, code: str | None = None, at: int = 10) -> None:
    with state.noting() as tx:
        receipts.settle(tx, state.site, KEY, receipt, as_, code=code, at=minute(at))


def test_a_message_is_claimed_once(state: SiteState) -> None:
    assert claim(state)
    assert not claim(state)
    settle(state, State.SENT)
    assert not claim(state)
    assert not claim(state, resend=True)


def test_a_person_is_told_on_one_channel(state: SiteState) -> None:
    assert claim(state, PUSH)
    assert not claim(state, MAIL)
    settle(state, State.REFUSED, PUSH, code="gone")
    assert claim(state, MAIL)
    assert not claim(state, PUSH)


def test_two_persons_with_one_address_are_told_once(state: SiteState) -> None:
    assert claim(state, MAIL)
    assert not claim(state, Receipt(channel="smtp", recipient="ann by mail", person="ben"))


def test_another_start_is_another_message(state: SiteState) -> None:
    assert claim(state)
    assert claim(state, key=StartKey("gala", minute(11)))
    assert claim(state, key=StartKey("recital", minute(10)))


def test_what_was_postponed_may_be_claimed_again_unless_the_person_was_told_otherwise(state: SiteState) -> None:
    claim(state, PUSH)
    settle(state, State.POSTPONED, PUSH)
    assert claim(state, PUSH)
    settle(state, State.POSTPONED, PUSH)
    assert claim(state, MAIL)
    settle(state, State.SENT, MAIL)
    assert not claim(state, PUSH)


def test_what_was_cut_off_is_unknown_and_sent_again_only_where_so_declared(state: SiteState) -> None:
    claim(state)
    with state.writing() as tx:
        assert receipts.cut_off(tx, state.site, KEY, at=minute(20)) == 1
        assert receipts.cut_off(tx, state.site, KEY, at=minute(20)) == 0
    with state.reading() as tx:
        assert receipts.told(tx, state.site, KEY) == {"ann"}
        assert receipts.told(tx, state.site, KEY, resend=True) == set()
    assert not claim(state)
    assert claim(state, resend=True)


def test_only_what_is_claimed_can_be_settled(state: SiteState) -> None:
    claim(state)
    settle(state, State.SENT)
    settle(state, State.REFUSED)
    with state.reading() as tx:
        assert receipts.states(tx, state.site, KEY, ["ann", "ben"]) == {"ann": {"smtp": State.SENT}}
        assert receipts.sent(tx, state.site, KEY) == 1


def test_those_told_on_no_channel_count_by_what_was_tried_last(state: SiteState) -> None:
    for number in range(3):
        claim(state, each := Receipt(channel="smtp", recipient=f"r{number}", person=f"p{number}"))
        settle(state, State.REFUSED, each, code="mailbox_unavailable")
    claim(state, PUSH)
    settle(state, State.REFUSED, PUSH, code="gone", at=10)
    claim(state, MAIL)
    settle(state, State.POSTPONED, MAIL, code="busy", at=11)
    claim(state, other := Receipt(channel="web_push", recipient="r0", person="p0"))
    settle(state, State.SENT, other, at=12)
    with state.reading() as tx:
        assert receipts.failures(tx, state.site, KEY) == {"mailbox_unavailable": 2, "busy": 1}
        assert receipts.figures(tx, state.site, KEY)["smtp", State.REFUSED, "mailbox_unavailable"] == 3
        assert receipts.last_sent_at(tx, state.site, KEY) == minute(12)
