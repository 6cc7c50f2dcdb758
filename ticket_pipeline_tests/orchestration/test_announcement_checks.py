"""The ledger of announcements is checked: it adds up, nobody is in it twice, and nobody before the time."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import delete, text, update

from ticket_pipeline.model.announcement import StartKey
from ticket_pipeline.model.message import Fate
from ticket_pipeline.orchestration.announcement_checks import told_in_time, told_once
from ticket_pipeline.store import announcements
from ticket_pipeline.store.announcements import Claim
from ticket_pipeline.store.schema import announcements as ledger
from ticket_pipeline.store.schema import receipts
from ticket_pipeline_tests.orchestration.stage import SITE, figure
from ticket_pipeline_tests.orchestration.telling import MINUTE, TOLD, Telling

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


@pytest.fixture
def told(teller: Telling) -> Telling:
    """Set a stage where one sale start was announced."""
    teller.open_sale(teller.some, teller.time.now + MINUTE)
    assert teller.announce().success
    return teller


def once(teller: Telling) -> dg.AssetCheckResult:
    return told_once(teller.site, at=teller.time.now)


def in_time(teller: Telling) -> dg.AssetCheckResult:
    return told_in_time(teller.site, at=teller.time.now)


def tamper(teller: Telling, *statements: Any) -> None:
    """Meddle with the ledger."""
    with teller.site.state.writing() as tx:
        for each in statements:
            tx.execute(each)


def test_all_is_well_where_each_was_told_once(told: Telling) -> None:
    result = once(told)
    assert result.passed
    shown = {
        name: figure(result.metadata, name) for name in ("announcements", "eligible", "told", "missing", "told twice")
    }
    assert shown == {"announcements": 1, "eligible": 3, "told": 3, "missing": 0, "told twice": 0}
    assert in_time(told).passed


@pytest.mark.parametrize("fate", [Fate.REFUSED, Fate.UNKNOWN])
def test_whoever_refused_or_may_have_got_it_is_accounted_for(teller: Telling, fate: Fate) -> None:
    teller.place.fates[TOLD[0]] = fate
    teller.open_sale(teller.some, teller.time.now + MINUTE)
    assert teller.announce().success
    result = once(teller)
    assert result.passed
    assert figure(result.metadata, "failed") + figure(result.metadata, "unknown") == 1


def test_who_unsubscribed_right_before_is_left_out_and_not_missing(teller: Telling) -> None:
    start = teller.time.now + MINUTE
    teller.open_sale(teller.some, start)
    file = teller.folder / "subscribers.csv"

    def unsubscribe() -> None:
        file.write_text(file.read_text().replace(f"{TOLD[0]},,subscribed", f"{TOLD[0]},,unsubscribed"))

    teller.time.at(start, unsubscribe)
    assert teller.announce().success
    assert teller.mailed == sorted(TOLD[1:])
    result = once(teller)
    assert result.passed
    assert figure(result.metadata, "left out right before") == 1


def test_a_receipt_that_is_gone_is_a_missing_person(told: Telling) -> None:
    with told.site.state.reading() as tx:
        recipient = tx.scalar(receipts.select().with_only_columns(receipts.c.recipient).limit(1))
    tamper(told, delete(receipts).where(receipts.c.recipient == recipient))
    result = once(told)
    assert (result.passed, result.severity) == (False, ERROR)
    assert figure(result.metadata, "missing") == 1


def test_two_messages_to_one_person_are_an_error(told: Telling) -> None:
    somebody = "(select min(person) from receipts)"
    tamper(told, text("drop index receipts_told_once"), text(f"update receipts set person = {somebody}"))
    result = once(told)
    assert (result.passed, result.severity) == (False, ERROR)
    assert figure(result.metadata, "told twice") == 1


@pytest.mark.parametrize(
    "early",
    [
        lambda at: update(ledger).values(first_sent_at=at),
        lambda at: update(receipts).values(at=at),
    ],
    ids=["the first message", "a receipt"],
)
def test_a_message_before_the_time_is_an_error(told: Telling, early: Callable[[Any], Any]) -> None:
    tamper(told, early(told.time.now - timedelta(milliseconds=1)))
    result = in_time(told)
    assert (result.passed, result.severity) == (False, ERROR)


def test_an_announcement_that_lies_interrupted_is_a_warning(teller: Telling) -> None:
    start = teller.time.now + MINUTE
    teller.open_sale(teller.some, start)
    mine = Claim(site=SITE, key=StartKey(teller.some.event_id, start), by="somebody")
    with teller.site.state.writing() as tx:
        announcements.claim(tx, mine, (), now=start, lease=2 * MINUTE)
    teller.time.pass_to(start + MINUTE)
    assert once(teller).passed
    teller.time.pass_to(start + 3 * MINUTE)
    result = once(teller)
    assert (result.passed, result.severity) == (False, WARN)
    assert teller.announce().success
    assert once(teller).passed


def test_what_was_too_late_is_a_warning_for_a_week(teller: Telling) -> None:
    start = teller.time.now + MINUTE
    teller.open_sale(teller.some, start)
    teller.time.pass_to(start + timedelta(hours=3))
    assert teller.announce().success
    result = once(teller)
    assert (result.passed, result.severity) == (False, WARN)
    teller.time.pass_to(start + timedelta(days=8))
    assert once(teller).passed


def test_where_nothing_was_announced_nothing_is_wrong(teller: Telling) -> None:
    assert once(teller).passed
    assert in_time(teller).passed
