"""The sandbox as a process, its counts and its front page."""

import signal
import socket
import subprocess
import sys
from contextlib import suppress
from time import monotonic

import pytest
import requests

from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline_tests.sandbox.api import DEFINITIONS, Api


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


def test_the_front_page_names_what_this_is(api: Api) -> None:
    page = api.call("GET", "/").text
    assert "A Wix on your desk" in page
    assert f"POST {DEFINITIONS}/query" in page
    assert "POST /sandbox/buy" in page


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_process_answers_until_it_is_told_to_stop(ending: signal.Signals) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "ticket_pipeline.sandbox", "--port", str(port), "--definitions", "20"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        page = wait_for(f"http://127.0.0.1:{port}/")
        process.send_signal(ending)
        out, err = process.communicate(timeout=10)
    assert "20 ticket definitions" in page
    assert process.returncode in (0, -ending)
    assert (out, err) == (b"", b"")


def wait_for(url: str) -> str:
    """Ask until there is an answer."""
    until = monotonic() + 10
    while monotonic() < until:
        with suppress(requests.ConnectionError):
            return requests.get(url, timeout=5).text
    raise AssertionError(f"nobody answers at {url}")
