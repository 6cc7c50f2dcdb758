"""announce: the calendar, what would be sent, and one message to try it."""

import re
from datetime import timedelta

import pytest

from ticket_pipeline import config
from ticket_pipeline.channels import memory
from ticket_pipeline.commands import announce
from ticket_pipeline.wiring import Wiring
from ticket_pipeline_tests.commands.terminal import Person
from ticket_pipeline_tests.sandbox.api import DEFINITIONS, NOW

ANNOUNCEMENTS = """
    announcements:
      audience: {kind: csv, path: subscribers.csv}
      channels: [{kind: memory, name: "NAME"}]
"""


@pytest.fixture
def place(person: Person, request: pytest.FixtureRequest) -> memory.Place:
    """Declare announcements only, into a place of this test's own; two of three want to hear of the run."""
    name = f"announce {request.node.name}"
    person.declare(doing=ANNOUNCEMENTS.replace("NAME", name))
    (person.folder / "subscribers.csv").write_text(
        "email,name,status,locale,opt_ins\n"
        "ann@example.org,Ann,subscribed,en,event:autumn-half-marathon\n"
        "ben@example.org,Ben,subscribed,de,event:autumn-half-marathon;event:other\n"
        "cid@example.org,Cid,unsubscribed,en,event:autumn-half-marathon\n"
    )
    return memory.connect(memory.Config(name=name)).place


@pytest.fixture
def event_id(person: Person, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give the event whose tickets go on sale in an hour, by the sandbox's clock."""
    monkeypatch.setattr(announce, "now", lambda: NOW)
    event_id = person.api.event_id("autumn-half-marathon")
    start = NOW + timedelta(hours=1)
    tier = next(each for each in person.api.all() if each["eventId"] == event_id)
    period = {"startDate": start.strftime("%Y-%m-%dT%H:%M:00Z"), "displayNotOnSale": True}
    changed = {"ticketDefinition": {"revision": tier["revision"], "salePeriod": period}}
    person.api.ask("PATCH", f"{DEFINITIONS}/{tier['id']}", changed)
    return event_id


def test_the_calendar_lists_what_comes(person: Person, place: memory.Place, event_id: str) -> None:
    listed = person.reads("announce", "--event", event_id)["sites"]["box_office"]
    assert {each["event_id"] for each in listed} == {event_id}
    assert "coming" in {each["standing"] for each in listed}
    text = person.types("announce").stdout
    assert "box_office: sale starts" in text
    assert place.messages == []


def test_a_preview_shows_the_message_and_counts_and_sends_nothing(
    person: Person, place: memory.Place, event_id: str
) -> None:
    shown = person.reads("announce", "--preview", "--event", event_id)["sites"]["box_office"]
    assert (shown["listed"], shown["eligible"], shown["skipped"]) == (3, 2, {"unsubscribed": 1})
    text = person.types("announce", "--preview", "--event", event_id).stdout
    assert "to 2 of 3 listed (memory 2)" in text
    assert "not to 1: unsubscribed" in text
    assert re.search(r"sale starts \w{3} \d{4}-\d\d-\d\d \d\d:\d\d UTC \(in 1 h 0 min\)", text)
    assert "Subject: " in text
    assert not re.search("(ann|ben|cid)@", text + str(shown))
    assert place.messages == []


def test_a_test_message_goes_to_one_address(person: Person, place: memory.Place, event_id: str) -> None:
    assert "sent the message" in person.types("announce", "--test", "me@example.org", "--event", event_id).stdout
    assert [each.to.email for each in place.messages] == ["me@example.org"]
    assert person.reads("announce", "--test", "me@example.org", "--event", event_id)["fate"] == "sent"
    assert "--test" in person.types("announce", "--test", "nobody", exits=2).stderr
    assert "no sale start" in person.types("announce", "--test", "me@example.org", "--event", "x", exits=2).stderr


def test_without_announcements_it_is_said_what_to_add(person: Person) -> None:
    assert "add sites.<name>.announcements" in person.types("announce", exits=2).stderr


def test_check_looks_at_audience_and_channels(person: Person, place: memory.Place) -> None:
    assert place.messages == []
    found = {each["what"]: each for each in person.reads("check")["sites"]["box_office"]}
    assert found["csv: subscribers"]["level"] == found["memory"]["level"] == "ok"
    assert found["unsubscribe links"]["level"] == "warning"
    (person.folder / "subscribers.csv").unlink()
    assert person.reads("check", exits=2)


def test_links_lead_to_the_public_address_or_else_to_this_machine(
    person: Person, place: memory.Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert place.messages == []

    def led_to() -> str:
        parts = Wiring(config.load(None)).site("box_office").announce_parts
        assert parts is not None
        return parts.link("f" * 32, "1").partition("/unsubscribe/")[0]

    assert led_to() == "http://127.0.0.1:8787"
    monkeypatch.setenv(config.SERVER_VARIABLE, "http://127.0.0.1:9999")
    assert led_to() == "http://127.0.0.1:9999"
    path = person.folder / "pipeline.yaml"
    path.write_text("server: {public_url: https://tickets.example.org}\n" + path.read_text())
    assert led_to() == "https://tickets.example.org"
