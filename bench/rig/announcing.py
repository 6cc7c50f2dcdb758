"""A declared pipeline that announces: subscribers in a CSV, mails to the sink, and a sale that starts when it is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from bench.rig.children import run_python
from bench.rig.mail_sink import MailSink
from bench.rig.pipeline import SITE, opened
from ticket_pipeline.flows.load import load_definitions
from ticket_pipeline.flows.load_events import load_events
from ticket_pipeline.sandbox import organiser
from ticket_pipeline.sandbox.serve import RunningSandbox, running
from ticket_pipeline.sandbox.settings import SANDBOX_API_KEY, SANDBOX_SITE_ID, SandboxSettings

#: What one start is: the tiers of one event of the sandbox.
_TIERS = 3
_MARK = "event:{event.slug}"


@dataclass(frozen=True)
class BoxOffice:
    """One event whose sale starts, and those who wait for it."""

    folder: Path
    sink: MailSink
    sandbox: RunningSandbox
    event_id: str
    slug: str

    def blast(self, name: str, people: int, *, starts: datetime, tls: bool = False) -> dict[str, Any]:
        """Announce the start to so many, in a process of its own and from an empty state."""
        folder = self.folder / name
        folder.mkdir()
        for each in self.sandbox.world.definitions.of_event(self.event_id):
            period = {"startDate": starts.astimezone(UTC).isoformat(), "endDate": None}
            organiser.edit(self.sandbox.world, each.id, {"salePeriod": period})
        declared = self._declare(folder, people, tls=tls)
        with opened(declared) as site:
            now = datetime.now(UTC)
            events = load_events(site.state, site.wix, now=now)
            load_definitions(site.state, site.wix, events.event_ids, now=now)
        self.sink.take_count()
        figures = run_python("bench.rig.our_blast", str(declared), self.event_id, folder=folder)
        first, arrived = self.sink.first_at(), self.sink.take_count()
        if arrived != people:
            raise RuntimeError(f"{arrived} mails arrived of {people}")
        return {**figures, "first_arrived_after": round(first - starts.timestamp(), 3)}

    def _declare(self, folder: Path, people: int, *, tls: bool) -> Path:
        with (folder / "subscribers.csv").open("w", encoding="utf-8") as csv:
            csv.write("email,name,status,locale,opt_ins\n")
            mark = _MARK.replace("{event.slug}", self.slug)
            for number in range(people):
                csv.write(f"someone.{number}@example.org,Someone {number},subscribed,en,{mark}\n")
        auth = {"kind": "api_key", "api_key": SANDBOX_API_KEY, "site_id": SANDBOX_SITE_ID}
        secured = {"starttls": "always", "ca_file": str(self.sink.ca_file)} if tls else {}
        smtp = {"kind": "smtp", "url": f"smtp://127.0.0.1:{self.sink.port}", "sender": "Box Office <tickets@example.org>"}
        site = {
            "wix": {"base_url": self.sandbox.base_url, "auth": auth, "requests_per_minute": 100_000},
            "announcements": {
                "audience": {"kind": "csv", "path": "subscribers.csv", "opt_in": _MARK},
                "channels": [{**smtp, **secured}],
            },
        }
        path = folder / "pipeline.yaml"
        path.write_text(yaml.safe_dump({"state": f"sqlite:///{folder / 'state.db'}", "sites": {SITE: site}}))
        return path


@contextmanager
def box_office(folder: Path, sink: MailSink) -> Iterator[BoxOffice]:
    """Run a sandbox with one event that has some tiers."""
    with running(SandboxSettings(events=1, definitions=_TIERS)) as sandbox:
        (event,) = sandbox.world.events.values()
        yield BoxOffice(folder, sink, sandbox, event.id, event.slug)


def next_minute(*, ahead: timedelta) -> datetime:
    """Give the first full minute that is so far ahead: Wix knows no seconds in sale dates."""
    at = datetime.now(UTC) + ahead
    return at.replace(second=0, microsecond=0) + timedelta(minutes=1)
