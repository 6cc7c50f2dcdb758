"""Slow, some five minutes: everything at once and for real, from a webhook to pretix and from a sale start to mails.

`ticket-pipeline dev` runs as anybody would run it, beside the sandbox; pretix holds the tickets, Ghost the readers,
maildev takes the mails.
"""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from ticket_pipeline.sandbox import SANDBOX_API_KEY, SANDBOX_SITE_ID, SANDBOX_WEBHOOK_PUBLIC_KEY, remote
from ticket_pipeline.sandbox.instants import to_wire
from ticket_pipeline.sandbox.serve import RunningSandbox, running
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline_tests.orchestration.free_port import free_port
from ticket_pipeline_tests.real.ghost_members import GhostMembers
from ticket_pipeline_tests.real.ghost_server import Ghost
from ticket_pipeline_tests.real.maildev_server import Maildev
from ticket_pipeline_tests.real.pretix_server import Pretix
from ticket_pipeline_tests.real.pretix_site import address
from ticket_pipeline_tests.real.servers import HOST, wait_until
from ticket_pipeline_tests.real.servers import running as process_running

SITE = "box_office"
#: Seconds: for a webhook to reach pretix, for mails after the sale start, for mails that nobody should get.
SEEN, TOLD, LEFTOVERS = 90.0, 120.0, 5.0
#: What the schedule needs to look ahead before a start.
AHEAD = timedelta(seconds=80)
ANN, BOB = "ann@example.org", "o'bob@example.org"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The servers, and the one event that the story is about."""

    sandbox: RunningSandbox
    ghost: Ghost
    pretix: Pretix
    maildev: Maildev
    event_id: str
    slug: str

    def items(self) -> dict[str, dict[str, Any]]:
        """Read the event's items in pretix, by the id they have at Wix; one each."""
        found = self.pretix.pages(f"events/story-{self.slug}/items/")
        by_id = {each["meta_data"]["wix_ticket_definition_id"]: each for each in found}
        assert len(by_id) == len(found)
        return by_id

    def opens(self, name: str, at: datetime) -> str:
        """Put a ticket definition at Wix that goes on sale at an instant; give its id."""
        period = {"startDate": to_wire(at), "endDate": to_wire(at + timedelta(days=1)), "displayNotOnSale": True}
        made = remote.create(
            event_id=self.event_id, name=name, limit=5, salePeriod=period, base_url=self.sandbox.base_url
        )
        return str(made["id"])

    def told(self) -> set[str]:
        """Give whom mails went to; one each."""
        return set(self._mails())

    def way_out(self, email: str) -> str:
        """Give the one-click way out of somebody's mail."""
        mail = self.maildev.source(self._mails()[email])
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        return str(mail["List-Unsubscribe"]).strip("<>")

    def _mails(self) -> dict[str, Any]:
        found = [(str(self.maildev.source(each)["To"].addresses[0].addr_spec), each) for each in self.maildev.inbox()]
        assert len(dict(found)) == len(found), "somebody was told twice"
        return dict(found)


