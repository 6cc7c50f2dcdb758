"""An announcement in a real inbox: as a mail program gets it, and as a person sees it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page

from ticket_pipeline.audiences import csv
from ticket_pipeline.channels import smtp
from ticket_pipeline.model.announcement import AnnounceReport
from ticket_pipeline.server import ServerParts
from ticket_pipeline.unsubscribe.links import UnsubscribeLinks
from ticket_pipeline.unsubscribe.routes import UnsubscribeParts, unsubscribe_routes
from ticket_pipeline_tests.browser.conftest import running_browser
from ticket_pipeline_tests.flows.announcing import EVENT, SITE, BoxOffice, box_office
from ticket_pipeline_tests.real.maildev_server import Maildev, running_maildev
from ticket_pipeline_tests.store.bodies import minute, wix_time
from ticket_pipeline_tests.webhooks.running import serving

PAGE = "https://www.example.org/events/gala"
PEOPLE = f"""email,name,status,locale,opt_ins
ann@example.org,Ann,subscribed,en,event:{EVENT}
bernd@example.org,Bernd Müller,subscribed,de-DE,event:{EVENT};other
cat@example.org,,subscribed,,event:{EVENT}
Ann@Example.ORG,Ann again,subscribed,en,event:{EVENT}
dan@example.org,Dan,unsubscribed,en,event:{EVENT}
eve@example.org,Eve,pending,en,event:{EVENT}
fay@example.org,Fay,subscribed,en,event:other
"""
ELIGIBLE = {"ann@example.org", "bernd@example.org", "cat@example.org"}
TIER: dict[str, Any] = {
    "description": "Rows 1 to 12, with the best view of the stage.",
    "pricingMethod": {
        "pricingType": "STANDARD",
        "pricingOptions": {
            "optionDetails": [
                {"optionId": "1", "name": "Regular", "price": {"value": "65.00", "currency": "EUR"}},
                {"optionId": "2", "name": "Students and pensioners", "price": {"value": "40.50", "currency": "EUR"}},
            ]
        },
    },
}


@dataclass(frozen=True)
class Inbox:
    """A box office that announces, and the inbox that its mails come to."""

    office: BoxOffice
    maildev: Maildev
    subscribers: Path

    def announce(self, *tiers: str, at: datetime) -> AnnounceReport:
        """Let tiers go on sale, and tell of it."""
        self.maildev.empty()
        period = {"startDate": wix_time(at), "endDate": wix_time(minute(60 * 24 * 30))}
        self.office.opens(*tiers, at=at, **{**TIER, "salePeriod": period})
        (report,) = self.office.tick_at(at)
        return report

    def mails(self) -> dict[str, EmailMessage]:
        """Read all mails, by whom they were sent to."""
        found = [self.maildev.source(each) for each in self.maildev.inbox()]
        read = {each["To"].addresses[0].addr_spec: each for each in found}
        assert len(read) == len(found)
        return read

    def html(self, address: str) -> str:
        """Read the HTML of somebody's mail; maildev's own page shows it without its charset."""
        part = self.mails()[address].get_body(("html",))
        assert part is not None
        return str(part.get_content())


@pytest.fixture(scope="module")
def maildev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Maildev]:
    with running_maildev(tmp_path_factory.mktemp("maildev")) as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as chromium:
        yield chromium


@pytest.fixture
def inbox(tmp_path: Path, maildev: Maildev) -> Iterator[Inbox]:
    with opened(tmp_path, maildev) as inbox:
        yield inbox


@contextmanager
def opened(folder: Path, maildev: Maildev) -> Iterator[Inbox]:
    """Open the box office, and the server that takes unsubscriptions."""
    subscribers = folder / "subscribers.csv"
    subscribers.write_text(PEOPLE, encoding="utf-8")
    audience = csv.connect(csv.Config(path=subscribers))
    sender = {"url": f"smtp://127.0.0.1:{maildev.smtp_port}", "sender": "Opera House <tickets@example.org>"}
    channels = (smtp.connect(smtp.Config.model_validate(sender)),)
    office = box_office(folder, channels=channels, audience=audience)
    secret, database = office.parts.secret, office.state.database
    routes = unsubscribe_routes(UnsubscribeParts(database=database, audiences={SITE: audience}, secret=secret))
    with serving(ServerParts(database=database, endpoints=[], routes=routes)) as client:
        links = UnsubscribeLinks(site=SITE, url=client.base, secret=secret)
        office.parts = replace(office.parts, link=links)
        office.wix.change_event(
            title="Gala: an evening of Verdi & Puccini",
            eventPageUrl=PAGE,
            dateAndTimeSettings={"startDate": wix_time(minute(60 * 24 * 30)), "timeZoneId": "Europe/Berlin"},
        )
        yield Inbox(office, maildev, subscribers)
    database.close()


def test_each_eligible_subscriber_finds_one_mail_and_nobody_else(inbox: Inbox) -> None:
    report = inbox.announce("stalls", "balcony", at=minute(10))
    mails = inbox.mails()
    assert set(mails) == ELIGIBLE
    assert (report.told, report.unknown, report.failed) == (3, 0, {})
    assert report.skipped == {"duplicate": 1, "unsubscribed": 1, "pending": 1, "not_opted_in": 1}
    assert str(mails["ann@example.org"]["Subject"]) == "Gala: an evening of Verdi & Puccini: tickets are on sale now"
    assert str(mails["bernd@example.org"]["Subject"]).endswith("Der Vorverkauf hat begonnen")
    assert mails["bernd@example.org"]["To"].addresses[0].display_name == "Bernd Müller"


def test_both_parts_say_the_same_and_lead_to_the_event(inbox: Inbox) -> None:
    inbox.announce("stalls", "balcony", at=minute(10))
    for address, greeting in (("ann@example.org", "Hello Ann,"), ("cat@example.org", "Hello,")):
        mail = inbox.mails()[address]
        for kind in ("plain", "html"):
            part = mail.get_body((kind,))
            assert part is not None
            said = part.get_content()
            for each in (greeting, "Tier stalls", "Tier balcony", "€65.00", "Students and pensioners", "€40.50", PAGE):
                assert each in said


def test_the_link_of_the_mail_program_unsubscribes_and_is_honoured_at_the_next_start(inbox: Inbox) -> None:
    inbox.announce("stalls", at=minute(10))
    mail = inbox.mails()["bernd@example.org"]
    link = str(mail["List-Unsubscribe"]).strip("<>")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert requests.get(link, timeout=10).status_code == 200
    assert "bernd@example.org,Bernd Müller,subscribed" in inbox.subscribers.read_text(encoding="utf-8")
    done = requests.post(link, data={"List-Unsubscribe": "One-Click"}, timeout=10, allow_redirects=False)
    assert done.status_code == 200
    assert "bernd@example.org,Bernd Müller,unsubscribed" in inbox.subscribers.read_text(encoding="utf-8")
    report = inbox.announce("balcony", at=minute(40))
    assert set(inbox.mails()) == ELIGIBLE - {"bernd@example.org"}
    assert report.told == 2


def test_the_link_in_the_mail_leads_to_a_button(inbox: Inbox, browser: Browser) -> None:
    inbox.announce("stalls", at=minute(10))
    with shown(browser, inbox.html("ann@example.org"), name="", folder=None) as page:
        page.get_by_role("link", name="Unsubscribe").click()
        page.get_by_role("button", name="Unsubscribe").click()
        page.get_by_role("heading", name="You are unsubscribed").wait_for()
    inbox.announce("balcony", at=minute(40))
    assert set(inbox.mails()) == ELIGIBLE - {"ann@example.org"}


LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1000, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1000, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "device_scale_factor": 2},
    "narrow dark phone": {"viewport": {"width": 320, "height": 640}, "color_scheme": "dark", "device_scale_factor": 2},
}
#: Gives the least contrast of all texts that can be seen (WCAG 2.2, 1.4.3).
_CONTRAST = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (colour) => colour.slice(0, 3).map((each) => each / 255)
    .map((each) => each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
    .reduce((sum, each, index) => sum + each * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = parse(getComputedStyle(each).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const texts = [...document.body.querySelectorAll('*')].filter((each) => each.offsetHeight > 2 &&
    [...each.childNodes].some((child) => child.nodeType === 3 && child.data.trim()));
  return Math.min(...texts.map((each) => {
    const pair = [light(parse(getComputedStyle(each).color)), light(behind(each))].sort((a, b) => a - b);
    return (pair[1] + 0.05) / (pair[0] + 0.05);
  }));
}"""


@contextmanager
def shown(browser: Browser, html: str, *, name: str, folder: Path | None, **look: Any) -> Iterator[Page]:
    """Show a mail, and keep a picture of it."""
    context = browser.new_context(**look)
    page = context.new_page()
    page.set_content(html)
    if folder is not None:
        page.screenshot(path=folder / f"{name}.png", full_page=True)
    yield page
    context.close()


@pytest.mark.parametrize("look", LOOKS)
def test_the_mail_can_be_read_by_day_and_night_and_on_a_phone(
    inbox: Inbox, browser: Browser, tmp_path: Path, look: str
) -> None:
    inbox.announce("stalls", "balcony", at=minute(10))
    with shown(browser, inbox.html("ann@example.org"), name=look, folder=tmp_path, **LOOKS[look]) as page:
        button = page.get_by_role("link", name="Get tickets")
        assert button.get_attribute("href") == PAGE
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
        assert page.evaluate(_CONTRAST) >= 4.5
