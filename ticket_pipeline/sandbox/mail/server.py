"""The mail server: takes every mail that comes from this machine, and sends none.

https://aiosmtpd.aio-libs.org/en/stable/controller.html
"""

import logging
import os
import socket
from asyncio import AbstractServer
from collections.abc import Awaitable, Callable
from datetime import datetime

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.sandbox.mail.mailbox import Mailbox

HOST = "127.0.0.1"
LARGEST_MAIL = 10_000_000
MOST_RECIPIENTS = 100


class MailServer:
    """Takes mails in a thread of its own, from `start` to `stop`; the port is ours from the beginning."""

    def __init__(self, mailbox: Mailbox, port: int, clock: Callable[[], datetime]) -> None:
        """Take the port; 0 is any that is free.

        Raises:
            ConfigError: it is in use.
        """
        try:
            listener = socket.create_server((HOST, port), backlog=128)
        except OSError as error:
            why = os.strerror(error.errno or 0)
            remedy = "stop what uses it, or choose another with --mail-port"
            raise ConfigError(f"sandbox: port {port}, for mail, cannot be had ({why}); {remedy}") from error
        self.port: int = listener.getsockname()[1]
        self._listener = listener
        self._controller = _Controller(_Letterbox(mailbox, clock), listener)
        # It tells of every command, and of addresses.
        logging.getLogger("mail.log").setLevel(logging.ERROR)

    def start(self) -> None:
        """Begin to take mails."""
        self._controller.start()

    def stop(self) -> None:
        """Take no more, and give the port back."""
        self._controller.stop(no_assert=True)
        self._listener.close()


class _Letterbox:
    """What is done with each mail; the names are aiosmtpd's."""

    def __init__(self, mailbox: Mailbox, clock: Callable[[], datetime]) -> None:
        self._mailbox = mailbox
        self._clock = clock

    async def handle_RCPT(  # noqa: N802 - see above
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, whoever it is."""
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - see above
        """Keep a mail."""
        raw = envelope.original_content or b""
        recipients = tuple(envelope.rcpt_tos)
        at = self._clock().timestamp()
        self._mailbox.put(sender=envelope.mail_from or "", recipients=recipients, raw=raw, at=at)
        return "250 2.0.0 Kept in the sandbox"


class _Controller(Controller):
    """Listens where it is told to, and does not look up what this machine is called."""

    def __init__(self, letterbox: _Letterbox, listener: socket.socket) -> None:
        host, port = listener.getsockname()
        super().__init__(
            letterbox, hostname=host, port=port, server_hostname="sandbox", data_size_limit=LARGEST_MAIL, timeout=60
        )
        self._listener = listener

    def _create_server(self) -> Awaitable[AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._listener)
