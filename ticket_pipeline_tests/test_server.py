import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.log_lines import LogLines
from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.server import ServerParts, connections, listening
from ticket_pipeline.webhooks.endpoint import Endpoint
from ticket_pipeline_tests.webhooks.running import Client, impatient, locked, rows, serving
from ticket_pipeline_tests.webhooks.signing import INSTANCE, NOON, pem, public_key, token, updated


class Clock:
    """Tells noon, until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> Any:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def parts(path: Path, clock: Clock) -> Iterator[ServerParts]:
    database = impatient(path)
    endpoint = Endpoint(site="box_office", keys=(public_key(),), instance_id=INSTANCE)
    yield ServerParts(database=database, endpoints=[endpoint], clock=clock)
    database.close()


@pytest.fixture
def client(parts: ServerParts) -> Iterator[Client]:
    with serving(parts) as client:
        yield client


def figures(client: Client) -> dict[str, float]:
    lines = client.get("/metrics").text.splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def test_a_healthy_server_says_so(client: Client, clock: Clock) -> None:
    client.post(token(updated(1)))
    client.post(token(updated(2)))
    clock.now += timedelta(seconds=90)
    answer = client.get("/healthz")
    assert answer.status_code == 200
    told = answer.json()
    assert told.pop("version")
    standing = {"depth": 2, "oldest_seconds": 90.0}
    assert told == {"status": "ok", "inbox": standing, "sites": {"box_office": standing}}


def test_an_empty_inbox_has_no_age(client: Client) -> None:
    assert client.get("/healthz").json()["inbox"] == {"depth": 0, "oldest_seconds": 0.0}


def test_every_site_stands_in_the_health_though_nothing_waits_or_comes_in(parts: ServerParts) -> None:
    idle = {"depth": 0, "oldest_seconds": 0.0}
    with serving(replace(parts, requests_per_minute={"box_office": 200, "barn": 200})) as client:
        assert client.get("/healthz").json()["sites"] == {"barn": idle, "box_office": idle}
        client.post(token(updated()))
    with serving(replace(parts, endpoints=[], requests_per_minute={"barn": 200})) as client:
        sites = client.get("/healthz").json()["sites"]
        assert (sites["barn"], sites["box_office"]["depth"]) == (idle, 1)


def test_a_database_that_cannot_be_written_is_unhealthy_until_it_can(client: Client, path: Path, clock: Clock) -> None:
    with locked(path):
        answer = client.get("/healthz")
        assert (answer.status_code, answer.json()["status"]) == (503, "cannot_write")
        assert str(path) not in answer.text
        assert client.get("/metrics").status_code == 200
    clock.now += timedelta(seconds=2)
    assert client.get("/healthz").status_code == 200


def test_a_clock_that_was_put_back_does_not_keep_it_unhealthy(client: Client, path: Path, clock: Clock) -> None:
    with locked(path):
        assert client.get("/healthz").status_code == 503
    clock.now -= timedelta(hours=1)
    assert client.get("/healthz").status_code == 200


def test_the_figures_tell_what_came(client: Client, path: Path, clock: Clock) -> None:
    for number in (1, 1, 2):
        client.post(token(updated(number)))
    client.post(token(updated(), by="stranger"))
    client.post(b"a" * 300_000)
    with locked(path):
        client.post(token(updated(3)))
    clock.now += timedelta(seconds=30)
    told = figures(client)
    assert told['ticket_pipeline_webhooks_landed_total{site="box_office"}'] == 2
    assert told['ticket_pipeline_webhooks_duplicates_total{site="box_office"}'] == 1
    assert told['ticket_pipeline_webhooks_refused_total{reason="bad_signature"}'] == 1
    assert told['ticket_pipeline_webhooks_refused_total{reason="too_large"}'] == 1
    assert told["ticket_pipeline_webhooks_postponed_total"] == 1
    assert told["ticket_pipeline_webhook_acknowledgement_seconds_count"] == 3
    assert told['ticket_pipeline_inbox_depth{site="box_office"}'] == 2
    assert told['ticket_pipeline_inbox_oldest_seconds{site="box_office"}'] == 30


def test_two_servers_in_one_process_count_apart(parts: ServerParts) -> None:
    with serving(parts) as one, serving(parts) as two:
        one.post(token(updated()))
        landed = 'ticket_pipeline_webhooks_landed_total{site="box_office"}'
        assert (figures(one)[landed], figures(two)[landed]) == (1, 0)


def test_others_add_addresses_and_hear_what_landed(parts: ServerParts) -> None:
    heard: list[tuple[str, list[str]]] = []
    lived: list[str] = []

    async def counter(_: Request) -> Response:
        return PlainTextResponse("3 left")

    @asynccontextmanager
    async def beside() -> AsyncIterator[None]:
        lived.append("began")
        yield
        lived.append("ended")

    def on_landed(site: str, new: Sequence[Envelope]) -> None:
        heard.append((site, [each.key for each in new]))

    more = replace(parts, routes=[Route("/counters/x", counter)], on_landed=on_landed, lifespans=[beside])
    with serving(more) as client:
        assert client.get("/counters/x").text == "3 left"
        client.post(token(updated()))
        client.post(token(updated()))
    assert heard == [("box_office", [updated()["id"]])]
    assert lived == ["began", "ended"]


def test_the_log_tells_of_landings_and_refusals_but_of_no_token(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client.post(token(updated()))
    for _ in range(50):
        client.post(token(updated(), by="stranger"), "/webhooks/box_office")
    lines = [LogLines().format(record) for record in caplog.records if record.name.startswith("ticket_pipeline")]
    assert [line.split(" ", 2)[2] for line in lines] == [
        "landed site=box_office new=1 repeats=0",
        "refused code=bad_signature site=box_office times=1",
    ]


def test_a_log_line_is_one_line_whatever_a_field_holds() -> None:
    record = logging.makeLogRecord({"msg": "landed", "levelname": "INFO", "created": NOON.timestamp()})
    record.__dict__.update(reason='two\nlines and a "quote"', site=None, new=3)
    assert LogLines().format(record) == (
        '2026-11-23T12:00:00.000Z INFO landed reason="two\\nlines and a \\"quote\\"" new=3'
    )


def test_a_port_that_is_taken_says_so() -> None:
    with listening("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"127.0.0.1:{port} \(Address already in use\); .*--port"):
            listening("127.0.0.1", port)


_SERVE = """
import sys
from ticket_pipeline.server import ServerParts, listening, serve
from ticket_pipeline.store.database import open_database
from ticket_pipeline.webhooks.endpoint import Endpoint
from ticket_pipeline.webhooks.keys import read_keys

