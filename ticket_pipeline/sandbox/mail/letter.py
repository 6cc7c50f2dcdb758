"""A mail as a person reads it: headers, text, HTML. Whatever came is shown; nothing of it is believed.

https://www.rfc-editor.org/rfc/rfc5322, https://www.rfc-editor.org/rfc/rfc2047 (words in headers),
https://www.rfc-editor.org/rfc/rfc8058 (one-click unsubscribe)
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message

from ticket_pipeline.sandbox.mail.mailbox import Mail

LONGEST_PART = 500_000
MOST_HEADERS = 60
LONGEST_HEADER = 4000
#: What a subject is looked for in, without taking the mail apart: a list has many.
_HEAD = 16_000
_SUBJECT = re.compile(rb"^subject:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", re.IGNORECASE | re.MULTILINE)
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_LINK = re.compile(r"<\s*(https?://[^\s<>]+)\s*>", re.IGNORECASE)
_ONE_CLICK = "list-unsubscribe=one-click"
#: A mail may show itself and nothing from elsewhere, run nothing, and open its links in a new window.
_FRAME = (
    '<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    'style-src \'unsafe-inline\'; img-src data:"><meta name="referrer" content="no-referrer"><base target="_blank">'
)


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What a mail program makes of a mail."""

    subject: str
    headers: tuple[tuple[str, str], ...]
    text: str | None
    #: A page for a frame of its own, which keeps it from doing anything.
    html: str | None
    #: Where one unsubscribes, as the List-Unsubscribe header says.
    unsubscribe: str | None
    #: Whether a program may do so in one click.
    one_click: bool


def subject_of(mail: Mail) -> str:
    """Find the subject, in no time."""
    head = _END_OF_HEAD.split(mail.raw[:_HEAD], maxsplit=1)[0]
    found = _SUBJECT.search(head)
    return _readable(found[1].decode("utf-8", "replace").strip())[:LONGEST_HEADER] if found else ""


def read(mail: Mail) -> Letter:
    """Take a mail apart; one that cannot be is shown as it came."""
    try:
        message = message_from_bytes(mail.raw)
        headers = tuple((str(name), _readable(str(value))) for name, value in message.items()[:MOST_HEADERS])
        text, html = _body(message, "text/plain"), _body(message, "text/html")
    except (MessageError, ValueError, LookupError, RecursionError):
        headers, text, html = (), mail.raw.decode("utf-8", "replace"), None
    link = _LINK.search(_header(headers, "list-unsubscribe"))
    one_click = "".join(_header(headers, "list-unsubscribe-post").split()).lower() == _ONE_CLICK
    return Letter(
        subject=subject_of(mail),
        headers=tuple((name, value[:LONGEST_HEADER]) for name, value in headers),
        text=text and text[:LONGEST_PART],
        html=html and _FRAME + html[:LONGEST_PART],
        unsubscribe=link[1] if link else None,
        one_click=one_click and link is not None,
    )


def _header(headers: tuple[tuple[str, str], ...], name: str) -> str:
    return next((value for each, value in headers if each.lower() == name), "")


def _readable(value: str) -> str:
    """Unfold a header and decode its words; what cannot be decoded stays as it is."""
    unfolded = re.sub(r"\r?\n(?=[ \t])", "", value)
    try:
        return str(make_header(decode_header(unfolded)))
    except (MessageError, ValueError, LookupError):
        return unfolded


def _body(message: Message, kind: str) -> str | None:
    """Give the first part of this kind that is no attachment; a mail without any is all text."""
    part = next(_parts(message, kind), None)
    if part is None:
        return None
    given = part.get_payload(decode=True)
    content = given if isinstance(given, bytes) else str(part.get_payload()).encode("utf-8", "replace")
    try:
        return content.decode(part.get_content_charset() or "utf-8", "replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")


def _parts(message: Message, kind: str) -> Iterator[Message]:
    for part in message.walk():
        if part.get_content_type() == kind and part.get_content_disposition() != "attachment":
            yield part
