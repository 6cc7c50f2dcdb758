"""Encryption, certificates and passwords, against a real mail server (aiosmtpd)."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from ticket_pipeline.channels._smtp_server import Server, server_of
from ticket_pipeline.channels.smtp import Config, Smtp
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.model.finding import Level
from ticket_pipeline.model.message import Fate
from ticket_pipeline_tests.channels.certificates import write_certificate
from ticket_pipeline_tests.channels.people import message, person

SECRET = "p@ss/w:rd#1"  # noqa: S105  of this test's own server
QUOTED = "p%40ss%2Fw%3Ard%231"


class Mailbox:
    """Keeps what arrives, and whether it came encrypted and by whom."""

    def __init__(self) -> None:
        self.arrived: list[tuple[bool, bool, bytes]] = []

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's
        assert isinstance(envelope.content, bytes)
        self.arrived.append((session.ssl is not None, bool(session.authenticated), envelope.content))
        return "250 taken"


def authenticate(_: object, __: object, ___: object, ____: object, given: LoginPassword) -> AuthResult:
    return AuthResult(success=given.login == b"me" and given.password == SECRET.encode(), handled=False)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def context(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def start() -> Iterator[Callable[..., tuple[Mailbox, int]]]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    servers: list[asyncio.Server] = []

    def start(*, ssl_context: ssl.SSLContext | None = None, **settings: Any) -> tuple[Mailbox, int]:
        mailbox = Mailbox()

        async def listen() -> asyncio.Server:
            return await loop.create_server(lambda: SMTP(mailbox, **settings), "127.0.0.1", 0, ssl=ssl_context)

        servers.append(asyncio.run_coroutine_threadsafe(listen(), loop).result(5))
        return mailbox, servers[-1].sockets[0].getsockname()[1]

    yield start
    for server in servers:
        loop.call_soon_threadsafe(server.close)
    asyncio.run_coroutine_threadsafe(_rest(), loop).result(5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def _rest() -> None:
    """Let conversations end."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for each in others:
        each.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def smtp(url: str, **settings: object) -> Smtp:
    return Smtp(Config.model_validate({"url": url, "sender": "tickets@example.org", "timeout": 5, **settings}))


def fates(channel: Smtp) -> list[Fate]:
    return [each.fate for each in channel.send([message(person()), message(person("bob@example.org"))])]


Start = Callable[..., tuple[Mailbox, int]]


def test_starttls_and_a_password(start: Start, context: ssl.SSLContext, certificate: tuple[Path, Path]) -> None:
    mailbox, port = start(tls_context=context, authenticator=authenticate, auth_required=True, require_starttls=True)
    channel = smtp(f"smtp://me:{QUOTED}@127.0.0.1:{port}", starttls="always", ca_file=certificate[0])
    assert fates(channel) == [Fate.SENT] * 2
    assert [(encrypted, known) for encrypted, known, _ in mailbox.arrived] == [(True, True)] * 2
    assert [each.level for each in channel.check()] == [Level.OK]


def test_tls_from_the_start(start: Start, context: ssl.SSLContext, certificate: tuple[Path, Path]) -> None:
    mailbox, port = start(ssl_context=context)
    assert fates(smtp(f"smtps://127.0.0.1:{port}", ca_file=certificate[0])) == [Fate.SENT] * 2
    assert len(mailbox.arrived) == 2


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_of_nobody_we_know_stops_everything(start: Start, context: ssl.SSLContext, scheme: str) -> None:
    mailbox, port = start(**{"tls_context" if scheme == "smtp" else "ssl_context": context})
    channel = smtp(f"{scheme}://127.0.0.1:{port}", starttls="always")
    with pytest.raises(ConfigError, match=r"certificate of 127\.0\.0\.1.*ca_file"):
        fates(channel)
    assert [each.level for each in channel.check()] == [Level.ERROR]
    assert mailbox.arrived == []


def test_no_starttls_where_it_was_declared_stops_everything(start: Start) -> None:
    mailbox, port = start()
    with pytest.raises(ConfigError, match="offers no STARTTLS"):
        fates(smtp(f"smtp://127.0.0.1:{port}", starttls="always"))
    assert mailbox.arrived == []


def test_tls_to_a_port_without_it_is_explained(start: Start) -> None:
    _, port = start()
    with pytest.raises(ConfigError, match="does it want smtp://"):
        fates(smtp(f"smtps://127.0.0.1:{port}"))


def test_a_wrong_password_stops_everything_and_is_not_repeated(start: Start) -> None:
    _, port = start(authenticator=authenticate, auth_require_tls=False)
    with pytest.raises(ConfigError, match="refuses the user name or password") as error:
        fates(smtp(f"smtp://me:secret@127.0.0.1:{port}"))
    assert "secret" not in str(error.value)


def test_a_server_that_takes_no_password_is_told_apart(start: Start) -> None:
    _, port = start()
    with pytest.raises(ConfigError, match="takes no password"):
        fates(smtp(f"smtp://me:secret@127.0.0.1:{port}"))


def test_a_password_never_travels_in_the_open_to_another_machine(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    _, port = start(authenticator=authenticate, auth_require_tls=False)
    monkeypatch.setattr(Server, "local", False)
    with pytest.raises(ConfigError, match="offers no STARTTLS"):
        fates(smtp(f"smtp://me:{QUOTED}@127.0.0.1:{port}"))
    assert fates(smtp(f"smtp://me:{QUOTED}@127.0.0.1:{port}", starttls="never")) == [Fate.SENT] * 2


@pytest.mark.parametrize(
    ("url", "host", "port", "user"),
    [
        ("smtp://mail.example.org", "mail.example.org", 25, None),
        ("smtp://me:pw@mail.example.org", "mail.example.org", 587, "me"),
        ("smtps://me%40example.org:pw@mail.example.org", "mail.example.org", 465, "me@example.org"),
        ("smtp://[::1]:2525", "::1", 2525, None),
    ],
)
def test_a_url_says_where_and_as_whom(url: str, host: str, port: int, user: str | None) -> None:
    server = server_of(url)
    assert (server.host, server.port, server.user) == (host, port, user)


@pytest.mark.parametrize(("host", "local"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("a.org", False)])
def test_only_this_machine_is_local(host: str, local: bool) -> None:
    assert Server(host=host, port=25, implicit_tls=False).local is local
