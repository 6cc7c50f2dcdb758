"""A message -> the bytes of a mail (RFC 5322, MIME): text and HTML, one-click unsubscribe (RFC 8058).

Written by hand where Python's own folding would encode the links of `List-Unsubscribe`, which then nobody can follow;
all bodies are quoted-printable: 7 bit, short lines, and no part can hold its boundary.
"""

import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, getaddresses, quote
from functools import cached_property, lru_cache

from ticket_pipeline.messages.addresses import deliverable
from ticket_pipeline.messages.plain import name_of, one_line, safe_link
from ticket_pipeline.model.message import Message

_ATOMS = re.compile(r"[A-Za-z0-9 '-]+")
#: `=_` cannot occur in quoted-printable.
_BOUNDARY = "=_{}"


@dataclass(frozen=True, kw_only=True)
class Letterhead:
    """What all mails of one channel have in common."""

    #: As declared: `Box Office <tickets@example.org>`.
    sender: str
    reply_to: str | None = None
    #: A mailbox that takes unsubscriptions, beside the link.
    unsubscribe_mailto: str | None = None

    @cached_property
    def envelope_sender(self) -> str:
        """The address that bounces go to."""
        return mailbox(self.sender)[1]

    def mail(self, message: Message, to: str, *, at: datetime) -> bytes:
        """Write the mail, ready to follow DATA: CRLF, dots stuffed, without the end."""
        boundary = _BOUNDARY.format(message.key)
        lines = [
            f"From: {_address_header(self.sender)}",
            f"To: {_named(name_of(message.to.name), to)}",
            f"Subject: {_encoded(one_line(message.subject, 200), len('Subject: '))}",
            f"Date: {format_datetime(at)}",
            f"Message-ID: <{message.key}@{self.envelope_sender.rpartition('@')[2]}>",
            *([f"Reply-To: {_address_header(self.reply_to)}"] if self.reply_to else []),
            *self._unsubscribing(message),
            "Auto-Submitted: auto-generated",
            f"Content-Language: {message.language}",
            "MIME-Version: 1.0",
            f'Content-Type: multipart/alternative; boundary="{boundary}"',
            "",
            f"--{boundary}",
        ]
        head = "\r\n".join(lines).encode()
        whole = b"\r\n".join(
            (
                head,
                _part("plain", message.text),
                f"--{boundary}".encode(),
                _part("html", message.html),
                f"--{boundary}--\r\n".encode(),
            )
        )
        return whole.replace(b"\r\n.", b"\r\n..")

    def _unsubscribing(self, message: Message) -> list[str]:
        link = safe_link(message.unsubscribe_url)
        url = link if link and link.isascii() else None
        ways = [f"<{url}>"] if url else []
        ways += [f"<mailto:{self.unsubscribe_mailto}?subject=unsubscribe>"] if self.unsubscribe_mailto else []
        # Folded between the ways only, never within one.
        header = ["List-Unsubscribe: " + ",\r\n ".join(ways)] if ways else []
        return [*header, "List-Unsubscribe-Post: List-Unsubscribe=One-Click"] if url else header


def mailbox(text: str) -> tuple[str, str]:
    """Take `Name <name@example.org>` apart.

    Raises:
        ValueError: there is no such address.
    """
    several = getaddresses([text]) if text.isprintable() else []
    found = deliverable(several[0][1]) if len(several) == 1 else None
    if found is None or not found.isascii():
        raise ValueError("should be an address: Box Office <tickets@example.org>")
    return several[0][0], found


@lru_cache(maxsize=64)
def _address_header(text: str) -> str:
    name, address = mailbox(text)
    return _named(one_line(name, 100), address)


def _named(shown: str | None, address: str) -> str:
    if not shown:
        return address
    if not _is_plain(shown):
        return f"{_encoded(shown, len('From: '))} <{address}>"
    return f"{shown} <{address}>" if _ATOMS.fullmatch(shown) else f'"{quote(shown)}" <{address}>'


def _is_plain(text: str) -> bool:
    """Whether a text can stand in a header as it is, and means itself there."""
    return text.isascii() and "=?" not in text


@lru_cache(maxsize=64)
def _encoded(text: str, used: int) -> str:
    """Write a text of one line for a header; folded, and encoded where it is not ASCII."""
    return Header(text, "us-ascii" if _is_plain(text) else "utf-8", maxlinelen=76 - used).encode(linesep="\r\n")


def _part(kind: str, text: str) -> bytes:
    head = f'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    return head.encode() + _quoted(text)


def _quoted(text: str) -> bytes:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").replace("\n", "\r\n") + "\r\n"
    return binascii.b2a_qp(lines.encode("utf-8", "replace"), istext=True)
