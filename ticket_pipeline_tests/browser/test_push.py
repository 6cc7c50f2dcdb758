"""A notification, from the sale start to the screen: sealed, signed, and shown by the worker that the guide gives.

What Chromium's own push service would do is done for it: its subscription is made here, and what arrives is handed to
the browser through its debugging protocol.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, Worker

import ticket_pipeline
from ticket_pipeline.audiences._rows import read_row
from ticket_pipeline.channels.web_push import Config, WebPush
from ticket_pipeline_tests.browser.showing import wait_for
from ticket_pipeline_tests.channels.push_service import Browser as Subscription
from ticket_pipeline_tests.channels.push_service import PushService, b64, push_service
from ticket_pipeline_tests.flows.announcing import BoxOffice, box_office
from ticket_pipeline_tests.store.bodies import minute

GUIDE = (Path(ticket_pipeline.__file__).parent.parent / "docs" / "announcements.md").read_text(encoding="utf-8")
CONTACT = "mailto:ops@example.org"
EVENT_PAGE = "https://www.example.org/events/gala"
VAPID_KEY = b64((7).to_bytes(32, "big"))


def script(name: str) -> str:
    """Give a script of the guide, by the comment it begins with."""
    (found,) = re.findall(rf"```js\n(// {re.escape(name)}\n.*?)```", GUIDE, re.DOTALL)
    return str(found)


#: The organiser's own site: a page, and the worker beside it.
FILES = {
    "/": ("text/html", "<!doctype html><link rel=icon href=data:,><title>Tickets</title>"),
    "/push-worker.js": ("text/javascript", script("push-worker.js")),
}


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        kind, text = FILES[self.path]
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Site) as listener:
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.server_address[1]}"
        finally:
            listener.shutdown()
            thread.join()


class Visitor:
    """Somebody's browser, in which the site's worker waits for pushes."""

    def __init__(self, page: Page, origin: str) -> None:
        """Visit the site, allow notifications, and let its script register the worker."""
        self.origin = origin
        self._page = page
        self._context: BrowserContext = page.context
        self._context.grant_permissions(["notifications"], origin=origin)
        self._registrations: list[str] = []
        self._protocol: CDPSession = self._context.new_cdp_session(page)
        self._protocol.on("ServiceWorker.workerRegistrationUpdated", self._learn)
        self._protocol.send("ServiceWorker.enable")
        page.goto(origin)
        page.evaluate("() => navigator.serviceWorker.register('/push-worker.js')")
        page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
        wait_for(page, lambda: bool(self._registrations))

    @property
    def worker(self) -> Worker:
        """The worker itself; one that has had nothing to do for a while has to start first."""
        wait_for(self._page, lambda: bool(self._context.service_workers))
        return self._context.service_workers[0]

    def deliver(self, payload: dict[str, Any]) -> None:
        """Do what the browser does with a push that it has opened; once more where its worker was not up yet."""
        told = {"origin": self.origin, "registrationId": self._registrations[-1], "data": json.dumps(payload)}

        def delivered() -> bool:
            self._protocol.send("ServiceWorker.deliverPushMessage", told)
            self._page.wait_for_timeout(500)
            return any(each["tag"] == payload["tag"] for each in self._notifications())

        wait_for(self._page, delivered)

    def shown(self, number: int) -> list[dict[str, Any]]:
        """Wait for so many notifications, and give them."""
        wait_for(self._page, lambda: len(self._notifications()) == number)
        return self._notifications()

    def click(self) -> Any:
        """Click the notification; give what was opened, which headless browsers only do for people."""
        return self.worker.evaluate(
            """async () => {
              let opened = null;
              self.clients.openWindow = async (url) => { opened = url; };
              const [notification] = await self.registration.getNotifications();
              self.dispatchEvent(new NotificationEvent('notificationclick', { notification }));
              return opened;
            }"""
        )

    def _notifications(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._page.evaluate(
            """async () => (await (await navigator.serviceWorker.ready).getNotifications())
                 .map(({ title, body, tag, lang, data }) => ({ title, body, tag, lang, data }))"""
        )
        return found

    def _learn(self, told: dict[str, Any]) -> None:
        # Those of other visitors to the same browser are told of, too.
        ours = [each for each in told["registrations"] if each["scopeURL"].startswith(f"{self.origin}/")]
        self._registrations += [each["registrationId"] for each in ours if not each["isDeleted"]]


@pytest.fixture
def visitor(page: Page) -> Iterator[Visitor]:
    with site() as origin:
        yield Visitor(page, origin)


@pytest.fixture
def service() -> Iterator[PushService]:
    with push_service() as service:
        yield service


@pytest.fixture
def office(tmp_path: Path) -> Iterator[BoxOffice]:
    settings = {"private_key": VAPID_KEY, "contact": CONTACT, "allow_local": True, "timeout": 5}
    opened = box_office(tmp_path, channels=(WebPush(Config.model_validate(settings)),))
    opened.wix.change_event(title="Gala <b>Night</b>", eventPageUrl=EVENT_PAGE)
    yield opened
    opened.state.database.close()


def announced(office: BoxOffice, service: PushService, **person: Any) -> list[dict[str, Any]]:
    """Announce to one browser; give what arrived, checked and opened as the browser does."""
    subscription = Subscription(auth=bytes(range(16)))
    office.people.join("ann", email=None, push=subscription.subscription(f"{service.origin}/ann"), **person)
    office.opens("stalls", at=minute(10))
    (report,) = office.tick_at(minute(10))
    assert report.sent == {"web_push": 1}
    assert [each.claims(service.origin)["sub"] for each in service.pushes] == [CONTACT]
    return [cast("dict[str, Any]", subscription.decrypt(each.body)) for each in service.pushes]


def test_a_sale_start_is_shown_and_a_click_leads_to_the_event(
    office: BoxOffice, service: PushService, visitor: Visitor
) -> None:
    (payload,) = announced(office, service)
    visitor.deliver(payload)
    (notification,) = visitor.shown(1)
    assert notification["title"] == "Gala <b>Night</b>"
    assert notification["body"] == "Tickets are on sale now, from €65.00."
    assert notification["lang"] == "en"
    assert visitor.click() == EVENT_PAGE


def test_it_speaks_the_readers_language(office: BoxOffice, service: PushService, visitor: Visitor) -> None:
    (payload,) = announced(office, service, locale="de")
    visitor.deliver(payload)
    (notification,) = visitor.shown(1)
    assert notification["body"].replace("\xa0", " ") == "Der Vorverkauf hat begonnen. Tickets ab 65,00 €."
    assert notification["lang"] == "de"


def test_one_that_comes_twice_is_shown_once(office: BoxOffice, service: PushService, visitor: Visitor) -> None:
    (payload,) = announced(office, service)
    other = {**payload, "tag": "another sale"}
    for each in (payload, other, payload):
        visitor.deliver(each)
    assert len({each["tag"] for each in visitor.shown(2)}) == 2


def test_an_event_without_a_page_opens_nothing(office: BoxOffice, service: PushService, visitor: Visitor) -> None:
    office.wix.change_event(eventPageUrl=None)
    (payload,) = announced(office, service)
    visitor.deliver(payload)
    visitor.shown(1)
    assert visitor.click() is None


def test_what_the_page_hands_in_is_what_the_audience_reads(page: Page, service: PushService) -> None:
    subscription = Subscription(auth=bytes(range(16))).subscription(f"{service.origin}/ann")
    keys = {"p256dh": subscription.p256dh, "auth": subscription.auth}
    with site() as origin:
        page.context.grant_permissions(["notifications"], origin=origin)
        page.goto(origin)
        page.evaluate(
            """(said) => {
              window.asked = {};
              PushManager.prototype.subscribe = async (options) => {
                asked.options = options;
                return { toJSON: () => said };
              };
              window.fetch = async (url, { body }) => { asked.body = body; return new Response(); };
            }""",
            {"endpoint": subscription.endpoint, "expirationTime": None, "keys": keys},
        )
        page.evaluate(f"async () => {{ {script('on your page, when somebody asks for it')} }}")
        asked = page.evaluate("() => asked")
    assert asked["options"]["userVisibleOnly"] is True
    row = {"email": "", "status": "subscribed", "opt_ins": "event:gala", "push": asked["body"]}
    assert read_row(row, place="1").push == subscription
