"""E-mail by SMTP: what a mail looks like, and what every answer and every broken connection means."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from ticket_pipeline.channels.smtp import Config, Smtp, connect
from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.model.finding import Level
from ticket_pipeline.model.message import Fate, Message
from ticket_pipeline.model.subscriber import Subscriber
from ticket_pipeline_tests.channels.contract import ChannelContract
from ticket_pipeline_tests.channels.mail_server import HANG_UP, MailServer, mail_server
from ticket_pipeline_tests.channels.people import message, person

NOW = datetime(2026, 3, 27, 9, tzinfo=UTC)
SENDER = "Box Office <tickets@example.org>"


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


def config(server: MailServer, **settings_: object) -> Config:
    declared = {"url": f"smtp://127.0.0.1:{server.port}", "sender": SENDER, "timeout": 5, **settings_}
    return Config.model_validate(declared)


def smtp(server: MailServer, **settings_: object) -> Smtp:
    return Smtp(config(server, **settings_), now=lambda: NOW)


def sent(server: MailServer, index: int = 0) -> EmailMessage:
    return message_from_bytes(server.taken[index][1], policy=policy.default)


def crowd(count: int) -> list[Message]:
    return [message(person(f"p{number}@example.org")) for number in range(count)]


class TestSmtp(ChannelContract):
    """SMTP keeps the contract."""

    @pytest.fixture
    def channel(self, server: MailServer) -> Smtp:
        self.server = server
        return smtp(server)

    def reachable(self, number: int) -> Subscriber:
        return person(f"p{number}@example.org")

    def unreachable(self) -> Subscriber:
        return person("nowhere")

    def arrived(self) -> list[str]:
        return [sent(self.server, index)["Message-ID"][1:33] for index in range(len(self.server.taken))]

    def arrange(self, subscriber: Subscriber, fate: Fate) -> None:
        told = {Fate.REFUSED: "550 5.1.1 <{}>: nobody", Fate.POSTPONED: "451 4.3.0 <{}>: later"}
        verb, answer = ("END", HANG_UP) if fate is Fate.UNKNOWN else ("RCPT", told[fate].format(subscriber.email))
        self.server.answers[verb] = lambda to: answer if to == subscriber.email else None


def test_a_mail_has_what_mail_programs_look_for(server: MailServer) -> None:
    channel = smtp(server, reply_to="Help <help@example.org>", unsubscribe_mailto="leave@example.org")
    one = message(person("Ann@Example.org"), text="Größe\n.\n..dots\n" + "long " * 300 + "\n")
    list(channel.send([one]))
    mail = sent(server)
    assert mail["From"] == SENDER
    assert mail["To"] == "Ann <Ann@example.org>"
    assert mail["Subject"] == one.subject
    assert mail["Date"].datetime == NOW
    assert mail["Message-ID"] == f"<{one.key}@example.org>"
    assert mail["Reply-To"] == "Help <help@example.org>"
    assert mail["List-Unsubscribe"] == f"<{one.unsubscribe_url}>, <mailto:leave@example.org?subject=unsubscribe>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "multipart/alternative"
    text, html = mail.iter_parts()
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content().splitlines() == one.text.splitlines()
    assert html.get_content().splitlines() == one.html.splitlines()
    assert not mail.defects
    assert max(map(len, server.taken[0][1].split(b"\r\n"))) < 998


def test_every_line_is_seven_bit_and_ends_properly(server: MailServer) -> None:
    list(smtp(server).send([message(person(name="Ünal Größe"), subject="Größenwahn " * 15, text="ä" * 500)]))
    raw = server.taken[0][1]
    assert raw.isascii()
    assert raw.replace(b"\r\n", b"").count(b"\n") == raw.replace(b"\r\n", b"").count(b"\r") == 0
    assert sent(server)["To"] == "Ünal Größe <ann@example.org>"
    assert sent(server)["Subject"] == ("Größenwahn " * 15).strip()


def test_the_same_message_has_the_same_id_in_every_process(server: MailServer) -> None:
    for _ in range(2):
        list(smtp(server).send([message(person())]))
    assert sent(server, 0)["Message-ID"] == sent(server, 1)["Message-ID"]


def test_a_message_without_a_link_has_no_unsubscribe_headers(server: MailServer) -> None:
    plain = Message(**{**vars(message(person())), "unsubscribe_url": None})
    list(smtp(server).send([plain]))
    assert sent(server)["List-Unsubscribe"] is None
    assert sent(server)["List-Unsubscribe-Post"] is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(name=st.text(max_size=60), subject=st.text(max_size=60))
@example(name="Ann\r\nBcc: all@example.org", subject="Now\r\nBcc: all@example.org\r\n\r\n<b>hi</b>")
@example(name='"<x@example.org>, "', subject="=?utf-8?q?=0ABcc=3A_x?=")
@example(name="Ann\u2028Bcc: x", subject="\u0085Bcc: x")
def test_no_name_and_no_title_adds_a_header(server: MailServer, name: str, subject: str) -> None:
    server.taken.clear()
    list(smtp(server).send([message(person(name=name), subject=subject)]))
    mail = sent(server)
    assert mail["Bcc"] is None
    assert [each.addr_spec for each in mail["To"].addresses] == ["ann@example.org"]
    assert len(mail.keys()) == len(set(mail.keys())) == 11
    assert mail.is_multipart()


@pytest.mark.parametrize(
    ("verb", "answer", "fate", "code"),
    [
        ("RCPT", "550 5.1.1 no such user", Fate.REFUSED, "mailbox_unavailable"),
        ("RCPT", "553 odd name", Fate.REFUSED, "mailbox_name_not_allowed"),
        ("RCPT", "450 4.2.1 greylisted", Fate.POSTPONED, "mailbox_busy"),
        ("RCPT", "421 closing", Fate.POSTPONED, "service_unavailable"),
        ("RCPT", HANG_UP, Fate.POSTPONED, "connection_lost"),
        ("MAIL", "452 4.3.1 full", Fate.POSTPONED, "insufficient_storage"),
        ("DATA", "451 4.3.0 not now", Fate.POSTPONED, "local_error"),
        ("DATA", "554 5.7.1 no", Fate.REFUSED, "transaction_failed"),
        ("DATA", HANG_UP, Fate.POSTPONED, "connection_lost"),
        ("END", "554 5.6.0 spam", Fate.REFUSED, "transaction_failed"),
        ("END", "451 4.7.0 later", Fate.POSTPONED, "local_error"),
        ("END", "421 4.3.2 going down", Fate.POSTPONED, "service_unavailable"),
        ("END", "what is this", Fate.UNKNOWN, "cut_off"),
        ("END", HANG_UP, Fate.UNKNOWN, "cut_off"),
    ],
)
def test_each_answer_has_its_meaning(server: MailServer, verb: str, answer: str, fate: Fate, code: str) -> None:
    bad, good = message(person("bad@example.org")), message(person("good@example.org"))
    server.answers[verb] = lambda to: answer if "bad" in to or (verb == "MAIL" and not server.taken) else None
    server.answers["RSET"] = lambda _: server.answers.pop("MAIL", None) and None
    deliveries = list(smtp(server).send([bad, good]))
    assert [(each.fate, each.code) for each in deliveries] == [(fate, code), (Fate.SENT, None)]
    assert [to for to, _ in server.taken] == ["good@example.org"]


def test_a_mail_cut_off_after_it_was_handed_over_is_not_sent_again(server: MailServer) -> None:
    server.answers["END"] = lambda _: HANG_UP if len(server.read) == 2 else None
    fates = [each.fate for each in smtp(server).send(crowd(3))]
    assert fates == [Fate.SENT, Fate.UNKNOWN, Fate.SENT]
    assert len(server.read) == 3


def test_an_old_connection_that_was_closed_is_opened_again_for_the_same_mail(server: MailServer) -> None:
    server.answers["MAIL"] = lambda _: HANG_UP if len(server.taken) == 1 and server.connections == 1 else None
    assert [each.fate for each in smtp(server).send(crowd(3))] == [Fate.SENT] * 3
    assert (server.connections, len(server.taken)) == (2, 3)


def test_one_connection_serves_a_batch(server: MailServer) -> None:
    list(smtp(server, messages_per_connection=4).send(crowd(10)))
    assert (server.connections, len(server.taken)) == (3, 10)
    assert server.commands.count("quit") == 3


def test_a_server_that_breaks_every_connection_is_down(server: MailServer) -> None:
    server.answers["MAIL"] = lambda _: HANG_UP
    deliveries = smtp(server).send(crowd(10))
    assert [next(deliveries).fate for _ in range(3)] == [Fate.POSTPONED] * 3
    with pytest.raises(TransientError, match="connection"):
        next(deliveries)


def test_nothing_is_taken_where_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        channel = smtp(MailServer(port=taken.getsockname()[1]))
        supply = iter(crowd(1))
        with pytest.raises(TransientError, match="cannot be reached"):
            next(channel.send(supply))
        assert len(list(supply)) == 1


def test_a_message_in_hand_has_its_fate_before_the_way_is_said_to_be_down(server: MailServer) -> None:
    def answer(_: str) -> str | None:
        if not server.taken:
            return None
        server.answers["BANNER"] = lambda _: "421 no more"
        return HANG_UP

    server.answers["MAIL"] = answer
    deliveries = smtp(server).send(crowd(3))
    assert [next(deliveries).fate for _ in range(2)] == [Fate.SENT, Fate.POSTPONED]
    with pytest.raises(TransientError):
        next(deliveries)


@pytest.mark.parametrize(
    ("verb", "answer"),
    [
        ("MAIL", "550 5.7.1 sender not allowed"),
        ("MAIL", "530 5.7.0 authentication required"),
        ("RCPT", "554 5.7.1 <p0@example.org>: Relay access denied"),
    ],
)
def test_a_server_that_takes_nothing_from_us_refuses_nobody(server: MailServer, verb: str, answer: str) -> None:
    server.answers[verb] = lambda _: answer
    deliveries = smtp(server).send(crowd(2))
    assert next(deliveries).fate is Fate.POSTPONED
    with pytest.raises(ConfigError, match="check the url and the sender"):
        next(deliveries)


@pytest.mark.parametrize(("banner", "error"), [("554 go away", ConfigError), ("421 busy", TransientError)])
def test_a_server_that_does_not_let_us_in_is_believed(server: MailServer, banner: str, error: type[Exception]) -> None:
    server.answers["BANNER"] = lambda _: banner
    with pytest.raises(error, match="refuses the connection"):
        list(smtp(server).send(crowd(1)))


def test_an_address_beyond_ascii_needs_a_server_that_knows_them(server: MailServer) -> None:
    jörg = message(person("jörg@exämple.org"))
    assert [each.code for each in smtp(server).send([jörg])] == ["smtputf8_unsupported"]
    server.answers["EHLO"] = lambda _: "250-here\r\n250-8BITMIME\r\n250 SMTPUTF8"
    assert [each.fate for each in smtp(server).send([jörg])] == [Fate.SENT]
    assert server.taken[0][0] == "jörg@xn--exmple-cua.org"


def test_mails_keep_their_distance(server: MailServer) -> None:
    passed, waits = [0.0], list[float]()

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        passed[0] += seconds

    channel = Smtp(config(server, messages_per_minute=30), clock=lambda: passed[0], sleep=sleep)
    list(channel.send(crowd(4)))
    assert waits[:3] == [2.0, 2.0, 2.0]


def test_two_spellings_of_an_address_are_one(server: MailServer) -> None:
    channel = smtp(server)
    spellings = ["Ann@Example.ORG", " ann@example.org ", "ANN@EXAMPLE.org"]
    assert {channel.address(person(each)) for each in spellings} == {"ann@example.org"}
    assert channel.address(person("straße@example.org")) != channel.address(person("strasse@example.org"))


def test_a_check_sends_nothing(server: MailServer) -> None:
    assert [each.level for each in smtp(server).check()] == [Level.OK]
    assert [line.split()[0] for line in server.commands] == ["ehlo", "quit"]


def test_a_check_says_what_is_wrong(server: MailServer) -> None:
    server.answers["BANNER"] = lambda _: "421 busy"
    (finding,) = smtp(server).check()
    assert finding.level is Level.ERROR
    assert "refuses the connection (421)" in finding.seen


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("url", "http://mail.example.org"),
        ("url", "smtp://"),
        ("url", "smtp://user:se/cret@host:587"),
        ("url", "smtp://user:secret@host:port"),
        ("url", "smtp://user:12#secret@host"),
        ("sender", "tickets"),
        ("sender", "Box\r\nBcc: x@example.org <tickets@example.org>"),
        ("reply_to", "a@example.org, b@example.org"),
        ("messages_per_minute", 0),
    ],
)
def test_what_cannot_work_is_refused_and_no_secret_is_repeated(key: str, value: object) -> None:
    with pytest.raises(ValidationError) as error:
        Config.model_validate({"url": "smtp://host", "sender": SENDER, key: value})
    assert "cret" not in str(error.value)


def test_no_secret_is_shown() -> None:
    declared = Config(url=SecretStr("smtp://user:p%40ss@mail.example.org"), sender=SENDER)
    channel = connect(declared)
    assert channel.identity == "smtp://mail.example.org:587"
    assert "p%40ss" not in repr((declared, vars(channel)))
    assert "p@ss" not in repr((declared, vars(channel)))
