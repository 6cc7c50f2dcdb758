"""Follow: webhooks that cannot be followed do not hold up the others, and nothing they asked for is lost."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.flows import ingest, replay
from ticket_pipeline.flows.follow import follow
from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.model.report import FollowReport
from ticket_pipeline.sandbox.settings import (
    SANDBOX_APP_ID,
    SANDBOX_APP_SECRET,
    SANDBOX_INSTANCE_ID,
    SANDBOX_SITE_ID,
)
from ticket_pipeline.store import dead_letters, inbox
from ticket_pipeline.store.dead_letters import DeadLetter
from ticket_pipeline.store.inbox import Entry
from ticket_pipeline.wix.auth import ApiKey, AppCredentials
from ticket_pipeline_tests.flows.stage import Stage
from ticket_pipeline_tests.sandbox.api import DEFINITIONS, NOW

DEFINITION, EVENT = "wix.events.v3.ticket_definition_", "wix.events.v3.event_"
_keys = (f"webhook-{number}" for number in itertools.count())


def webhook(topic: str, entity_id: str, event_id: str | None = None, **more: Any) -> Envelope:
    body = more.pop("body", {})
    return Envelope(
        key=next(_keys),
        topic=topic,
        instance_id=None,
        entity_id=entity_id,
        event_id=event_id,
        occurred_at=None,
        body=body,
        **more,
    )


def land(stage: Stage, *envelopes: Envelope) -> None:
    with stage.site.state.writing() as tx:
        inbox.land(tx, "box_office", envelopes, at=NOW)


def follow_on(stage: Stage) -> FollowReport:
    site = stage.site
    return follow(site.state, site.wix, stage.sync_parts, now=NOW)


def waiting(stage: Stage) -> list[Entry]:
    with stage.site.state.reading() as tx:
        return inbox.waiting(tx, "box_office", 1000)


def letters(stage: Stage) -> list[DeadLetter]:
    with stage.site.state.reading() as tx:
        return dead_letters.open_letters(tx, "box_office")


def replay_everything(stage: Stage) -> FollowReport:
    selection = replay.select(stage.site.state, everything=True)
    replay.reopen(stage.site.state, stage.site.wix, selection, now=NOW)
    return follow_on(stage)


def rename(stage: Stage, definition_id: str, name: str) -> dict[str, Any]:
    stage.api.sandbox("/edit", {"definitionId": definition_id, "ticketDefinition": {"name": name}})
    definition: dict[str, Any] = stage.api.get(definition_id)
    return definition


def create(stage: Stage, name: str) -> dict[str, Any]:
    like = next(each for each in stage.api.all() if "fixedPrice" in each["pricingMethod"])
    given = {"eventId": like["eventId"], "name": name, "feeType": "NO_FEE", "pricingMethod": like["pricingMethod"]}
    made: dict[str, Any] = stage.api.ask("POST", DEFINITIONS, {"ticketDefinition": given})["ticketDefinition"]
    return made


@pytest.fixture
def outage(stage: Stage) -> Iterator[None]:
    """Wix answers 500 to everything until the test ends or mends it."""
    stage.api.sandbox("/faults", {"broken": 1.0}, method="PUT")
    yield
    stage.api.sandbox("/faults", {}, method="PUT")


def mend(stage: Stage) -> None:
    stage.api.sandbox("/faults", {}, method="PUT")


def test_a_draft_that_may_not_be_read_holds_nobody_up(stage: Stage) -> None:
    app = AppCredentials(app_id=SANDBOX_APP_ID, app_secret=SANDBOX_APP_SECRET, instance_id=SANDBOX_INSTANCE_ID)
    stage.site.wix._auth = app
    stage.sync()
    when = {"startDate": "2026-09-01T10:00:00Z", "timeZoneId": "UTC"}
    event = {"event": {"title": "Secret gala", "dateAndTimeSettings": when}, "draft": True}
    draft = stage.api.sandbox("/events/create", event)["event"]["id"]
    edited, moved = list(stage.wix_names())[:2]
    body = {"updatedEvent": {"currentEntity": rename(stage, edited, "Whole")}}
    rename(stage, moved, "Hinted")
    land(
        stage,
        webhook(f"{EVENT}created", draft, draft),
        webhook(f"{DEFINITION}updated", edited, body=body),
        webhook(f"{DEFINITION}sale_period_updated", moved),
    )
    follow_on(stage)
    assert (stage.titles()[edited], stage.titles()[moved]) == ("Whole", "Hinted")
    assert [(each.subject, each.code) for each in letters(stage)] == [(draft, "not_readable")]
    assert waiting(stage) == []


def test_a_revoked_key_stops_and_buries_nothing(stage: Stage) -> None:
    stage.sync()
    moved = next(iter(stage.wix_names()))
    rename(stage, moved, "Hinted")
    land(stage, webhook(f"{DEFINITION}sale_period_updated", moved))
    good, stage.site.wix._auth = stage.site.wix._auth, ApiKey(api_key="revoked", site_id=SANDBOX_SITE_ID)
    with pytest.raises(ConfigError):
        follow_on(stage)
    assert letters(stage) == []
    stage.site.wix._auth = good
    follow_on(stage)
    assert stage.titles()[moved] == "Hinted"


def test_a_definition_of_a_dead_event_that_comes_late_does_not_stay_alive(stage: Stage) -> None:
    stage.sync()
    late = create(stage, "Late")
    event_id = late["eventId"]
    stage.api.sandbox("/events/delete", {"eventId": event_id})
    land(stage, webhook(f"{EVENT}deleted", event_id, event_id))
    follow_on(stage)
    stage.api.sandbox("/faults", {"broken": 1.0}, method="PUT")
    land(stage, webhook(f"{DEFINITION}created", late["id"], event_id, body={"createdEvent": {"entity": late}}))
    with pytest.raises(TransientError):
        follow_on(stage)
    mend(stage)
    follow_on(stage)
    stage.reconcile()
    assert late["id"] not in stage.titles()


@pytest.mark.usefixtures("outage")
def test_what_only_hints_waits_until_wix_can_be_read(stage: Stage) -> None:
    mend(stage)
    stage.sync()
    moved = next(iter(stage.wix_names()))
    rename(stage, moved, "Hinted")
    stage.api.sandbox("/faults", {"broken": 1.0}, method="PUT")
    land(stage, webhook(f"{DEFINITION}sale_period_updated", moved))
    with pytest.raises(TransientError):
        follow_on(stage)
    assert [entry.attempts for entry in waiting(stage)] == [1]
    mend(stage)
    follow_on(stage)
    assert stage.titles()[moved] == "Hinted"


def test_a_privacy_request_does_not_lose_the_change_it_came_with(stage: Stage) -> None:
    stage.sync()
    moved = next(iter(stage.wix_names()))
    rename(stage, moved, "Hinted")
    stage.api.sandbox("/faults", {"broken": 1.0}, method="PUT")
    land(stage, webhook(f"{DEFINITION}sale_period_updated", moved, anonymise=True))
    with pytest.raises(TransientError):
        follow_on(stage)
    mend(stage)
    follow_on(stage)
    assert stage.titles()[moved] == "Hinted"


def test_a_batch_with_a_buried_webhook_is_followed_by_the_next(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.sync()
    monkeypatch.setattr(ingest, "_BATCH", 3)
    monkeypatch.setitem(ingest.ingest.__kwdefaults__ or {}, "limit", 3)
    nobody = "not-an-id-that-wix-would-take"
    land(stage, webhook(f"{DEFINITION}sale_started", nobody), *(webhook(f"{EVENT}reminder", "x") for _ in range(10)))
    follow_on(stage)
    assert waiting(stage) == []


def test_a_letter_is_closed_when_its_definition_dies_before_it_was_ever_made(stage: Stage) -> None:
    stage.sync()
    refused = create(stage, "Refused")["id"]
    stage.place.refuse[refused] = "no thanks"
    stage.reconcile()
    assert [each.subject for each in letters(stage)] == [refused]
    stage.api.ask("DELETE", f"{DEFINITIONS}/{refused}")
    stage.reconcile()
    assert letters(stage) == []


def test_a_letter_is_closed_when_what_was_refused_is_not_wanted_any_more(stage: Stage) -> None:
    stage.sync()
    edited, before = next(iter(stage.wix_names().items()))
    stage.place.refuse[edited] = "not that name"
    rename(stage, edited, "Bad name")
    stage.reconcile()
    assert len(letters(stage)) == 1
    rename(stage, edited, before)
    stage.reconcile()
    assert letters(stage) == []


def test_a_letter_outlives_a_replay_that_could_not_read_wix(stage: Stage) -> None:
    stage.sync()
    with stage.site.state.writing() as tx:
        letter = DeadLetter(
            subject="unreadable", event_id=stage.api.all()[0]["eventId"], code="unreadable", reason="garbled"
        )
        dead_letters.bury(tx, "box_office", flow="load", letters=[letter], at=NOW)
    stage.api.sandbox("/faults", {"broken": 1.0}, method="PUT")
    with pytest.raises(TransientError):
        replay_everything(stage)
    assert len(letters(stage)) == 1
    mend(stage)
    replay_everything(stage)
    assert letters(stage) == []
