"""Which pretix event a ticket goes to: found, made, known again, refused."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.destinations._pretix_events import legal_slug
from ticket_pipeline.destinations.pretix import Pretix
from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.model.change import Outcome
from ticket_pipeline.model.finding import Finding
from ticket_pipeline_tests.destinations.changes import create, wix_id
from ticket_pipeline_tests.destinations.pretix_contract import as_record
from ticket_pipeline_tests.destinations.pretix_stub import PretixStub
from ticket_pipeline_tests.destinations.test_pretix import connected
from ticket_pipeline_tests.mapping.tickets import event, fixed, ticket

GALA = event().id
WRONG = "no token"


@pytest.fixture
def stub() -> PretixStub:
    """Stand in for a pretix without events."""
    return PretixStub()


def put(destination: Pretix, **of_event: Any) -> Outcome:
    wanted = ticket(id=wix_id(), event_id=of_event.get("id", GALA))
    (outcome,) = destination.apply([create(as_record(wanted, **of_event))])
    return outcome


def test_an_event_is_made_as_wix_has_it_and_is_not_live(stub: PretixStub) -> None:
    assert put(connected(stub)).refused is False
    made = stub.events["wix-gala"]
    assert (made["name"], made["currency"], made["live"]) == ({"en": "Gala"}, "EUR", False)
    assert (made["date_from"], made["timezone"]) == ("2026-06-01T16:00:00+00:00", "Europe/Vilnius")
    properties = {each["name"]: each["default"] for each in stub.properties["wix-gala"]}
    assert properties == {"wix_ticket_definition_id": "", "wix_option_id": "", "wix_event": f"{GALA}/wix-gala"}


def test_an_event_made_by_hand_is_found_and_gets_each_property_once(stub: PretixStub) -> None:
    stub.make_event("wix-gala")
    stub.rights -= {"events"}
    for _ in range(2):
        assert put(connected(stub)).refused is False
    assert sorted(each["name"] for each in stub.properties["wix-gala"]) == [
        "wix_event",
        "wix_option_id",
        "wix_ticket_definition_id",
    ]


def test_all_tickets_may_go_to_one_event(stub: PretixStub) -> None:
    stub.make_event("festival")
    destination = connected(stub, event="festival")
    for title in ("Gala", "Ball"):
        assert (put(destination, id=title, slug=title.lower()).external_id or "").startswith("festival/")
    assert len(list(destination.find())) == 2
    assert "wix_event" not in {each["name"] for each in stub.properties["festival"]}


def test_a_slug_that_changes_in_wix_leaves_the_tickets_where_they_are(stub: PretixStub) -> None:
    put(connected(stub))
    outcome = put(connected(stub), slug="gala-renamed")
    assert (outcome.external_id or "").startswith("wix-gala/")
    assert list(stub.events) == ["wix-gala"]


def test_a_copy_that_people_make_of_an_event_is_not_the_event(stub: PretixStub) -> None:
    destination = connected(stub)
    put(destination)
    stub.make_event("wix-gala-2")
    stub.properties["wix-gala-2"] = [dict(each) for each in stub.properties["wix-gala"]]
    stub.items["wix-gala-2"] = [{**each, "id": 900} for each in stub.items["wix-gala"]]
    assert len(list(connected(stub).find())) == 1
    other = put(connected(stub), id="another", slug="gala-2")
    assert (other.external_id or "").startswith("wix-gala-2/")
    marks = [each["default"] for each in stub.properties["wix-gala-2"] if each["name"] == "wix_event"]
    assert marks == ["another/wix-gala-2"]


def test_two_wix_events_never_share_an_event_that_a_template_names(stub: PretixStub) -> None:
    destination = connected(stub, event="{event.title}")
    assert put(destination).refused is False
    outcome = put(destination, id="another")
    assert outcome.code == "event_taken"
    assert "wix-{event.id}" in str(outcome.reason)


@pytest.mark.parametrize(
    ("of_event", "word"),
    [
        ({"starts_at": None}, "has no date yet"),
        ({"slug": ""}, "event.slug of Wix event"),
    ],
)
def test_what_an_event_cannot_be_made_of_is_said(stub: PretixStub, of_event: dict[str, Any], word: str) -> None:
    assert word in str(put(connected(stub), **of_event).reason)
    assert stub.events == {}


def test_a_token_that_may_not_make_events_is_told_what_to_do(stub: PretixStub) -> None:
    stub.rights -= {"events"}
    outcome = put(connected(stub))
    assert outcome.code == "no_event"
    assert "'wix-gala'" in str(outcome.reason)
    assert "by hand" in str(outcome.reason)


def test_events_are_not_made_where_that_was_not_wanted(stub: PretixStub) -> None:
    assert put(connected(stub, create_events=False)).code == "no_event"


def test_an_event_that_the_token_does_not_see_is_said_to_be_taken(stub: PretixStub) -> None:
    stub.fail("POST events/", 400)
    assert "that the token sees" in str(put(connected(stub)).reason)


@pytest.mark.parametrize(("missing", "right"), [("items", "event.items:write"), ("settings", "event.settings.general")])
def test_a_missing_right_is_named(stub: PretixStub, missing: str, right: str) -> None:
    stub.make_event("wix-gala")
    stub.rights -= {missing}
    with pytest.raises(ConfigError, match=right):
        put(connected(stub))


def test_an_event_that_vanished_is_told_from_a_missing_right(stub: PretixStub) -> None:
    destination = connected(stub)
    put(destination)
    del stub.events["wix-gala"]
    with pytest.raises(TransientError, match="is gone"):
        put(destination)
    assert put(destination).refused is False


def test_a_wrong_token_is_told_from_an_unknown_organizer(stub: PretixStub) -> None:
    with pytest.raises(ConfigError, match="the token was refused"):
        list(connected(stub, token=WRONG).find())
    with pytest.raises(ConfigError, match="check organizer"):
        list(connected(stub, organizer="nobody").find())


def test_events_in_another_currency_refuse_their_tickets_alone(stub: PretixStub) -> None:
    stub.make_event("wix-ball", currency="GBP")
    destination = connected(stub)
    gala, ball = as_record(ticket(id=wix_id())), as_record(ticket(id=wix_id(), event_id="b"), id="b", slug="ball")
    right = as_record(ticket(id=wix_id(), event_id="b", pricing=fixed("5", "GBP")), id="b", slug="ball")
    outcomes = list(destination.apply([create(gala), create(ball), create(right)]))
    assert [outcome.code for outcome in outcomes] == [None, "currency_mismatch", None]


def test_tickets_are_looked_for_in_the_events_they_are_of(stub: PretixStub) -> None:
    destination = connected(stub)
    changes = [create(as_record(ticket(id=wix_id(), event_id=f"e{n}"), id=f"e{n}", slug=f"show-{n}")) for n in range(5)]
    list(destination.apply(changes))
    stub.calls.clear()
    (held,) = destination.find_in(["e3"], [changes[3].definition_id])
    assert held.external_id.startswith("wix-show-3/")
    assert [path for _, path in stub.calls] == ["events/wix-show-3/items/", "events/wix-show-3/quotas/"]


@given(st.text(min_size=1))
def test_a_slug_is_always_legal(text: str) -> None:
    slug = legal_slug(text)
    assert re.fullmatch(r"[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?", slug)
    assert len(slug) <= 50
    assert legal_slug(text) == slug


@pytest.mark.parametrize("pair", [("a b", "a-b"), ("žalias", "zalias"), ("x" * 60, "x" * 61), ("-a", "a")])
def test_slugs_of_different_texts_stay_apart(pair: tuple[str, str]) -> None:
    assert legal_slug(pair[0]) != legal_slug(pair[1])


def _levels(destination: Pretix) -> dict[str, str]:
    findings: list[Finding] = list(destination.check())
    return {finding.what.removeprefix("pretix: "): finding.level.value for finding in findings}


def test_a_check_tells_the_rights_and_writes_nothing(stub: PretixStub) -> None:
    stub.make_event("wix-gala")
    every = {"reachable": "ok", "new events": "ok", "items": "ok", "item meta properties": "ok"}
    assert _levels(connected(stub)) == every
    stub.rights = {"settings"}
    assert _levels(connected(stub)) == {**every, "new events": "warning", "items": "error"}
    assert (list(stub.events), stub.items["wix-gala"], stub.properties["wix-gala"]) == (["wix-gala"], [], [])
    assert _levels(connected(stub, token=WRONG)) == {"pretix": "error"}
