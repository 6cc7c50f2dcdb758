"""A real pretix, from its package, on SQLite: its own environment, a fresh database, an organizer and two tokens.

https://docs.pretix.eu/self-hosting/installation/general/
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from ticket_pipeline_tests.orchestration.free_port import free_port
from ticket_pipeline_tests.real.servers import HOST, installed, run, running, wait_until

VERSION = "2026.8.0"
ORGANIZER = "stage"

#: Its own migrations take 70 s; tables made straight from the models are the same.
_SETTINGS = """
from pretix.settings import *  # noqa: F403

class NoMigrations:
    def __contains__(self, item):
        return True

    def __getitem__(self, item):
        return None

MIGRATION_MODULES = NoMigrations()
# Two writers at once make SQLite refuse one of them at its first write, unless they queue up where they begin.
DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": 30,  # noqa: F405
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"}
"""
_WSGI = """
from pretix.wsgi import application  # noqa: F401
"""
_SETUP = """
import json
import django
django.setup()
from pretix.base.models import Organizer, Team
from django_scopes import scopes_disabled
with scopes_disabled():
    organizer = Organizer.objects.create(name="Stage", slug="{organizer}")
    everything = Team.objects.create(organizer=organizer, name="All", all_events=True,
        all_event_permissions=True, all_organizer_permissions=True)
    least = Team.objects.create(organizer=organizer, name="Least", all_events=True,
        limit_event_permissions={{"event.items:write": True, "event.settings.general:write": True}})
    print(json.dumps({{"everything": everything.tokens.create(name="all").token,
        "least": least.tokens.create(name="least").token}}))
"""


@dataclass(frozen=True, kw_only=True)
class Pretix:
    """A running pretix."""

    url: str
    organizer: str = ORGANIZER
    #: May do everything; for the tests themselves.
    full_token: str = field(repr=False)
    #: May do what the connector needs and no more.
    token: str = field(repr=False)

    def call(self, method: str, path: str, **body: Any) -> Any:
        """Ask pretix as a person with all rights; give its JSON."""
        answer = requests.request(
            method,
            f"{self.url}/api/v1/organizers/{self.organizer}/{path}",
            headers={"Authorization": f"Token {self.full_token}"},
            json=body or None,
            timeout=30,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def pages(self, path: str) -> list[dict[str, Any]]:
        """Read a list whole."""
        found: list[dict[str, Any]] = []
        page = 1
        while True:
            answer = self.call("GET", f"{path}{'&' if '?' in path else '?'}page={page}")
            found += answer["results"]
            if not answer["next"]:
                return found
            page += 1

    def make_event(self, slug: str, *, currency: str = "EUR") -> str:
        """Make an event for one test; give its slug."""
        self.call(
            "POST",
            "events/",
            name={"en": f"Event {slug}"},
            slug=slug,
            currency=currency,
            date_from="2027-06-01T20:00:00Z",
            timezone="Europe/Vilnius",
            plugins=["pretix.plugins.manualpayment"],
        )
        return slug


@contextmanager
def running_pretix(folder: Path, *, workers: int = 1, threads: int = 4) -> Iterator[Pretix]:
    """Run a pretix with an empty database in this folder."""
    environment = installed("pretix", _install)
    port, log = free_port(), folder / "pretix.log"
    url = f"http://{HOST}:{port}"
    for name, text in (("stage_settings.py", _SETTINGS), ("stage_wsgi.py", _WSGI)):
        (folder / name).write_text(text)
    data = folder / "data"
    data.mkdir()
    config = folder / "pretix.cfg"
    config.write_text(f"[pretix]\ninstance_name=Stage\nurl={url}\ndatadir={data}\n")
    variables = {
        "PRETIX_CONFIG_FILE": str(config),
        "DJANGO_SETTINGS_MODULE": "stage_settings",
        "PYTHONPATH": str(folder),
    }
    python = environment / "bin" / "python"
    run([python, "-m", "django", "migrate", "--run-syncdb"], folder=folder, variables=variables)
    told = run([python, "-c", _SETUP.format(organizer=ORGANIZER)], folder=folder, variables=variables)
    tokens = json.loads(told.splitlines()[-1])
    gunicorn = [str(environment / "bin" / "gunicorn"), "stage_wsgi:application", "--bind", f"{HOST}:{port}"]
    server = [*gunicorn, "--workers", str(workers), "--threads", str(threads), "--no-control-socket"]
    pretix = Pretix(url=url, full_token=tokens["everything"], token=tokens["least"])
    with running(server, folder=folder, log=log, variables=variables) as process:
        wait_until(lambda: bool(pretix.call("GET", "events/")), process, log)
        yield pretix


def _install(folder: Path) -> None:
    run([sys.executable, "-m", "venv", folder], folder=folder)
    packages = [f"pretix=={VERSION}", "gunicorn>=27,<28"]
    run([folder / "bin" / "pip", "install", "--quiet", *packages], folder=folder)
