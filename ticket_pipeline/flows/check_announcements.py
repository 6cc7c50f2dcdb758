"""Check announcements: can the audience be read, do the channels work, can people unsubscribe."""

from collections.abc import Iterator, Sequence
from typing import cast
from urllib.parse import urlsplit

from ticket_pipeline.audiences.base import Audience
from ticket_pipeline.channels.base import Channel, Checkable
from ticket_pipeline.errors import TicketPipelineError, TransientError
from ticket_pipeline.model.finding import Finding, Level

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def check_announcements(audience: Audience, channels: Sequence[Channel], public_url: str | None) -> Iterator[Finding]:
    """Look at the audience, each channel, and where unsubscribe links lead; tell nobody anything."""
    yield from _asked("audience", audience)
    for each in channels:
        yield from _asked(f"channel {each.kind}", each)
    yield _links(public_url)


def _asked(what: str, part: object) -> Iterator[Finding]:
    if not hasattr(part, "check"):
        return
    try:
        yield from cast("Checkable", part).check()
    except TicketPipelineError as error:
        transient = isinstance(error, TransientError)
        remedy = "nothing is wrong here; check again later" if transient else "mend this, then check again"
        yield Finding(level=Level.ERROR, what=what, seen=str(error), remedy=remedy, transient=transient)


def _links(public_url: str | None) -> Finding:
    what = "unsubscribe links"
    parts = urlsplit(public_url or "")
    if public_url is None or parts.hostname in _LOOPBACK:
        return Finding(
            level=Level.WARNING,
            what=what,
            seen="lead to this machine only, where nobody else can follow them",
            remedy="set server.public_url to the https address under which people reach the server",
        )
    if parts.scheme != "https":
        return Finding(
            level=Level.WARNING,
            what=what,
            seen=f"lead to {parts.scheme}://{parts.netloc}; mail programs offer one-click unsubscribing for https only",
            remedy="set server.public_url to an https address",
        )
    return Finding(level=Level.OK, what=what, seen=f"lead to {public_url}")
