"""E-mail, handed to a mail server by SMTP; signing it (DKIM) is the server's job.

https://www.rfc-editor.org/rfc/rfc5321, https://www.rfc-editor.org/rfc/rfc8058 (one-click unsubscribe)
"""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from ticket_pipeline.channels._smtp_mail import Letterhead, mailbox
from ticket_pipeline.channels._smtp_run import Pace, Run
from ticket_pipeline.channels._smtp_server import Security, StartTls, server_of
from ticket_pipeline.channels._smtp_session import Answer, Session, open_session
from ticket_pipeline.declared_path import DeclaredPath
from ticket_pipeline.errors import TicketPipelineError, TransientError
from ticket_pipeline.messages.addresses import deliverable, normalise
from ticket_pipeline.model.finding import Finding, Level
from ticket_pipeline.model.message import Delivery, Fate, Message
from ticket_pipeline.model.subscriber import Subscriber


def _url(given: SecretStr) -> SecretStr:
    server_of(given.get_secret_value())
    return given


def _mailbox(given: str) -> str:
    mailbox(given)
    return given


Mailbox = Annotated[str, AfterValidator(_mailbox)]


class Config(BaseModel):
    """Which mail server, and from whom."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: Annotated[SecretStr, AfterValidator(_url)] = Field(
        description="smtp://user:password@host:587, or smtps:// for TLS from the start (port 465); "
        "write / ? # @ : in a password as %2F %3F %23 %40 %3A"
    )
    sender: Mailbox = Field(description="Box Office <tickets@example.org>")
    reply_to: Mailbox | None = Field(default=None, description="Where answers go; the sender if left out")
    unsubscribe_mailto: Mailbox | None = Field(
        default=None, description="A mailbox of yours that takes unsubscriptions, offered beside the link"
    )
    starttls: StartTls = Field(
        default="auto",
        description="auto: never on this machine; elsewhere where it is offered, and always where there is a password",
    )
    ca_file: DeclaredPath | None = Field(
        default=None, description="PEM of an authority of your own that the server's certificate is signed by"
    )
    messages_per_minute: float | None = Field(default=None, gt=0, description="At most so many; None: no limit")
    messages_per_connection: int = Field(default=100, ge=1, description="Then a new connection is opened")
    timeout: float = Field(default=60, gt=0, le=600, description="Seconds to wait for an answer")


def connect(config: Config) -> "Smtp":
    """Make the channel; no connection is opened."""
    return Smtp(config)


class Smtp:
    """Hands mails to a mail server, one connection for many."""

    kind = "smtp"

    def __init__(
        self,
        config: Config,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Keep the way; nothing is opened. Tests bring their own clocks."""
        self._server = server_of(config.url.get_secret_value())
        self.identity = f"smtp://{self._server.at}"
        self._security = Security(starttls=config.starttls, ca_file=config.ca_file, timeout=config.timeout)
        to = config.unsubscribe_mailto
        self._letterhead = Letterhead(
            sender=config.sender, reply_to=config.reply_to, unsubscribe_mailto=to and mailbox(to)[1]
        )
        self._per_connection = config.messages_per_connection
        self._now = now
        self._pace = Pace(60 / config.messages_per_minute if config.messages_per_minute else 0, clock, sleep)

    def reaches(self, subscriber: Subscriber) -> bool:
        """Tell whether there is an address that mail could go to."""
        return deliverable(subscriber.email) is not None

    def address(self, subscriber: Subscriber) -> str:
        """Give the address, normalised."""
        return normalise(subscriber.email) or ""

    def send(self, messages: Iterable[Message]) -> Iterator[Delivery]:
        """Hand the mails over one by one; a connection that is worn out or broken is followed by a new one."""
        run = Run(open_=self._open, hand_over=self._hand_over, per_connection=self._per_connection)
        supply = iter(messages)
        try:
            while True:
                run.ready()
                self._pace.wait()
                message = next(supply, None)
                if message is None:
                    return
                yield run.deliver(message)
        finally:
            run.close()

    def check(self) -> Iterable[Finding]:
        """Connect, encrypt and log in; no mail is sent."""
        try:
            session = self._open()
        except TicketPipelineError as error:
            transient = isinstance(error, TransientError)
            remedy = "start it, or check again later" if transient else "mend this, then check again"
            return [Finding(level=Level.ERROR, what="smtp", seen=str(error), remedy=remedy, transient=transient)]
        seen = f"{self._server.at} reached{', logged in' if self._server.user else ''}"
        safe = session.encrypted or self._server.local
        session.close()
        if safe:
            return [Finding(level=Level.OK, what="smtp", seen=seen)]
        remedy = "use smtps://, or a server that offers STARTTLS: addresses can be read on the way"
        return [Finding(level=Level.WARNING, what="smtp", seen=f"{seen}; not encrypted", remedy=remedy)]

    def _open(self) -> Session:
        domain = self._letterhead.envelope_sender.rpartition("@")[2]
        # A name looked up would cost seconds where there is no DNS.
        return open_session(self._server, self._security, our_name=domain)

    def _hand_over(self, session: Session, message: Message) -> Answer:
        to = deliverable(message.to.email)
        if to is None:
            return Answer(fate=Fate.REFUSED, code="invalid_address", reason="no mail can be sent to such an address")
        if not to.isascii() and not session.smtputf8:
            reason = f"{self._server.at} takes no addresses with letters beyond ASCII (SMTPUTF8)"
            return Answer(fate=Fate.REFUSED, code="smtputf8_unsupported", reason=reason)
        mail = self._letterhead.mail(message, to, at=self._now())
        return session.hand_over(self._letterhead.envelope_sender, to, mail)
