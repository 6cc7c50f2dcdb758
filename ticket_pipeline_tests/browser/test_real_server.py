"""The counter on a page, the server and the sandbox, as they run: nothing stands in for anything."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import yaml
from playwright.sync_api import Page, expect

from ticket_pipeline.config import CONFIG_VARIABLE
from ticket_pipeline.sandbox import (
    SANDBOX_APP_ID,
    SANDBOX_APP_SECRET,
    SANDBOX_INSTANCE_ID,
    SANDBOX_WEBHOOK_PUBLIC_KEY,
    remote,
)
from ticket_pipeline.sandbox.serve import running
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline_tests.browser.conftest import PATIENCE
from ticket_pipeline_tests.browser.showing import tag
from ticket_pipeline_tests.browser.stub import Stub
from ticket_pipeline_tests.orchestration.free_port import free_port


class Place:
    """A sandbox with one ticket of ours, and how to run the server that counts it."""

    def __init__(self, folder: Path, port: int, sandbox_url: str) -> None:
        self.server = f"http://127.0.0.1:{port}"
        self.sandbox_url = sandbox_url
        self._folder = folder
        self._port = port
        event = remote.ask("GET", "/events/v3/events/slug/hanami-concert", base_url=sandbox_url)["event"]
        made = remote.create(event_id=event["id"], name="Bench", price="900", limit=5, base_url=sandbox_url)
        self.definition: str = made["id"]

    def buy(self, quantity: int = 1) -> None:
        remote.buy(self.definition, quantity=quantity, base_url=self.sandbox_url)

    def declare(self, page_origin: str) -> None:
        app = {"app_id": SANDBOX_APP_ID, "app_secret": SANDBOX_APP_SECRET, "instance_id": SANDBOX_INSTANCE_ID}
        wix = {
            "base_url": self.sandbox_url,
            "auth": {"kind": "app", **app},
            "webhook_public_key": SANDBOX_WEBHOOK_PUBLIC_KEY,
        }
        declared = {
            "state": f"sqlite:///{self._folder}/state.db",
            "server": {"allowed_origins": [page_origin]},
            "sites": {"box_office": {"wix": wix, "counters": {}}},
        }
        (self._folder / "pipeline.yaml").write_text(yaml.safe_dump(declared))

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Run `ticket-pipeline serve` until the block ends."""
        command = [sys.executable, "-m", "ticket_pipeline", "serve", "--port", str(self._port)]
        environment = {**os.environ, CONFIG_VARIABLE: str(self._folder / "pipeline.yaml")}
        with (self._folder / "serve.log").open("ab") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            self._wait(process)
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + PATIENCE / 1000
        while process.poll() is None and time.monotonic() < deadline:
            try:
                if requests.get(f"{self.server}/healthz", timeout=5).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.05)
        pytest.fail((self._folder / "serve.log").read_text())


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    port = free_port()
    settings = SandboxSettings(webhook_urls=(f"http://127.0.0.1:{port}/webhooks/wix",))
    with running(settings) as sandbox:
        yield Place(tmp_path, port, sandbox.base_url)


def test_buying_is_seen_on_two_pages_and_a_restarted_server_is_caught_up_with(
    page: Page, stub: Stub, place: Place
) -> None:
    place.declare(stub.base)
    script = f'<script src="{place.server}/ticket-counter.js" defer></script>'
    address = stub.page(tag(place.definition), head=script)
    other = page.context.new_page()
    with place.serving():
        for each in (page, other):
            each.goto(address)
            says(each, "¥900 · Only 5 tickets left at this price")
        place.buy(3)
        for each in (page, other):
            says(each, "¥900 · Only 2 tickets left at this price")
    place.buy(1)  # nobody hears of it
    with place.serving():
        for each in (page, other):
            says(each, "¥900 · Only 1 ticket left at this price")
        place.buy(1)
        for each in (page, other):
            says(each, "Sold out")


def says(page: Page, text: str) -> None:
    expect(page.get_by_role("status")).to_have_text(text)
