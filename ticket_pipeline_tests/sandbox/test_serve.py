"""The sandbox as a process, its counts and its front page."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

import pytest
import requests

from ticket_pipeline.sandbox import remote
from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline_tests.sandbox.api import DEFINITIONS, Api
from ticket_pipeline_tests.sandbox.happenings import made_event
from ticket_pipeline_tests.sandbox.subscriber import subscriber


def test_requests_are_counted_by_route_whatever_the_spelling(sandbox: RunningSandbox, api: Api) -> None:
    api.query()
    api.ask("POST", "/events-ticket-definitions/v3/ticket-definitions/query", {})
    crew = api.named("Crew")["id"]
    api.get(crew)
    api.call("GET", f"{DEFINITIONS}/not-a-guid")
    stats = api.ask("GET", "/sandbox/stats")
    assert stats == {
        "total": 5,
        "routes": {f"POST {DEFINITIONS}/query": 3, f"GET {DEFINITIONS}/{{id}}": 2},
        "statuses": {"200": 4, "400": 1},
    }
    assert sandbox.stats.routes == stats["routes"]
    api.sandbox("/stats/reset")
    assert sandbox.stats.total == 0


def test_a_page_lists_what_can_be_asked_of_the_api(api: Api) -> None:
    page = api.call("GET", "/api").text
    assert "A Wix on your desk" in page
    assert f"POST {DEFINITIONS}/query" in page
    assert "POST /sandbox/buy" in page


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_process_answers_until_it_is_told_to_stop(ending: signal.Signals) -> None:
    port = free_port()
    command = [sys.executable, "-m", "ticket_pipeline.sandbox", "--port", str(port), "--definitions", "20"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        page = wait_for(f"http://127.0.0.1:{port}/api")
        process.send_signal(ending)
        out, err = process.communicate(timeout=10)
    assert "20 ticket definitions" in page
    assert process.returncode in (0, -ending)
    assert (out, err) == (b"", b"")


def test_a_port_that_is_taken_is_told_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "ticket_pipeline.sandbox", "--port", port, "--events", "1"]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"error: sandbox: port {port} cannot be had (Address already in use); ")


def wait_for(url: str) -> str:
    """Ask until there is an answer."""
    until = monotonic() + 10
    while monotonic() < until:
        with suppress(requests.ConnectionError):
            return requests.get(url, timeout=5).text
    raise AssertionError(f"nobody answers at {url}")


def test_a_process_that_was_killed_still_owes_its_webhooks(tmp_path: Path) -> None:
    port = free_port()
    with subscriber() as receiver:
        receiver.answers = [503]
        options = ["--database", str(tmp_path / "world.db"), "--events", "1", "--webhook-url", receiver.url]
        api = Api(f"http://127.0.0.1:{port}")
        with process(port, *options) as first:
            event_id = made_event(api)
            assert api.flush()["waiting"] == 1
            first.kill()
        with process(port, *options) as second:
            remote.ask("POST", "/sandbox/webhooks/resend", {}, base_url=api.base_url)
            assert remote.flush(base_url=api.base_url)["counts"]["delivered"] == 1
            second.terminate()
        api.session.close()
        assert [received.payload["entityId"] for received in receiver.received] == [event_id, event_id]


@contextmanager
def process(port: int, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a sandbox as a process of its own, until it is told to stop."""
    command = [sys.executable, "-m", "ticket_pipeline.sandbox", "--port", str(port), *options]
    with subprocess.Popen(command) as running:
        try:
            wait_for(f"http://127.0.0.1:{port}/")
            yield running
        finally:
            running.kill()


def free_port() -> int:
    """Find a port that nobody uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
