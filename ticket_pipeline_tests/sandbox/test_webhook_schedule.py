"""When webhooks are sent, and sent again: driven by a number, without waiting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.sandbox.webhooks.outbox import Delivery, Outbox
from ticket_pipeline.sandbox.webhooks.resend_schedule import RESENDS, next_attempt
from ticket_pipeline.sandbox.webhooks.webhook import Webhook

MINUTES = [1, 10, 60, 120, 120, 120, 240, 240, 240, 480, 480, 720]


def delivery(number: int = 1) -> Delivery:
    """Make a delivery."""
    webhook = Webhook(id=str(number), topic="t", entity_id="e", payload="{}")
    return Delivery(number=number, webhook=webhook, url="http://127.0.0.1/")


def test_wix_repeats_for_47_hours_and_11_minutes() -> None:
    assert [step / 60 for step in RESENDS] == MINUTES
    assert sum(MINUTES) == 47 * 60 + 11


@pytest.mark.parametrize(("failures", "minutes"), list(enumerate(MINUTES, start=1)))
def test_each_delay_counts_from_the_failure_before(failures: int, minutes: int) -> None:
    assert next_attempt(failures, 1000.0) == 1000.0 + minutes * 60
    assert next_attempt(failures, 1000.0, scale=0.001) == pytest.approx(1000.0 + minutes * 0.06)


def test_after_the_twelfth_resend_there_is_none() -> None:
    assert next_attempt(13, 0.0) is None


def test_a_delivery_that_always_fails_is_sent_thirteen_times_and_lost() -> None:
    outbox, now, attempts = Outbox(), 0.0, []
    outbox.add(delivery(), now)
    while (taken := outbox.take(now)) is not None:
        attempts.append(now / 60)
        if outbox.failed(taken, now) is None:
            break
        assert outbox.take(now + 59) is None
        now = outbox.soonest() or 0.0
    assert attempts == [sum(MINUTES[:n]) for n in range(13)]
    assert outbox.is_quiet(now, resends=True)


def test_what_waits_for_a_resend_does_not_hold_up_others() -> None:
    outbox = Outbox()
    outbox.add(delivery(1), 0.0)
    first = outbox.take(0.0)
    assert first is not None
    outbox.failed(first, 0.0)
    outbox.add(delivery(2), 1.0)
    second = outbox.take(1.0)
    assert second is not None
    assert second.number == 2
    outbox.delivered(second)
    assert outbox.is_quiet(1.0)
    assert not outbox.is_quiet(1.0, resends=True)
    assert [waiting.failures for waiting in outbox.waiting()] == [1]


def test_those_of_one_instant_keep_the_order_they_came_in_unless_they_are_hurried() -> None:
    outbox = Outbox()
    for number in (1, 2, 3):
        outbox.add(delivery(number), 5.0)
    assert outbox.take(4.9) is None
    outbox.hurry([3, 9, 1], 4.0)
    taken = [outbox.take(5.0) for _ in range(4)]
    assert [one.number if one else None for one in taken] == [3, 1, 2, None]


def test_what_is_forgotten_while_it_is_sent_does_not_come_back() -> None:
    outbox = Outbox()
    outbox.add(delivery(), 0.0)
    taken = outbox.take(0.0)
    assert taken is not None
    outbox.clear()
    assert not outbox.is_being_sent(taken)
    assert outbox.soonest() is None


STEPS = st.lists(st.tuples(st.sampled_from(["add", "take", "fail", "deliver", "hurry", "drop"]), st.integers(0, 9)))


@given(steps=STEPS)
def test_nothing_is_lost_or_sent_twice_at_a_time_whatever_happens(steps: list[tuple[str, int]]) -> None:
    outbox, now, added, sending, done = Outbox(), 0.0, 0, dict[int, Delivery](), set[int]()
    for step, pick in steps:
        now += pick * 30
        chosen = list(sending.values())[pick % len(sending)] if sending else None
        if step == "add":
            added += 1
            outbox.add(delivery(added), now + pick)
        elif step == "take":
            taken = outbox.take(now)
            if taken is not None:
                assert taken.number not in sending
                sending[taken.number] = taken
        elif step == "hurry":
            outbox.hurry([waiting.number for waiting in outbox.waiting()], now)
        elif step == "drop":
            gone = [pending.number for pending in outbox.pending()][:1]
            outbox.discard(gone)
            done.update(gone)
        elif chosen is not None:
            del sending[chosen.number]
            if step == "deliver" or outbox.failed(chosen, now) is None:
                outbox.delivered(chosen)
                done.add(chosen.number)
    pending = {one.number for one in outbox.pending()}
    assert sorted([*pending, *sending, *done]) == list(range(1, added + 1))
    assert outbox.untried == sum(1 for one in outbox.pending() if one.failures == 0)
    assert outbox.sending == len(sending)