url, key, port = sys.argv[1:]
endpoints = [Endpoint(site="box_office", keys=read_keys(key))]
budgets = {"box_office": 200, "barn": 200}
parts = ServerParts(database=open_database(url), endpoints=endpoints, requests_per_minute=budgets)
serve(parts, port=int(port))
"""


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGKILL])
def test_whatever_was_answered_200_survives_the_end_of_the_process(path: Path, stop: signal.Signals) -> None:
    with listening("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-c", _SERVE, f"sqlite:///{path}", pem(), str(port)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ}) as process:
        assert process.stderr is not None
        log = iter(process.stderr.readline, "")
        assert any("sites=2 webhooks=1" in line for line in log)
        acknowledged = asyncio.run(post_until_it_ends(port, process, stop))
        rest = process.stderr.read()
    assert acknowledged
    assert acknowledged <= set(rows(path))
    assert "Traceback" not in rest
    if stop is signal.SIGTERM:
        assert process.returncode in {0, -signal.SIGTERM}


async def post_until_it_ends(port: int, process: subprocess.Popen[str], stop: signal.Signals) -> set[str]:
    acknowledged: set[str] = set()
    numbers = iter(range(300))

    def post() -> None:
        for number in numbers:
            payload = updated(number)
            try:
                body = token(payload, exp=4_000_000_000)
                answer = requests.post(f"http://127.0.0.1:{port}/webhooks/wix", data=body, timeout=10)
            except requests.ConnectionError:
                return
            if answer.status_code == 200:
                acknowledged.add(payload["id"])
            if len(acknowledged) >= 40:
                process.send_signal(stop)

    await asyncio.gather(*(asyncio.to_thread(post) for _ in range(3)))
    return acknowledged


def test_headers_without_end_are_refused_before_they_fill_the_memory(client: Client) -> None:
    with client.raw(b"GET /healthz HTTP/1.1\r\nX: ") as connection:
        sent = 0
        with suppress(OSError):  # the server closes while we still send
            while sent < 20_000_000:
                sent += connection.send(b"a" * 65_536)
        assert sent < 20_000_000
    assert client.get("/healthz").status_code == 200


def test_long_headers_are_read_as_long_as_they_end(client: Client) -> None:
    with client.raw(b"GET /healthz HTTP/1.1\r\nConnection: close\r\nX: %b\r\n\r\n" % (b"a" * 30_000)) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("begun", [b"", b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\n\r\nGET /healthz HT"])
def test_who_does_not_come_to_the_point_is_sent_away(
    client: Client, begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_PATIENCE", 0.05)
    with client.raw(begun) as connection:
        while connection.recv(4_096):
            pass


def test_who_has_asked_may_wait_longer_than_that(parts: ServerParts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_PATIENCE", 0.05)

    async def slow(_: Request) -> Response:
        await asyncio.sleep(0.2)
        return PlainTextResponse("at last")

    with serving(replace(parts, routes=[Route("/slow", slow)])) as client:
        assert client.get("/slow").text == "at last"
