"""Retain: clearing away loses nothing that is still needed, whatever comes late, and whoever works beside it."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ticket_pipeline.flows import replay
from ticket_pipeline.flows.announcement_calendar import calendar
from ticket_pipeline.flows.retain import retain
from ticket_pipeline.flows.sale_starts import due
from ticket_pipeline.model.announcement import Standing
from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.model.retention import Kept, RetainReport
from ticket_pipeline.retention_settings import RetentionSettings
from ticket_pipeline.store import definitions, inbox
from ticket_pipeline.store.database import open_database
from ticket_pipeline.store.inbox import State
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.flows.announcing import BoxOffice, box_office
from ticket_pipeline_tests.flows.stage import Stage
from ticket_pipeline_tests.flows.test_follow import DEFINITION, create, follow_on, land, replay_everything, webhook
from ticket_pipeline_tests.sandbox.api import DEFINITIONS, NOW
from ticket_pipeline_tests.store.bodies import NOON, minute

SHORTEST = RetentionSettings.model_validate(
    {
        "inbox": "7d",
        "receipts": "7d",
        **dict.fromkeys(("dead_letters", "approvals", "counter_history", "runs", "reports"), "1d"),
    }
).ages(late_limit=timedelta(hours=2), expiry_tolerance=timedelta(minutes=5))
YEAR = timedelta(days=365)


def cleared(state: SiteState, *, now: datetime, preview: bool = False, at_once: int = 2) -> RetainReport:
    return retain(state, SHORTEST, now=now, sleep=lambda _: None, preview=preview, at_once=at_once)


def order(number: int) -> Envelope:
    topic = "wix.events.ticketing.events.OrderConfirmed"
    return Envelope(
        key=f"{number}", topic=topic, instance_id=None, entity_id=None, event_id=None, occurred_at=None, body={}
    )


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SiteState]:
    made = SiteState(database=open_database(f"sqlite:///{tmp_path}/state.db"), site="box_office")
    yield made
    made.database.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[BoxOffice]:
    made = box_office(tmp_path)
    for name in ("ann", "ben"):
        made.people.join(name)
    yield made
    made.state.database.close()


def settle(state: SiteState, *envelopes: Envelope, at: datetime = NOON) -> None:
    with state.writing() as tx:
        inbox.land(tx, state.site, envelopes, at=at)
        inbox.finish(tx, state.site, list(range(1, inbox.last_seq(tx, state.site) + 1)), State.DONE, at=at)


def test_a_preview_counts_and_clears_nothing(state: SiteState) -> None:
    settle(state, *map(order, range(5)))
    foreseen = cleared(state, now=NOON + YEAR, preview=True)
    assert foreseen.removed[Kept.INBOX] == 4
    assert cleared(state, now=NOON + YEAR) == foreseen
    assert cleared(state, now=NOON + YEAR).removed == dict.fromkeys(Kept, 0)


def test_a_webhook_repeated_after_wix_s_47_hours_is_a_duplicate_whatever_was_declared(state: SiteState) -> None:
    settle(state, order(1), order(2))
    late = NOON + timedelta(hours=47, minutes=11)
    cleared(state, now=late)
    with state.writing() as tx:
        landed = inbox.land(tx, state.site, [order(1)], at=late)
    assert (landed.new, landed.repeated) == ((), ("1",))


def test_a_webhook_is_kept_for_as_long_as_its_token_may_be_taken() -> None:
    ages = RetentionSettings(inbox=timedelta(days=7)).ages(late_limit=timedelta(0), expiry_tolerance=timedelta(days=10))
    assert ages.of_state[Kept.INBOX] == timedelta(days=14)


def test_webhooks_that_land_while_it_clears_wait_for_one_batch_at_most(state: SiteState) -> None:
    settle(state, *map(order, range(1_000)))
    landed, breaths = threading.Event(), 0

    def lands() -> None:
        with state.writing() as tx:
            inbox.land(tx, state.site, [order(5_000)], at=NOON + YEAR)
        landed.set()

    def breathe(_: float) -> None:
        nonlocal breaths
        breaths += 1
        if breaths == 1:
            threading.Thread(target=lands).start()
            assert landed.wait(60)

    report = retain(state, SHORTEST, now=NOON + YEAR, sleep=breathe, at_once=100)
    assert (report.removed[Kept.INBOX], breaths) == (999, 9)
    with state.reading() as tx:
        assert [each.envelope.key for each in inbox.after(tx, state.site, 0, 10)] == ["999", "5000"]


def test_two_that_clear_at_once_clear_each_thing_once(state: SiteState) -> None:
    settle(state, *map(order, range(600)))
    reports: list[RetainReport] = []
    threads = [
        threading.Thread(target=lambda: reports.append(cleared(state, now=NOON + YEAR, at_once=50))) for _ in range(2)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join(120)
    assert sum(each.removed[Kept.INBOX] for each in reports) == 599


def test_a_late_webhook_revives_nothing_though_its_delete_was_cleared_away(stage: Stage) -> None:
    stage.sync()
    made = create(stage, "Short-lived")
    told = webhook(f"{DEFINITION}created", made["id"], body={"createdEvent": {"entity": made}})
    land(stage, told)
    follow_on(stage)
    stage.api.ask("DELETE", f"{DEFINITIONS}/{made['id']}")
    land(stage, webhook(f"{DEFINITION}deleted", made["id"]), webhook(f"{DEFINITION}updated", "unknown"))
    follow_on(stage)
    assert cleared(stage.site.state, now=NOW + YEAR).removed[Kept.INBOX] >= 2
    land(stage, told)
    follow_on(stage)
    with stage.site.state.reading() as tx:
        assert made["id"] in definitions.tombstones(tx, "box_office")
    assert made["id"] not in stage.titles()


def test_after_it_nothing_is_to_be_published_anew_and_a_replay_says_how_far_back_it_reaches(stage: Stage) -> None:
    stage.sync()
    for number, definition_id in enumerate(list(stage.wix_names())[:3]):
        stage.api.sandbox("/edit", {"definitionId": definition_id, "ticketDefinition": {"name": f"Changed {number}"}})
        land(stage, webhook(f"{DEFINITION}sale_period_updated", definition_id))
    follow_on(stage)
    titles = stage.titles()
    cleared(stage.site.state, now=NOW + YEAR)
    assert stage.publish().written == 0
    selection = replay.select(stage.site.state, everything=True)
    assert len(selection.seqs) == 1
    assert selection.reaches_back_to == NOW + YEAR - timedelta(days=7)
    assert replay.select(stage.site.state).reaches_back_to is None
    assert replay_everything(stage).published.written == 0
    assert stage.titles() == titles


def test_a_sale_start_that_still_stands_is_not_told_again_once_its_receipts_are_gone(office: BoxOffice) -> None:
    office.opens("stalls", at=minute(10))
    office.tick_at(minute(9))
    assert office.told() == {"ann": 1, "ben": 1}
    later = minute(10) + timedelta(days=8)
    assert cleared(office.state, now=later).removed[Kept.RECEIPTS] == 2
    assert due(office.state, now=later) == []
    assert office.tick_at(later) == []
    assert office.told() == {"ann": 1, "ben": 1}


def test_a_tier_moved_back_into_the_past_is_not_told_again_once_receipts_are_gone(office: BoxOffice) -> None:
    office.opens("stalls", at=minute(10))
    office.tick_at(minute(9))
    later = minute(10) + timedelta(days=8)
    office.time.pass_to(later)
    cleared(office.state, now=later)
    office.opens("stalls", at=minute(5))
    assert office.tick_at(later + timedelta(minutes=1)) == []
    assert office.told() == {"ann": 1, "ben": 1}


def test_the_calendar_counts_all_it_looks_back_on(office: BoxOffice) -> None:
    office.opens("stalls", at=minute(10))
    office.tick_at(minute(9))
    almost = minute(10) + timedelta(days=7)
    cleared(office.state, now=almost)
    (entry,) = calendar(office.state, now=almost)
    assert (entry.standing, entry.told) == (Standing.ANNOUNCED, 2)


def test_receipts_outlive_a_late_limit_of_any_length() -> None:
    ages = RetentionSettings(receipts=timedelta(days=7)).ages(
        late_limit=timedelta(days=30), expiry_tolerance=timedelta(0)
    )
    assert ages.of_state[Kept.RECEIPTS] == timedelta(days=37)
