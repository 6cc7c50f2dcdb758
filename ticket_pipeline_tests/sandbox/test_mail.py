"""The mailbox: what is sent to the sandbox is kept, listed and shown as it came, and goes nowhere."""

import smtplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.sandbox.mail import mailbox as boxes
from ticket_pipeline.sandbox.mail.letter import LONGEST_PART, read, subject_of
from ticket_pipeline.sandbox.mail.mailbox import MOST_AT_ONCE, MOST_MAILS, Mail, Mailbox
from ticket_pipeline.sandbox.mail.server import LARGEST_MAIL, MOST_RECIPIENTS
from ticket_pipeline.sandbox.serve import running
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline_tests.sandbox.api import NOW, Api, Clock

SENDER, RECIPIENT = "tickets@example.org", "someone@example.net"


class Clicked(BaseHTTPRequestHandler):
    """A server that takes unsubscriptions, and what it was posted."""

    status, posted = 200, list[tuple[str, bytes]]()

    def do_POST(self) -> None:
        self.posted.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(self.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def do_GET(self) -> None:
        if "spy" in self.path:
            self.posted.append((self.path, b""))
        self.send_error(404)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Place:
    """A sandbox that takes mails."""

    api: Api
    port: int
    server: str
    posted: list[tuple[str, bytes]]

    def send(self, content: str | bytes = "Subject: Hello\r\n\r\nyou\r\n", *to: str) -> None:
        with smtplib.SMTP("127.0.0.1", self.port, "me", timeout=10) as smtp:
            smtp.sendmail(SENDER, to or [RECIPIENT], content)

    def listed(self, mark: str = "") -> Any:
        return self.api.ask("GET", "/sandbox/live", params={"mail": mark})["mail"]

    def letter(self, number: int = 1) -> Any:
        return self.api.ask("GET", f"/sandbox/mail/{number}")

    def click(self, number: object = 1) -> tuple[int, str]:
        return self.api.refused("POST", "/sandbox/mail/unsubscribe", {"number": number})


@contextmanager
def mailing(status: int = 200) -> Iterator[Place]:
    """Run a sandbox that takes mails, and a server that takes unsubscriptions."""
    handler = type("Taken", (Clicked,), {"status": status, "posted": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        settings = SandboxSettings(events=1, now=NOW, mail_port=0, counter_server_url=url)
        try:
            with running(settings, Clock()) as sandbox:
                api = Api(sandbox.base_url)
                yield Place(api, sandbox.mail_port, url, handler.posted)  # type: ignore[attr-defined]  # type()
                api.session.close()
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def place() -> Iterator[Place]:
    with mailing() as made:
        yield made


def unsubscribing(link: str, post: str = "List-Unsubscribe=One-Click") -> str:
    return f"Subject: Hello\r\nList-Unsubscribe: <{link}>\r\nList-Unsubscribe-Post: {post}\r\n\r\nyou\r\n"


def mail(raw: bytes) -> Mail:
    return Mail(number=1, at=0.0, sender=SENDER, recipients=(RECIPIENT,), raw=raw)


def test_a_mail_is_listed_and_read_as_a_person_reads_it(place: Place) -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Fünf nach zwölf 桜", "Büro <a@example.org>", RECIPIENT
    message.set_content("Grüße, als Text")
    message.add_alternative("<p>Grüße, <b>bunt</b></p>", subtype="html")
    message.add_attachment("no text of this mail", filename="a.txt")
    place.send(message.as_bytes(policy=SMTP))
    (listed,) = place.listed()["mails"]
    assert listed == {"number": 1, "at": NOW.timestamp(), "to": RECIPIENT, "subject": "Fünf nach zwölf 桜"}
    letter = place.letter()
    assert letter["text"].strip() == "Grüße, als Text"
    assert letter["html"].strip().endswith("<p>Grüße, <b>bunt</b></p>")
    assert ["From", "Büro <a@example.org>"] in letter["headers"]
    assert (letter["sender"], letter["recipients"], letter["oneClick"]) == (SENDER, [RECIPIENT], False)


def test_html_comes_with_rules_that_let_it_do_nothing(place: Place) -> None:
    place.send("Content-Type: text/html\r\n\r\n<script>alert(1)</script><img src='https://spy.example.org/1.gif'>\r\n")
    html = place.letter()["html"]
    rules, _, rest = html.partition("<script>")
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in rules
    assert "no-referrer" in rules
    assert rest


def test_a_page_is_told_only_what_came_since(place: Place) -> None:
    nothing = place.listed()
    place.send()
    first = place.listed(nothing["mark"])
    place.send("Subject: second\r\n\r\n", "a@example.org", "b@example.org")
    second = place.listed(first["mark"])
    assert (nothing["mails"], nothing["total"]) == ([], 0)
    assert [(each["number"], each["to"]) for each in second["mails"]] == [(2, "a@example.org, b@example.org")]
    assert (second["total"], second["kept"], second["anew"]) == (2, 2, False)
    assert place.listed(second["mark"])["mails"] == []


@pytest.mark.parametrize("mark", ["", "another.1", "x", ".", "0", "another.", "²"])
def test_a_page_that_remembers_another_mailbox_is_told_everything(place: Place, mark: str) -> None:
    place.send()
    assert (place.listed(mark)["anew"], len(place.listed(mark)["mails"])) == (True, 1)


def test_with_a_new_world_the_mailbox_is_empty(place: Place) -> None:
    place.send()
    mark = place.listed()["mark"]
    place.api.sandbox("/reset")
    assert place.listed(mark) | {"mark": ""} == {"mark": "", "anew": True, "mails": [], "total": 0, "kept": 0}
    assert place.api.refused("GET", "/sandbox/mail/1")[0] == 404


def test_the_last_mails_are_kept_and_listed_in_handfuls() -> None:
    mailbox = Mailbox()
    for number in range(MOST_MAILS + 200):
        mailbox.put(sender=SENDER, recipients=(RECIPIENT,), raw=b"%d" % number, at=0.0)
    seen, news = list[int](), mailbox.since("")
    while news.mails:
        assert len(news.mails) <= MOST_AT_ONCE
        seen += [each.number for each in news.mails]
        news = mailbox.since(news.mark)
    assert seen == list(range(201, MOST_MAILS + 201))
    assert (news.total, news.kept) == (MOST_MAILS + 200, MOST_MAILS)
    assert mailbox.get(200) is None


def test_large_mails_make_the_old_ones_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boxes, "MOST_BYTES", 100)
    mailbox = Mailbox()
    for size in (40, 40, 40, 200):
        mailbox.put(sender=SENDER, recipients=(RECIPIENT,), raw=b"x" * size, at=0.0)
        kept = [len(each.raw) for each in mailbox.since("").mails]
        assert sum(kept) <= 100
    assert kept == []
    mailbox.put(sender=SENDER, recipients=(RECIPIENT,), raw=b"small", at=0.0)
    assert [each.raw for each in mailbox.since("").mails] == [b"small"]


def test_too_much_is_refused_and_the_server_goes_on(place: Place) -> None:
    with smtplib.SMTP("127.0.0.1", place.port, "me", timeout=30) as smtp:
        smtp.ehlo()
        assert int(smtp.esmtp_features["size"]) == LARGEST_MAIL
        smtp.mail(SENDER)
        answers = [smtp.rcpt(f"{number}@example.org")[0] for number in range(MOST_RECIPIENTS + 1)]
        assert answers == [250] * MOST_RECIPIENTS + [452]
        smtp.rset()
        smtp.mail(SENDER)
        smtp.rcpt(RECIPIENT)
        assert smtp.data(b"x" * 900 + b"\r\n" + (b"y" * 900 + b"\r\n") * (LARGEST_MAIL // 900))[0] == 552
    place.send()
    assert place.listed()["total"] == 1


def test_who_speaks_another_language_is_shown_the_door(place: Place) -> None:
    with socket.create_connection(("127.0.0.1", place.port), timeout=10) as caller:
        lines = b"".join(b"X-Header-%d: mail from:<a@example.org>\r\n" % n for n in range(10))
        caller.sendall(b"POST / HTTP/1.1\r\n" + lines + b"\r\n")
        said = b"".join(iter(lambda: caller.recv(4096), b""))
    assert b"502 5.5.1 Too many unrecognized commands" in said
    assert place.listed()["total"] == 0


def test_one_click_posts_what_a_mail_program_posts(place: Place) -> None:
    place.send(unsubscribing(f"{place.server}/unsubscribe/1token"))
    assert place.letter()["oneClick"] is True
    assert place.api.sandbox("/mail/unsubscribe", {"number": 1}) == {"status": 200}
    assert place.posted == [("/unsubscribe/1token", b"List-Unsubscribe=One-Click")]


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:1/unsubscribe/x",
        "{server}0/unsubscribe/x",
        "{server}@127.0.0.1:1/unsubscribe/x",
        "{server}/webhooks/wix",
        "{server}",
        "https://example.org/unsubscribe/x",
    ],
)
def test_nobody_but_the_pipelines_server_is_ever_posted_to(place: Place, link: str) -> None:
    place.send(unsubscribing(link.format(server=place.server)))
    status, why = place.click()
    assert (status, "leads elsewhere" in why, place.posted) == (400, True, [])


@pytest.mark.parametrize("content", ["Subject: x\r\n\r\n", unsubscribing("mailto:a@example.org"), "no mail at all"])
def test_a_mail_without_one_click_has_none(place: Place, content: str) -> None:
    place.send(content)
    assert place.letter()["oneClick"] is False
    assert place.click()[0] == 400


def test_a_link_without_the_post_header_is_left_to_people(place: Place) -> None:
    place.send(unsubscribing(f"{place.server}/unsubscribe/1", post="nothing"))
    assert place.click()[1] == "This mail offers no one-click unsubscribing"


@pytest.mark.parametrize("status", [303, 404, 503])
def test_an_answer_that_is_no_yes_is_said(status: int) -> None:
    with mailing(status) as place:
        place.send(unsubscribing(f"{place.server}/unsubscribe/1"))
        assert place.click() == (502, f"The server answered {status}")
        assert [path for path, _ in place.posted] == ["/unsubscribe/1"]


@pytest.mark.parametrize("number", ["0", "2", "-1", "x", "²", "9" * 30])
def test_a_mail_that_is_not_there_is_not_found(place: Place, number: str) -> None:
    place.send()
    assert place.api.refused("GET", f"/sandbox/mail/{number}") == (404, "There is no such mail any more")
    assert place.click(number)[0] == 404


def test_other_peoples_pages_may_not_unsubscribe_anybody(place: Place) -> None:
    place.send(unsubscribing(f"{place.server}/unsubscribe/1"))
    answer = place.api.call(
        "POST", "/sandbox/mail/unsubscribe", {"number": 1}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert (answer.status_code, place.posted) == (403, [])


def test_no_mail_is_taken_unless_it_was_asked_for() -> None:
    with running(SandboxSettings(events=1, now=NOW), Clock()) as sandbox:
        api = Api(sandbox.base_url)
        assert "mail" not in api.ask("GET", "/sandbox/live")
        assert 'id="tab-mail" aria-controls="pane-mail" aria-selected="false" tabindex="-1" hidden' in (
            api.call("GET", "/").text
        )
        api.session.close()


def test_a_port_that_is_in_use_is_named(place: Place) -> None:
    with (
        pytest.raises(ConfigError, match=f"port {place.port}, for mail"),
        running(SandboxSettings(events=1, now=NOW, mail_port=place.port)),
    ):
        pass


def test_the_port_is_free_again_when_the_sandbox_has_stopped() -> None:
    with mailing() as place:
        caller = socket.create_connection(("127.0.0.1", place.port), timeout=10)
        assert caller.recv(100).startswith(b"220 ")
    with caller, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", place.port), timeout=10)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"Subject: x\r\n\r\nplain", "plain"),
        (b"just text, no head", "just text, no head"),
        (b"Content-Type: text/plain; charset=klingon\r\n\r\n\xc3\xa9", "é"),
        (b"Content-Type: text/plain; charset=latin-1\r\n\r\n\xe9", "é"),
        (b"Content-Transfer-Encoding: base64\r\n\r\nw6k=", "é"),
        (b"Content-Type: text/html\r\n\r\n<p>", None),
        (b"Content-Type: multipart/mixed\r\n\r\nno boundary", None),
        (b"", ""),
    ],
)
def test_a_text_is_read_whatever_its_letters(raw: bytes, text: str | None) -> None:
    assert read(mail(raw)).text == text


def test_a_mail_nested_without_end_is_shown_as_it_came() -> None:
    raw = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000))
    assert read(mail(raw)).text is not None


