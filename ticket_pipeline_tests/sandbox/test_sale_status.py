"""Time passes: sales start and end, shows too, holds run out, and observers hear of it."""

import pytest

from ticket_pipeline.sandbox.changes import Change, ChangeKind
from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline_tests.sandbox.api import NOW, Api, Clock

TEN_MINUTES = "Opens in Ten Minutes"


def heard(sandbox: RunningSandbox) -> list[Change]:
    """Listen to the world from now on."""
    changes: list[Change] = []
    sandbox.world.subscribe(changes.append)
    return changes


def test_a_sale_starts_at_the_very_instant(api: Api, clock: Clock) -> None:
    assert api.named(TEN_MINUTES)["saleStatus"] == "SALE_SCHEDULED"
    clock.forward(minutes=9, seconds=59, milliseconds=999)
    assert api.named(TEN_MINUTES)["saleStatus"] == "SALE_SCHEDULED"
    clock.forward(milliseconds=1)
    assert api.named(TEN_MINUTES)["saleStatus"] == "SALE_STARTED"


def test_a_filter_by_sale_status_follows_the_clock(api: Api, clock: Clock) -> None:
    scheduled = {"saleStatus": "SALE_SCHEDULED"}
    before = {definition["name"] for definition in api.all(filter=scheduled)}
    clock.forward(minutes=10)
    assert before - {definition["name"] for definition in api.all(filter=scheduled)} == {TEN_MINUTES}


def test_a_sale_ends(api: Api, clock: Clock) -> None:
    clock.forward(days=60)
    assert api.named("Opens Tomorrow")["saleStatus"] == "SALE_ENDED"


def test_an_event_starts_and_ends_and_its_sales_go_on(api: Api, clock: Clock) -> None:
    event_id = api.event_id("tiny-room-night")
    statuses = []
    for _ in range(3):
        statuses.append(api.ask("GET", f"/events/v3/events/{event_id}")["event"]["status"])
        clock.forward(days=9, hours=2 if len(statuses) == 1 else 0)
    assert statuses == ["UPCOMING", "STARTED", "ENDED"]
    assert api.named("Floor")["saleStatus"] == "SALE_STARTED"


def test_observers_hear_of_a_start_once_and_at_its_own_instant(sandbox: RunningSandbox, api: Api, clock: Clock) -> None:
    changes = heard(sandbox)
    clock.forward(minutes=15)
    api.all()
    api.all()
    assert [(change.kind, change.at) for change in changes] == [(ChangeKind.SALE_STARTED, NOW.replace(minute=10))]


def test_a_start_that_was_moved_is_heard_at_its_new_instant_only(
    sandbox: RunningSandbox, api: Api, clock: Clock
) -> None:
    moved = {"salePeriod": {"startDate": "2026-06-01T12:30:00Z"}}
    api.sandbox("/edit", {"definitionId": api.named(TEN_MINUTES)["id"], "ticketDefinition": moved})
    changes = heard(sandbox)
    clock.forward(minutes=20)
    api.all()
    assert changes == []
    clock.forward(minutes=20)
    api.all()
    assert [change.kind for change in changes] == [ChangeKind.SALE_STARTED]


def test_a_start_that_was_moved_to_the_past_is_heard_now(sandbox: RunningSandbox, api: Api) -> None:
    changes = heard(sandbox)
    moved = {"salePeriod": {"startDate": "2026-05-01T12:30:00Z"}}
    api.sandbox("/edit", {"definitionId": api.named(TEN_MINUTES)["id"], "ticketDefinition": moved})
    kinds = [change.kind for change in changes]
    assert kinds == [ChangeKind.DEFINITION_UPDATED, ChangeKind.SALE_PERIOD_UPDATED, ChangeKind.SALE_STARTED]


def test_a_hold_runs_out_after_twenty_minutes(sandbox: RunningSandbox, api: Api, clock: Clock) -> None:
    seat = api.named("VIP & Dinner")["id"]
    api.sandbox("/hold", {"definitionId": seat, "quantity": 2})
    changes = heard(sandbox)
    clock.forward(minutes=19, seconds=59)
    assert api.named("VIP & Dinner")["salesDetails"]["reservedCount"] == 2
    clock.forward(seconds=1)
    assert api.named("VIP & Dinner")["salesDetails"]["reservedCount"] == 0
    kinds = [change.kind for change in changes if change.kind != ChangeKind.SALE_STARTED]
    assert kinds == [ChangeKind.STOCK_CHANGED, ChangeKind.RESERVATION_UPDATED]


def test_who_has_unsubscribed_hears_no_more(sandbox: RunningSandbox, api: Api, clock: Clock) -> None:
    changes: list[Change] = []
    unsubscribe = sandbox.world.subscribe(changes.append)
    unsubscribe()
    clock.forward(days=2)
    api.all()
    assert changes == []


@pytest.mark.parametrize(
    ("verb", "slug", "status", "kind"),
    [
        ("publish", "secret-show", "UPCOMING", ChangeKind.EVENT_PUBLISHED),
        ("cancel", "tiny-room-night", "CANCELED", ChangeKind.EVENT_CANCELED),
    ],
)
def test_an_event_is_published_or_called_off(
    sandbox: RunningSandbox, api: Api, verb: str, slug: str, status: str, kind: ChangeKind
) -> None:
    changes = heard(sandbox)
    event_id = api.event_id(slug)
    api.sandbox(f"/events/{verb}", {"eventId": event_id})
    assert api.ask("GET", f"/events/v3/events/{event_id}")["event"]["status"] == status
    assert [change.kind for change in changes] == [kind]
    assert api.refused("POST", f"/sandbox/events/{verb}", {"eventId": event_id})[0] == 428


def test_a_deleted_event_takes_its_definitions_along(sandbox: RunningSandbox, api: Api) -> None:
    changes = heard(sandbox)
    event_id = api.event_id("tiny-room-night")
    api.sandbox("/events/delete", {"eventId": event_id})
    assert api.all(filter={"eventId": event_id}) == []
    assert api.refused("GET", f"/events/v3/events/{event_id}") == (404, "EVENT_NOT_FOUND")
    assert [change.kind for change in changes] == [
        *[ChangeKind.DEFINITION_DELETED] * 2,
        ChangeKind.EVENT_DELETED,
    ]
