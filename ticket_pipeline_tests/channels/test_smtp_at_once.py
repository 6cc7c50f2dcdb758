"""Where a mail server takes several commands at once: the same mails, the same fates, in half the round trips."""

import socket
import threading
from collections.abc import Iterator

import pytest

from ticket_pipeline.channels.smtp import Config, Smtp
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.model.message import Delivery, Fate
from ticket_pipeline_tests.channels.mail_server import HANG_UP, MailServer, mail_server
from ticket_pipeline_tests.channels.people import message, person


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as server:
        server.answers["EHLO"] = lambda _: "250-here\r\n250-PIPELINING\r\n250 SMTPUTF8"
        yield server


def send(server: MailServer, *people: str) -> list[Delivery]:
    channel = Smtp(
        Config.model_validate({"url": f"smtp://127.0.0.1:{server.port}", "sender": "t@example.org", "timeout": 10})
    )
    return list(channel.send([message(person(each)) for each in people]))


def refuse(server: MailServer, verb: str, answer: str, *, only: str = "ben@example.org") -> None:
    server.answers[verb] = lambda address: answer if address == only else None
    if verb == "RCPT":
        server.answers["DATA"] = lambda address: "503 to whom?" if address == only else None


def answer_late(listener: socket.socket) -> None:
    """Be a server that answers nothing before it has heard all there is up to DATA."""
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(20)
        for waits_for, answer in (
            (b"", b"220 here"),
            (b"\r\n", b"250-here\r\n250 PIPELINING"),
            (b"DATA\r\n", b"250 ok\r\n250 ok\r\n354 go on"),
            (b"\r\n.\r\n", b"250 taken"),
            (b"\r\n", b"221 bye"),
        ):
            heard = b""
            while not heard.endswith(waits_for):
                heard += connection.recv(65536)
            connection.sendall(answer + b"\r\n")


def test_all_is_said_before_the_first_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_late, args=(listener,))
        thread.start()
        (delivery,) = send(MailServer(port=listener.getsockname()[1]), "ann@example.org")
        thread.join(20)
    assert delivery.fate is Fate.SENT


def test_addresses_beyond_ascii_are_announced(server: MailServer) -> None:
    assert [each.fate for each in send(server, "zoë@example.org", "ann@example.org")] == [Fate.SENT] * 2
    assert [address for address, _ in server.taken] == ["zoë@example.org", "ann@example.org"]
    assert [each.endswith("> SMTPUTF8") for each in server.commands if each.startswith("MAIL")] == [True, False]


@pytest.mark.parametrize(
    ("verb", "answer", "fate"),
    [
        ("RCPT", "550 5.1.1 no such user", Fate.REFUSED),
        ("RCPT", "450 busy", Fate.POSTPONED),
        ("DATA", "451 not now", Fate.POSTPONED),
        ("END", "554 5.7.1 spam", Fate.REFUSED),
        ("END", HANG_UP, Fate.UNKNOWN),
    ],
)
def test_one_that_is_not_taken_harms_nobody_else(server: MailServer, verb: str, answer: str, fate: Fate) -> None:
    refuse(server, verb, answer)
    fates = [each.fate for each in send(server, "ann@example.org", "ben@example.org", "cat@example.org")]
    assert fates == [Fate.SENT, fate, Fate.SENT]
    assert [address for address, _ in server.taken] == ["ann@example.org", "cat@example.org"]


def test_a_refused_recipient_gets_no_mail_even_where_the_server_waits_for_one(server: MailServer) -> None:
    refuse(server, "RCPT", "550 no")
    refuse(server, "END", "554 no valid recipients")
    del server.answers["DATA"]
    send(server, "ann@example.org", "ben@example.org", "cat@example.org")
    assert [bool(each) for each in server.read] == [True, False, True]
    assert server.connections == 1


def test_a_server_that_leaves_says_so_but_once(server: MailServer) -> None:
    refuse(server, "RCPT", "421 closing")
    deliveries = send(server, "ann@example.org", "ben@example.org", "cat@example.org")
    assert [each.fate for each in deliveries] == [Fate.SENT, Fate.POSTPONED, Fate.SENT]
    assert deliveries[1].code == "service_unavailable"


def test_a_refused_sender_is_about_us(server: MailServer) -> None:
    server.answers |= {"MAIL": lambda _: "550 who are you", "RCPT": lambda _: "503 no", "DATA": lambda _: "503 no"}
    with pytest.raises(ConfigError, match="takes no mail from us"):
        send(server, "ann@example.org", "ben@example.org")
    assert server.taken == []
