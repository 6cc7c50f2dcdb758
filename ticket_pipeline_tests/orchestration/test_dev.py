"""Everything in one terminal, for real: it starts, syncs, shows, and stops without a trace."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ticket_pipeline_tests.orchestration.free_port import free_port

QUERY = """{
  repositoriesOrError { ... on RepositoryConnection { nodes { location { name } assetNodes { assetKey { path } } } } }
  runsOrError { ... on Runs { results { jobName status } } }
}"""


_OURS = {"DAGSTER_HOME", "TICKET_PIPELINE_CONFIG", "TICKET_PIPELINE_SANDBOX_URL"}


class Terminal:
    """A terminal in which `dev` runs."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.folder = folder
        self.server, self.sandbox, self.dagster, mail = free_port(), free_port(), free_port(), free_port()
        ports = {
            "--port": self.server,
            "--sandbox-port": self.sandbox,
            "--dagster-port": self.dagster,
            "--mail-port": mail,
        }
        options = [str(each) for pair in ports.items() for each in pair]
        self.screen = folder / "screen.txt"
        environment = {name: value for name, value in os.environ.items() if name not in _OURS}
        with self.screen.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ticket_pipeline", "dev", *options, *more],
                cwd=folder,
                env=environment,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def wait_for(self, words: str, patience: float = 90.0) -> None:
        """Wait until the words are on the screen."""
        deadline = time.monotonic() + patience
        while words not in self.screen.read_text():
            assert self.process.poll() is None, self.screen.read_text()
            assert time.monotonic() < deadline, self.screen.read_text()
            time.sleep(0.1)

    def graphql(self, query: str) -> Any:
        """Ask Dagster's webserver."""
        return self.post(self.dagster, "/graphql", {"query": query})["data"]

    def post(self, port: int, path: str, body: object) -> Any:
        """Send JSON to one of the services."""
        data, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, headers)
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - our own services
            return json.load(answer)

    def titles(self) -> dict[str, str]:
        """Look into the ticketing database."""
        with sqlite3.connect(self.folder / ".ticket-pipeline" / "ticketing.db") as database:
            found = dict(database.execute("SELECT wix_ticket_definition_id, title FROM tickets"))
        database.close()
        return found

    def services(self) -> list[int]:
        """Find all processes of this terminal: those that know its ports, and their groups."""
        groups = {os.getpgid(pid) for pid in _children(self.process.pid)}
        return [pid for pid in _processes() if _group(pid) in groups]


def _processes() -> list[int]:
    return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def _children(parent: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """Start `dev`; stop it whatever happens."""
    opened = Terminal(tmp_path)
    yield opened
    if opened.process.poll() is None:
        opened.process.send_signal(signal.SIGTERM)
        opened.process.wait(timeout=30)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="counts processes in /proc, which this system has not")
def test_dev_starts_syncs_shows_and_stops_without_a_trace(terminal: Terminal) -> None:
    terminal.wait_for("Ctrl-C stops everything.")
    assert "synced; all checks passed" in terminal.screen.read_text()
    assert f"box office               http://127.0.0.1:{terminal.sandbox}/" in terminal.screen.read_text()
    assert len(terminal.titles()) == 130
    with urllib.request.urlopen(f"http://127.0.0.1:{terminal.dagster}/server_info", timeout=20) as answer:
        assert "dagster_version" in json.load(answer)
    data = terminal.graphql(QUERY)
    (repository,) = data["repositoriesOrError"]["nodes"]
    assert repository["location"]["name"] == "ticket-pipeline"
    assert sorted(each["assetKey"]["path"][-1] for each in repository["assetNodes"]) == [
        "events",
        "external_records",
        "sale_start_announcements",
        "subscribers",
        "ticket_counters",
        "ticket_definitions",
        "ticket_sync",
        "webhook_inbox",
    ]
    runs = {(each["jobName"], each["status"]) for each in data["runsOrError"]["results"]}
    assert {("box_office_refresh_events", "SUCCESS"), ("box_office_sync", "SUCCESS")} <= runs
    _edit_and_see_the_row_change(terminal)
    services = terminal.services()
    assert len(services) >= 4
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.process.wait(timeout=30) == 0, terminal.screen.read_text()
    assert [pid for pid in services if _group(pid) is not None] == []


def test_a_child_that_dies_is_reported_and_the_rest_stops(terminal: Terminal) -> None:
    terminal.wait_for("Ctrl-C stops everything.")
    services = terminal.services()
    sandbox = next(pid for pid in services if b"ticket_pipeline.sandbox" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(sandbox, signal.SIGKILL)
    assert terminal.process.wait(timeout=30) == 1
    assert "sandbox ended with status -9" in terminal.screen.read_text()
    assert [pid for pid in services if _group(pid) is not None] == []


def test_it_can_be_stopped_before_it_is_up(terminal: Terminal) -> None:
    while len(_children(terminal.process.pid)) < 2:
        time.sleep(0.05)
    services = terminal.services()
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.process.wait(timeout=30) == 0, terminal.screen.read_text()
    assert [pid for pid in services if _group(pid) is not None] == []


def _edit_and_see_the_row_change(terminal: Terminal) -> None:
    """Edit at Wix; by webhook, inbox, sensor and run the row over there follows."""
    edited = next(iter(terminal.titles()))
    edit = {"definitionId": edited, "ticketDefinition": {"name": "Edited just now"}}
    terminal.post(terminal.sandbox, "/sandbox/edit", edit)
    deadline = time.monotonic() + 60
    while terminal.titles()[edited] != "Edited just now":
        assert time.monotonic() < deadline, terminal.screen.read_text()
        time.sleep(0.1)
