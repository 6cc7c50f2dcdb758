"""Texts of others through the whole flow, down to the bytes on the wire: they stay texts, whatever they look like."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from ticket_pipeline.audiences.csv import Config as CsvConfig
from ticket_pipeline.audiences.csv import CsvAudience
from ticket_pipeline.channels.smtp import Config, Smtp
from ticket_pipeline.model.announcement import AnnounceReport
from ticket_pipeline_tests.channels.mail_server import MailServer, mail_server
from ticket_pipeline_tests.flows.announcing import EVENT, box_office
from ticket_pipeline_tests.store.bodies import minute

#: Somebody who must never be written to.
VICTIM = "victim@example.com"
HOSTILE = {
    "header": f"Gala\r\nBcc: {VICTIM}\r\nX-Evil: 1",
    "bare LF header": f"Gala\nBcc: {VICTIM}",
    "bare CR header": f"Gala\rBcc: {VICTIM}",
    "other line ends": f"Gala\u2028Bcc: {VICTIM}\u0085Bcc: {VICTIM}\x0bBcc: {VICTIM}",
    "body of its own": f"Gala\r\n\r\n<script>1</script>\r\n--part\r\nContent-Type: text/html\r\n\r\n<b>{VICTIM}</b>",
    "end of the mail": f".\r\n.\r\nMAIL FROM:<evil@example.com>\r\nRCPT TO:<{VICTIM}>\r\nDATA\r\nHello",
    "a dot": ".",
    "encoded word": f"=?utf-8?q?Gala=0D=0ABcc:_{VICTIM}?=",
    "script": "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><a href='javascript:alert(1)'>",
    "template": "{{ 7 * 7 }}{% for x in ().__class__.__mro__ %}{x}{title.__class__}{% endfor %}",
    "bidi and nothing": "\u202egnihtoN\u202c \u200b\x00\ufeff\ue0d1\ue0d2",
    "half a letter": "Gala \ud83d \udc00",
    "long": "Long " * 40_000,
    "long word": "W" * 200_000,
    "address": f'"{VICTIM}" <{VICTIM}>, {VICTIM}',
}
TAGS = {"html", "head", "meta", "title", "style", "body", "div", "table", "tr", "td", "p", "h1", "br", "a"}
HEADERS = {
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Auto-Submitted",
    "Content-Language",
    "MIME-Version",
    "Content-Type",
}


@dataclass(frozen=True)
class Announced:
    """What an announcement said to the mail server."""

    report: AnnounceReport
    server: MailServer

    @property
    def mails(self) -> list[EmailMessage]:
        """As a mail program reads them."""
        return [message_from_bytes(each, policy=policy.default) for _, each in self.server.taken]


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


def announce(folder: Path, server: MailServer, people: list[dict[str, str]], title: str, **tier: Any) -> Announced:
    """Announce to these people."""
    with (folder / "subscribers.csv").open("w", encoding="utf-8", errors="surrogatepass", newline="") as file:
        rows = csv.DictWriter(file, ["email", "name", "status", "locale", "opt_ins"])
        rows.writeheader()
        for each in people:
            rows.writerow({"status": "subscribed", "locale": "en", "opt_ins": f"event:{EVENT}", **each})
    sender = {"url": f"smtp://127.0.0.1:{server.port}", "sender": "Box Office <tickets@example.org>"}
    audience = CsvAudience(CsvConfig(path=folder / "subscribers.csv"))
    office = box_office(folder, channels=(Smtp(Config.model_validate(sender)),), audience=audience)
    office.wix.change_event(title=title)
    office.opens("stalls", at=minute(10), **tier)
    (report,) = office.tick_at(minute(10))
    office.state.database.close()
    return Announced(report, server)


def assert_nothing_got_out(announced: Announced, expected: set[str]) -> None:
    """See that the server heard our commands only, and that every mail is one mail, to one person."""
    said = announced.server.commands
    assert {each.partition(" ")[0].upper() for each in said} <= {"EHLO", "MAIL", "RCPT", "DATA", "RSET", "QUIT"}
    assert {each.partition("<")[2].partition(">")[0] for each in said if each.startswith("RCPT")} == expected
    for (_, raw), mail in zip(announced.server.taken, announced.mails, strict=True):
        assert raw.isascii()
        assert max(map(len, raw.split(b"\r\n"))) <= 998
        assert not re.search(rb"\r(?!\n)|(?<!\r)\n|\0", raw)
        assert sorted(mail.keys()) == sorted(HEADERS)
        assert len(mail["To"].addresses) == 1
        assert mail["To"].addresses[0].addr_spec in expected
        assert [part.get_content_type() for part in mail.walk()][1:] == ["text/plain", "text/html"]
        assert not mail.defects
        assert_harmless(_html(mail))


def _html(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def assert_harmless(html: str) -> None:
    page = _Page(html)
    assert set(page.tags) <= TAGS
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    links = [value for name, value in page.attributes if name in {"href", "src"}]
    assert all(each and each.startswith("https://tickets.example.org/unsubscribe/") for each in links)


class _Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_title_and_tier_stay_texts(tmp_path: Path, server: MailServer, text: str) -> None:
    prices = {"pricingOptions": {"optionDetails": [_option(text), _option("Reduced")]}, "pricingType": "STANDARD"}
    tier = {"name": text, "description": text, "pricingMethod": prices}
    announced = announce(tmp_path, server, [{"email": "ann@example.org", "name": "Ann"}], text, **tier)
    assert announced.report.told == 1
    assert_nothing_got_out(announced, {"ann@example.org"})


def _option(name: str) -> dict[str, object]:
    return {"optionId": name[:20], "name": name, "price": {"value": "65.00", "currency": "EUR"}}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_stays_a_name(tmp_path: Path, server: MailServer, text: str) -> None:
    people = [{"email": "ann@example.org", "name": text[:5_000]}, {"email": "ben@example.org", "locale": text[:5_000]}]
    announced = announce(tmp_path, server, people, "Gala")
    assert announced.report.told == 2
    assert_nothing_got_out(announced, {"ann@example.org", "ben@example.org"})


@pytest.mark.parametrize(
    "address",
    [
        f"ann@example.org\r\nRCPT TO:<{VICTIM}>",
        f"ann@example.org\nBcc: {VICTIM}",
        f"ann@example.org>,<{VICTIM}",
        f"ann@example.org, {VICTIM}",
        f"<{VICTIM}>",
        f"Ann <{VICTIM}>",
        '"a\r\nb"@example.org',
        "ann@example.org\0",
        "ann@[127.0.0.1]",
        "-oQ/tmp@localhost",
    ],
)
def test_an_address_that_is_none_is_left_out_and_the_others_are_told(
    tmp_path: Path, server: MailServer, address: str
) -> None:
    announced = announce(tmp_path, server, [{"email": address}, {"email": "ben@example.org"}], "Gala")
    assert announced.report.skipped == {"invalid_address": 1}
    assert_nothing_got_out(announced, {"ben@example.org"})


def test_a_description_of_a_megabyte_makes_a_small_mail(tmp_path: Path, server: MailServer) -> None:
    huge = "All about it. " * 75_000
    announced = announce(tmp_path, server, [{"email": "ann@example.org"}], "Gala", description=huge)
    (mail,) = announced.mails
    assert len(huge) > 1_000_000 > 20_000 > len(announced.server.taken[0][1])
    assert "All about it. All about it." in _html(mail)
    assert_nothing_got_out(announced, {"ann@example.org"})
