"""Slow, some 4 minutes: `dev` as people run it, twice at once, while the clock goes on to where sales start."""

import csv
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from ticket_pipeline.sandbox.serve import RunningSandbox, running
from ticket_pipeline.sandbox.settings import SANDBOX_API_KEY, SANDBOX_SITE_ID, SandboxSettings
from ticket_pipeline_tests.orchestration.test_dev import Terminal

MARATHON = "autumn-half-marathon"
PACKAGED = files("ticket_pipeline.sandbox").joinpath("subscribers.csv").read_text(encoding="utf-8")
#: Seconds. Both start, and both send, on one machine at the same time.
STARTING, SENDING = 240.0, 90.0
#: The promise is a second; two of everything, and whatever else is tested meanwhile, share this machine.
AT_ONCE = timedelta(seconds=15)
MINUTE = timedelta(minutes=1)
#: What `dev` needs to be up with a sale start known from its first sync.
UP_BEFORE = timedelta(seconds=150)
#: What a run needs to be there in time, and how many times as long as this machine took for the last one.
READY_BEFORE, LIKE_THE_LAST = timedelta(seconds=30), 2
RUNS = "{ runsOrError { ... on Runs { results { jobName status } } } }"
#: Of the second show: the first and the last of them are to be told, and nobody else.
ROWS = """email,name,status,locale,opt_ins
asked@example.org,Asked,subscribed,en,event:other;event:{slug}
other-event@example.org,Other,subscribed,en,event:other
pending@example.org,Pending,pending,en,event:{slug}
left@example.org,Left,unsubscribed,en,event:{slug}
bounced@example.org,Bounced,suppressed,en,event:{slug}
also-asked@example.org,,subscribed,de,event:{slug}
"""


@dataclass(frozen=True)
class Mail:
    """A mail that somebody got."""

    number: int
    to: str
    at: datetime


class BoxOffice:
    """A sandbox's page, as a browser sees it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        key = {"Authorization": SANDBOX_API_KEY, "wix-site-id": SANDBOX_SITE_ID}
        answer = requests.request(method, self.url + path, json=body, headers=key, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def tickets(self, slug: str) -> list[str]:
        """Find the ids of an event's ticket definitions."""
        event = self.ask("GET", f"/events/v3/events/slug/{slug}")["event"]
        found = self.ask("POST", "/events/v3/ticket-definitions/query", {"query": {"filter": {"eventId": event["id"]}}})
        return [each["id"] for each in found["ticketDefinitions"]]

    def open_sale(self, ticket: str, at: datetime) -> None:
        """Do what the button "Open the sale in a minute" does."""
        period = {"startDate": at.isoformat().replace("+00:00", "Z"), "endDate": None, "displayNotOnSale": True}
        self.ask(
            "POST",
            "/sandbox/edit",
            {"definitionId": ticket, "ticketDefinition": {"hidden": False, "salePeriod": period}},
        )

    def mails(self) -> list[Mail]:
        """Look at the tab."""
        found, mark = list[Any](), ""
        while some := (news := self.ask("GET", f"/sandbox/live?mail={mark}")["mail"])["mails"]:
            found, mark = found + some, news["mark"]
        return [Mail(each["number"], each["to"].lower(), datetime.fromtimestamp(each["at"], UTC)) for each in found]

    def mails_since(self, start: datetime, how_many: int) -> list[Mail]:
        """Wait for a sale start's mails, and a little for one too many."""
        until = start.timestamp() + SENDING
        while len(self._since(start)) < how_many and time.time() < until:
            time.sleep(0.25)
        time.sleep(2)
        return self._since(start)

    def _since(self, start: datetime) -> list[Mail]:
        return [each for each in self.mails() if each.at >= start]


@dataclass(frozen=True)
class Shows:
    """What runs, and when its sales start."""

    here: BoxOffice
    terminal: Terminal
    first: datetime
    second: datetime
    #: The other one: any Wix, any mail server, a pipeline.yaml of one's own.
    own: BoxOffice
    own_start: datetime


@pytest.fixture(scope="module")
def shows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shows]:
    """Run everything in one terminal, and in another one all but the sandbox."""
    here, own = tmp_path_factory.mktemp("here"), tmp_path_factory.mktemp("own")
    with running(SandboxSettings(events=3, definitions=9, mail_port=0)) as wix:
        own_start = declare(own, wix)
        terminals = [Terminal(here), Terminal(own, "--no-sandbox")]
        try:
            for each in terminals:
                each.wait_for("Ctrl-C stops everything.", patience=STARTING)
            lead = READY_BEFORE + LIKE_THE_LAST * in_step(terminals[0])
            office, start = BoxOffice(f"http://127.0.0.1:{terminals[0].sandbox}"), whole_minute(lead)
            ticket, other_ticket = office.tickets(MARATHON)[:2]
            office.open_sale(ticket, start)
            office.open_sale(other_ticket, start + MINUTE)
            yield Shows(office, terminals[0], start, start + MINUTE, BoxOffice(wix.base_url), own_start)
        finally:
            stop(terminals)


