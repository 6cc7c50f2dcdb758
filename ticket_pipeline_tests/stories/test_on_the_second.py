"""Slow, some 100 s: Dagster's own daemon, schedule and run hold until the sale starts, and tell each who asked, once.

How soon after the instant the first mail leaves is for `python -m bench announce` to say, on a machine of its own.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from ticket_pipeline.config import CONFIG_VARIABLE, load
from ticket_pipeline.model.announcement import StartKey
from ticket_pipeline.orchestration.dev import dagster_services
from ticket_pipeline.orchestration.instance import dagster_home, initialised_instance
from ticket_pipeline.orchestration.services import Supervisor
from ticket_pipeline.orchestration.sync import sync
from ticket_pipeline.sandbox import organiser
from ticket_pipeline.sandbox.instants import to_wire
from ticket_pipeline.sandbox.serve import running
from ticket_pipeline.sandbox.settings import SANDBOX_API_KEY, SANDBOX_SITE_ID, SandboxSettings
from ticket_pipeline.store import announcements
from ticket_pipeline.wiring import Site, Wiring
from ticket_pipeline_tests.channels.mail_server import MailServer, mail_server
from ticket_pipeline_tests.orchestration.free_port import free_port

SITE = "box_office"
ELIGIBLE = [f"reader{number}@example.org" for number in range(150)]
OTHERS = [f"somebody{number}@example.org" for number in range(50)]
#: Seconds: what the daemon needs to be there before the minute in which the schedule looks ahead.
BEFORE = 75.0
PATIENCE = 60.0
#: Seconds, on a machine on which other tests run: a run that did not hold ready would take longer.
AT_ONCE = 10.0


@dataclass
class Opening:
    """A sale that is about to start, and what the mail server hears of it."""

    site: Site
    at: datetime
    event_id: str
    server: MailServer
    #: When a mail was taken whole.
    taken_at: list[datetime] = field(default_factory=list)

    def finished(self) -> bool:
        """Tell whether nobody is left to be told."""
        with self.site.state.reading() as tx:
            row = announcements.get(tx, SITE, StartKey(self.event_id, self.at))
        return row is not None and row.state in announcements.SETTLED


@pytest.fixture
def opening(tmp_path: Path) -> Iterator[Opening]:
    with running(SandboxSettings(events=4, definitions=20)) as sandbox, mail_server() as server:
        file = declare(tmp_path, sandbox.base_url, server.port)
        wiring = Wiring(load(str(file), {}))
        tier = min((each for each in sandbox.world.definitions), key=lambda each: each.id)
        at = next_minute(datetime.now(UTC) + timedelta(seconds=BEFORE))
        period = {"startDate": to_wire(at), "endDate": to_wire(at + timedelta(days=1)), "displayNotOnSale": True}
        organiser.edit(sandbox.world, tier.id, {"salePeriod": period, "hidden": False})
        home = dagster_home(wiring.pipeline.state, {}, folder=tmp_path)
        with initialised_instance(home) as instance:
            sync(wiring, SITE, instance=instance)
        opened = Opening(wiring.site(SITE), at, tier.event_id, server)
        server.answers["END"] = lambda _: opened.taken_at.append(datetime.now(UTC))
        _, daemon = dagster_services(home, free_port())
        with Supervisor({**os.environ, CONFIG_VARIABLE: str(file)}, tmp_path / "logs") as supervisor:
            supervisor.start(daemon)
            yield opened
        wiring.database.close()


def declare(folder: Path, base_url: str, mail_port: int) -> Path:
    """Declare a site that announces by mail, and its people."""
    rows = [f"{each},,subscribed,en,all" for each in ELIGIBLE] + [f"{each},,pending,en,all" for each in OTHERS]
    (folder / "subscribers.csv").write_text("\n".join(["email,name,status,locale,opt_ins", *rows, ""]))
    auth = {"kind": "api_key", "api_key": SANDBOX_API_KEY, "site_id": SANDBOX_SITE_ID}
    announcing = {
        "audience": {"kind": "csv", "path": str(folder / "subscribers.csv"), "opt_in": "all"},
        "channels": [{"kind": "smtp", "url": f"smtp://127.0.0.1:{mail_port}", "sender": "Box <box@example.org>"}],
    }
    wix = {"base_url": base_url, "auth": auth, "requests_per_minute": 100_000}
    site = {"wix": wix, "announcements": announcing}
    file = folder / "pipeline.yaml"
    file.write_text(yaml.safe_dump({"state": f"sqlite:///{folder}/state.db", "sites": {SITE: site}}))
    return file


def next_minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0) + timedelta(minutes=1)


def test_no_mail_leaves_before_the_sale_starts_and_then_each_gets_one_at_once(opening: Opening) -> None:
    until = opening.at.timestamp() + PATIENCE
    while not opening.finished():
        assert time.time() < until, "nobody was told"
        time.sleep(0.05)
    told = Counter(recipient for recipient, _ in opening.server.taken)
    assert told == Counter(ELIGIBLE)
    after = (min(opening.taken_at) - opening.at).total_seconds()
    assert 0.0 <= after < AT_ONCE
