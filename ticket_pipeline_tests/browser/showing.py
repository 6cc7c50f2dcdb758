"""Pages of many counters, and what they say."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from playwright.sync_api import Page

from ticket_pipeline_tests.browser.conftest import PATIENCE
from ticket_pipeline_tests.browser.stub import Stub
from ticket_pipeline_tests.browser.values import Value

_SAID = """() => Object.fromEntries([...document.querySelectorAll('ticket-counter')].map(
  (each) => [each.getAttribute('definition'), each.shadowRoot.querySelector('[part=line]').textContent]))"""
#: Comes last in the stream: once it is told, all are.
_LAST = "last"


def tag(definition: str, **attributes: str) -> str:
    """Write the element; underscores stand for hyphens."""
    said = "".join(f' {name.replace("_", "-")}="{text}"' for name, text in attributes.items())
    return f'<ticket-counter definition="{definition}"{said}></ticket-counter>'


def texts(page: Page, stub: Stub, values: Mapping[str, Value], **attributes: str) -> dict[str, str]:
    """Show each value by an element with these attributes; give what they say, without invisible differences."""
    shown = {**values, _LAST: {**next(iter(values.values())), "status": "ended"}}
    stub.set(*({**each, "definition_id": name} for name, each in shown.items()))
    page.goto(stub.page("".join(f"<p>{tag(name, **attributes)}</p>" for name in shown)))
    page.locator(f'ticket-counter[definition="{_LAST}"][status=ended]').wait_for()
    said: dict[str, Any] = page.evaluate(_SAID)
    return {name: _plain(text) for name, text in said.items() if name != _LAST}


def wait_for(page: Page, until: Callable[[], bool | None]) -> None:
    """Wait until something has happened outside of the page."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not until():
        assert time.monotonic() < deadline, "it never happened"
        page.wait_for_timeout(10)


def _plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ").replace("\u200f", "").replace("\u200e", "")