def declare(folder: Path, wix: RunningSandbox) -> datetime:
    """Declare a pipeline of one's own for a site where a sale starts soon; say when."""
    office = BoxOffice(wix.base_url)
    event = min(wix.world.events.values(), key=lambda each: each.id)
    start = whole_minute(UP_BEFORE)
    office.open_sale(office.tickets(event.slug)[0], start)
    (folder / "people.csv").write_text(ROWS.format(slug=event.slug), encoding="utf-8")
    announcing = {
        "audience": {"kind": "csv", "path": "people.csv", "opt_in": "event:{event.slug}"},
        "channels": [{"kind": "smtp", "url": f"smtp://127.0.0.1:{wix.mail_port}", "sender": "Box <box@example.org>"}],
    }
    auth = {"kind": "api_key", "api_key": SANDBOX_API_KEY, "site_id": SANDBOX_SITE_ID}
    site = {"wix": {"base_url": wix.base_url, "auth": auth}, "announcements": announcing}
    declared = {"state": "sqlite:///state.db", "sites": {"my_site": site}}
    (folder / "pipeline.yaml").write_text(yaml.safe_dump(declared), encoding="utf-8")
    return start


def in_step(terminal: Terminal) -> timedelta:
    """Wait until an edit has come through all that runs; tell how long that took."""
    began, edited = time.monotonic(), max(terminal.titles())
    edit = {"definitionId": edited, "ticketDefinition": {"name": "Edited"}}
    terminal.post(terminal.sandbox, "/sandbox/edit", edit)
    while terminal.titles()[edited] != "Edited":
        assert time.monotonic() - began < STARTING, terminal.screen.read_text()
        time.sleep(0.25)
    return timedelta(seconds=time.monotonic() - began)


def whole_minute(ahead: timedelta) -> datetime:
    """Give the first minute that begins so far ahead: Wix knows no seconds in sale dates."""
    return (datetime.now(UTC) + ahead).replace(second=0, microsecond=0) + MINUTE


def stop(terminals: Sequence[Terminal]) -> None:
    for each in terminals:
        each.process.send_signal(signal.SIGINT)
    for each in terminals:
        each.process.wait(timeout=60)


def who_asked(rows: str, slug: str) -> set[str]:
    """Read from a CSV who is to be told: subscribed in every row of theirs, and opted in."""
    listed = list(csv.DictReader(rows.splitlines()))
    told = {each["email"].lower() for each in listed if f"event:{slug}" in each["opt_ins"].split(";")}
    return told - {each["email"].lower() for each in listed if each["status"] != "subscribed"}


def each_one(mails: Sequence[Mail]) -> Counter[str]:
    return Counter(each.to for each in mails)


def test_at_the_second_everybody_who_asked_gets_a_mail_and_who_unsubscribes_none_of_the_next(shows: Shows) -> None:
    asked = who_asked(PACKAGED, MARATHON)
    assert len(asked) > 150
    first = shows.here.mails_since(shows.first, len(asked))
    assert each_one(first) == Counter(asked)
    assert min(each.at for each in first) - shows.first < AT_ONCE
    assert shows.here.ask("POST", "/sandbox/mail/unsubscribe", {"number": first[0].number}) == {"status": 200}
    second = shows.here.mails_since(shows.second, len(asked) - 1)
    assert each_one(second) == Counter(asked - {first[0].to})
    kept = (shows.terminal.folder / ".ticket-pipeline" / "subscribers.csv").read_text(encoding="utf-8")
    assert who_asked(kept, MARATHON) == asked - {first[0].to}
    runs = shows.terminal.graphql(RUNS)["runsOrError"]["results"]
    assert [each["status"] for each in runs if each["jobName"] == "box_office_announce"] == ["SUCCESS"] * 2


def test_with_a_pipeline_of_ones_own_each_who_asked_gets_one_mail_and_nobody_else(shows: Shows) -> None:
    mails = shows.own.mails_since(shows.own_start, 2)
    assert each_one(mails) == Counter(["asked@example.org", "also-asked@example.org"])
    assert all(timedelta(0) <= each.at - shows.own_start < AT_ONCE for each in mails)