def test_a_part_too_long_to_show_is_cut() -> None:
    letter = read(mail(b"Subject: x\r\n\r\n" + b"y" * (2 * LONGEST_PART)))
    assert len(letter.text or "") == LONGEST_PART


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        (b"Subject: one\r\n two\r\nTo: x\r\n\r\n", "one two"),
        (b"To: x\r\nSUBJECT:  spaces \r\n\r\n", "spaces"),
        (b"Subject: =?utf-8?q?H=C3=A4?=\r\n =?utf-8?q?llo?=\r\n\r\n", "Hällo"),
        (b"Subject: =?utf-8?b?broken\r\n\r\n", "=?utf-8?b?broken"),
        (b"Subject: =?klingon?q?x?=\r\n\r\n", "=?klingon?q?x?="),
        (b"Subject: raw \xff\r\n\r\n", "raw \ufffd"),
        (b"To: x\r\n\r\nSubject: in the body", ""),
        (b"Subject:\r\nTo: x\r\n\r\n", ""),
        (b"", ""),
    ],
)
def test_a_subject_is_found_in_the_head(raw: bytes, subject: str) -> None:
    assert subject_of(mail(raw)) == subject


@given(head=st.binary(max_size=200), body=st.binary(max_size=200), kind=st.sampled_from([b"plain", b"html", b"x"]))
def test_whatever_comes_can_be_listed_and_read(head: bytes, body: bytes, kind: bytes) -> None:
    raw = head + b"\r\nContent-Type: text/" + kind + b"\r\n\r\n" + body
    for each in (raw, head, b"Subject: " + head + b"\r\nList-Unsubscribe: " + body + b"\r\n\r\n"):
        letter = read(mail(each))
        assert "\n" not in subject_of(mail(each)) or b"\n" in each
        assert letter.html is None or "default-src 'none'" in letter.html
