"""A declared pipeline that announces: subscribers in a CSV, mails to the sink, a sale that starts when told."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from bench.rig.children import run_python
from bench.rig.dagster import dagster
from bench.rig.mail_sink import MailSink
from bench.rig.pipeline import SITE, opened
from ticket_pipeline.flows.load import load_definitions
from ticket_pipeline.flows.load_events import load_events
from ticket_pipeline.model.announcement import StartKey
from ticket_pipeline.sandbox import organiser
from ticket_pipeline.sandbox.serve import RunningSandbox, running
from ticket_pipeline.sandbox.settings import SANDBOX_API_KEY, SANDBOX_SITE_ID, SandboxSettings
from ticket_pipeline.store import announcements
from ticket_pipeline.wiring import Site

#: How long after the start all must have been told.
_PATIENCE = timedelta(minutes=5)
#: What one start is: the tiers of one event of the sandbox.
_TIERS = 3


@dataclass(frozen=True, kw_only=True)
class Blast:
    """One announcement to be measured."""

    name: str
    people: int
    starts: datetime
    sink: MailSink
    #: Encrypted, and with a password.
    secured: bool = False
    #: One connection for each mail.
    one_each: bool = False


@dataclass(frozen=True)
class BoxOffice:
    """One event whose sale starts, and those who wait for it."""

    folder: Path
    sandbox: RunningSandbox
    event_id: str
    slug: str

    def announce(self, blast: Blast) -> dict[str, Any]:
        """Announce in a process of its own; all must arrive."""
        declared = self._prepare(blast)
        figures = run_python("bench.rig.our_blast", str(declared), self.event_id, folder=declared.parent)
        return {**figures, **_arrived(blast)}

    def let_dagster_announce(self, blast: Blast) -> dict[str, Any]:
        """Have Dagster's own schedule find the start, and a run of it announce; all must arrive."""
        declared = self._prepare(blast)
        until = blast.starts + _PATIENCE
        with dagster(declared.parent, declared), opened(declared) as site:
            while not _settled(site, StartKey(self.event_id, blast.starts)):
                if datetime.now(UTC) > until:
                    raise RuntimeError("Dagster did not announce in time")
                time.sleep(0.2)
        return _arrived(blast)

    def _prepare(self, blast: Blast) -> Path:
        """Let the sale start when it is told to, and know of it in an empty state."""
        folder = self.folder / blast.name
        folder.mkdir()
        for each in self.sandbox.world.definitions.of_event(self.event_id):
            period = {"startDate": blast.starts.astimezone(UTC).isoformat(), "endDate": None}
            organiser.edit(self.sandbox.world, each.id, {"salePeriod": period})
        declared = self._declare(folder, blast)
        with opened(declared) as site:
            now = datetime.now(UTC)
            events = load_events(site.state, site.wix, now=now)
            load_definitions(site.state, site.wix, events.event_ids, now=now)
        blast.sink.take_count()
        return declared

    def _declare(self, folder: Path, blast: Blast) -> Path:
        with (folder / "subscribers.csv").open("w", encoding="utf-8") as csv:
            csv.write("email,name,status,locale,opt_ins\n")
            for number in range(blast.people):
                csv.write(f"someone.{number}@example.org,Someone {number},subscribed,en,event:{self.slug}\n")
        auth = {"kind": "api_key", "api_key": SANDBOX_API_KEY, "site_id": SANDBOX_SITE_ID}
        site = {
            "wix": {"base_url": self.sandbox.base_url, "auth": auth, "requests_per_minute": 100_000},
            "announcements": {"audience": {"kind": "csv", "path": "subscribers.csv"}, "channels": [_channel(blast)]},
        }
        path = folder / "pipeline.yaml"
        path.write_text(yaml.safe_dump({"state": f"sqlite:///{folder / 'state.db'}", "sites": {SITE: site}}))
        return path


def _arrived(blast: Blast) -> dict[str, Any]:
    first, connections, arrived = blast.sink.first_at(), blast.sink.connections(), blast.sink.take_count()
    if arrived != blast.people:
        raise RuntimeError(f"{arrived} mails arrived of {blast.people}")
    return {"first_after": round(first - blast.starts.timestamp(), 3), "connections": connections}


def _settled(site: Site, key: StartKey) -> bool:
    with site.state.reading() as tx:
        row = announcements.get(tx, site.name, key)
    return row is not None and row.state in announcements.SETTLED


def _channel(blast: Blast) -> dict[str, Any]:
    at = f"127.0.0.1:{blast.sink.port}"
    channel: dict[str, Any] = {"kind": "smtp", "url": f"smtp://{at}", "sender": "Box Office <tickets@example.org>"}
    if blast.secured:
        channel |= {"url": f"smtp://us:secret@{at}", "starttls": "always", "ca_file": str(blast.sink.ca_file)}
    return channel | ({"messages_per_connection": 1} if blast.one_each else {})


@contextmanager
def box_office(folder: Path) -> Iterator[BoxOffice]:
    """Run a sandbox with one event that has some tiers."""
    with running(SandboxSettings(events=1, definitions=_TIERS)) as sandbox:
        (event,) = sandbox.world.events.values()
        yield BoxOffice(folder, sandbox, event.id, event.slug)