@pytest.fixture
def stage(
    tmp_path: Path, ghost: Ghost, pretix: Pretix, maildev: Maildev, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    for variable in ("DAGSTER_HOME", "TICKET_PIPELINE_CONFIG", "TICKET_PIPELINE_SANDBOX_URL"):
        monkeypatch.delenv(variable, raising=False)
    maildev.empty()
    with running(SandboxSettings(events=2, definitions=8)) as sandbox:
        event = upcoming(sandbox)
        stage = Stage(
            sandbox=sandbox, ghost=ghost, pretix=pretix, maildev=maildev, event_id=event["id"], slug=event["slug"]
        )
        invite(ghost, stage.slug)
        port = free_port()
        remote.subscribe(f"http://{HOST}:{port}/webhooks/{SITE}", base_url=sandbox.base_url)
        with dev_running(declare(tmp_path, stage), port):
            yield stage


def upcoming(sandbox: RunningSandbox) -> dict[str, Any]:
    """Pick an event that is still to come."""
    query = {"query": {"filter": {"status": "UPCOMING"}, "paging": {"limit": 1}}}
    event: dict[str, Any] = remote.ask("POST", "/events/v3/events/query", query, base_url=sandbox.base_url)["events"][0]
    return event


def invite(ghost: Ghost, slug: str) -> None:
    """Let people opt in to the event by its own newsletter, or not, and be lost again."""
    members = GhostMembers(ghost)
    members.hold([])
    letters = [{"id": ghost.add_newsletter(f"event-{slug}")}]
    other = [{"id": ghost.add_newsletter("Weekly")}]
    for email in (ANN, BOB, "bounced@example.org"):
        ghost.add_member(email, newsletters=letters)
    ghost.add_member("other@example.org", newsletters=other)
    ghost.add_member("left@example.org", newsletters=[], labels=[f"event-{slug}"])
    members.suppress("bounced@example.org")


def declare(folder: Path, stage: Stage) -> Path:
    """Write the pipeline.yaml."""
    auth = {"kind": "api_key", "api_key": SANDBOX_API_KEY, "site_id": SANDBOX_SITE_ID}
    wix = {"base_url": stage.sandbox.base_url, "auth": auth, "webhook_public_key": SANDBOX_WEBHOOK_PUBLIC_KEY}
    sender = {"kind": "smtp", "url": f"smtp://{HOST}:{stage.maildev.smtp_port}", "sender": "Box <box@example.org>"}
    site = {
        "wix": {**wix, "requests_per_minute": 10_000},
        "sync": {"destination": {**address(stage.pretix), "event": "story-{event.slug}"}},
        "announcements": {
            "audience": {"kind": "ghost", "url": stage.ghost.url, "admin_api_key": stage.ghost.admin_api_key},
            "channels": [sender],
        },
    }
    path = folder / "pipeline.yaml"
    path.write_text(yaml.safe_dump({"state": f"sqlite:///{folder}/state.db", "sites": {SITE: site}}))
    return path


@contextmanager
def dev_running(declared: Path, port: int) -> Iterator[None]:
    """Run the whole pipeline, once it is synced, for the block; asked to, it ends by itself."""
    options = ["--no-sandbox", "--config", str(declared), "--port", str(port), "--dagster-port", str(free_port())]
    log = declared.parent / "dev.log"
    command = [sys.executable, "-m", "ticket_pipeline", "dev", *options]
    with process_running(command, folder=declared.parent, log=log) as process:
        try:
            wait_until(lambda: "Ctrl-C stops everything." in log.read_text(), process, log)
            yield
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == 0, log.read_text()[-3000:]


def eventually(look: Callable[[], bool], seconds: float) -> None:
    """Look until it is so."""
    began = time.monotonic()
    while not look():
        assert time.monotonic() < began + seconds, "it never came about"
        time.sleep(0.2)


def next_minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0) + timedelta(minutes=1)


def until(at: datetime) -> float:
    """Give the seconds that are left."""
    return (at - datetime.now(UTC)).total_seconds()


def test_from_a_webhook_to_the_ticketing_system_and_from_a_sale_start_to_the_readers(stage: Stage) -> None:
    before = stage.items()
    assert before
    first = next_minute(datetime.now(UTC) + AHEAD)
    stalls = stage.opens("Stalls", first)
    eventually(lambda: stage.items().keys() == {*before, stalls}, SEEN)
    assert datetime.fromisoformat(stage.items()[stalls]["available_from"]) == first
    remote.edit(stalls, price="23.50", base_url=stage.sandbox.base_url)
    eventually(lambda: Decimal(stage.items()[stalls]["default_price"]) == Decimal("23.50"), SEEN)
    assert datetime.now(UTC) > first or not stage.told()
    eventually(lambda: stage.told() == {ANN, BOB}, until(first) + TOLD)
    assert datetime.now(UTC) >= first

    link = stage.way_out(ANN)
    assert link.startswith(f"{stage.ghost.url}/unsubscribe/")
    done = requests.post(link, data={"List-Unsubscribe": "One-Click"}, timeout=30, allow_redirects=False)
    assert done.status_code == 201
    stage.maildev.empty()
    second = next_minute(datetime.now(UTC) + AHEAD)
    balcony = stage.opens("Balcony", second)
    eventually(lambda: stage.told() == {BOB}, until(second) + TOLD)
    time.sleep(LEFTOVERS)
    assert stage.told() == {BOB}
    assert stage.items().keys() == {*before, stalls, balcony}
