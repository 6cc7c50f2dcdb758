"""One Chromium for all tests of a worker, a fresh profile for each test, and nothing on the console."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from ticket_pipeline_tests.browser.stub import Stub

#: Milliseconds; generous, as other tests keep the machine busy. Nothing waits longer than it takes.
PATIENCE = 30_000
_FLAGS = (
    "--disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --disable-dev-shm-usage"
)


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Run one for the block, in which Playwright keeps an event loop running in the thread: others stumble over it."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("no Chromium here; until there is one: apt-get install chromium")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=_FLAGS.split())
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with running_browser() as chromium:
        yield chromium


@pytest.fixture
def console() -> list[str]:
    """Errors and warnings on the console of the page, but for the browser's own about servers that do not answer."""
    return []


@pytest.fixture
def page(browser: Browser, console: list[str]) -> Iterator[Page]:
    context = browser.new_context(locale="en-US", timezone_id="Europe/Berlin")
    context.set_default_timeout(PATIENCE)
    opened = context.new_page()
    opened.on("pageerror", lambda error: console.append(str(error)))
    opened.on("console", lambda said: console.append(said.text) if said.type in {"error", "warning"} else None)
    yield opened
    context.close()
    assert [each for each in console if "Failed to load resource" not in each] == []


@pytest.fixture
def stub() -> Iterator[Stub]:
    with Stub() as running:
        yield running
