"""A row of named columns -> a subscriber: what the kinds `csv` and `sql` have in common."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ticket_pipeline.model.subscriber import (
    Flaw,
    PushSubscription,
    Subscriber,
    SubscriberStatus,
    normal_address,
    strictest,
)

Row = Mapping[str, Any]

#: Without these nobody can be told.
REQUIRED = ("email", "status", "opt_ins")
OPTIONAL = (
    "name",
    "locale",
    "id",
    "push",
    "push_endpoint",
    "push_p256dh",
    "push_auth",
    "channel",
    "unsubscribe_url",
)

#: What no header line and no list of recipients could be broken out of; whether mail can be sent there, SMTP says.
_PART = r"[^\s\x00-\x20\x7f-\x9f\ud800-\udfff\ufffd@<>,;()\"]+"
_ADDRESS = re.compile(f"{_PART}@{_PART}")
_LONGEST_ADDRESS = 254
_LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_URL = re.compile(r"https?://[\x21-\x7e]+")
_KEY = re.compile(r"[A-Za-z0-9_+/=-]+")
_PUSH = frozenset({"push", "push_endpoint"})
#: What stands for bytes that were no letters.
GARBLED = "\ufffd"


def read_row(row: Row, *, place: str, readable: bool = True) -> Subscriber:
    """Read a row; `place` is its id where it has neither an id, nor an address, nor a push subscription.

    A row that is not quite readable is read as far as it goes, so that it makes nobody else's listing more permissive.
    """
    email, push, status = _text(row.get("email")), _push(row), _status(row.get("status"))
    flaw = _flaw(email, push, status) if readable else Flaw.UNREADABLE
    return Subscriber(
        id=_text(row.get("id")) or normal_address(email) or (push.endpoint if push else place),
        email=email or None,
        name=_one_line(row.get("name")) or None,
        status=_kept(status, flaw),
        flaw=flaw,
        locale=_locale(_text(row.get("locale"))),
        opt_ins=_opt_ins(row.get("opt_ins")),
        push=push,
        preferred_channel=_text(row.get("channel")).lower() or None,
        unsubscribe_url=_matching(_URL, row.get("unsubscribe_url")),
    )


def merged(entries: Iterable[Subscriber], *, twins: Iterable[SubscriberStatus]) -> Subscriber:
    """Make one subscriber of several entries of one id and of what else is said of the same address.

    Whatever is listed twice is never the more permissive for it: the strictest status counts, a flaw stays. Opt-ins
    add up: each was given.
    """
    first, *others = entries
    status = strictest([first.status, *(each.status for each in others), *twins])
    flaw = next((each.flaw for each in (first, *others) if each.flaw), None)
    marks = frozenset[str]().union(first.opt_ins, *(each.opt_ins for each in others))
    return replace(first, status=_kept(status, flaw), flaw=flaw, opt_ins=marks)


def _kept(status: SubscriberStatus | None, flaw: Flaw | None) -> SubscriberStatus:
    """Let no flawed entry be written to."""
    if status is None or (flaw and status is SubscriberStatus.SUBSCRIBED):
        return SubscriberStatus.PENDING
    return status


def _flaw(email: str, push: PushSubscription | None, status: SubscriberStatus | None) -> Flaw | None:
    if email and (len(email) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(email)):
        return Flaw.INVALID_ADDRESS
    if not email and push is None:
        return Flaw.NO_ADDRESS
    return Flaw.UNKNOWN_STATUS if status is None else None


def _status(value: Any) -> SubscriberStatus | None:
    try:
        return SubscriberStatus(_text(value).lower())
    except ValueError:
        return None


def _opt_ins(value: Any) -> frozenset[str]:
    """Read marks parted by `;`, a list, or the JSON text of a list."""
    if isinstance(value, str):
        value = _json(value) if value.lstrip().startswith("[") else value.split(";")
    if not isinstance(value, list | tuple | set | frozenset):
        return frozenset()
    return frozenset(mark for each in value if isinstance(each, str) and (mark := each.strip()))


def _push(row: Row) -> PushSubscription | None:
    """Read the three columns, or one column as a browser writes a subscription in JSON."""
    if _PUSH.isdisjoint(row):
        return None
    whole = row.get("push")
    found = _json(whole) if isinstance(whole, str) else whole
    if isinstance(found, Mapping):
        inner = found.get("keys", found)
        held = inner if isinstance(inner, Mapping) else {}
        parts = [found.get("endpoint"), held.get("p256dh"), held.get("auth")]
    else:
        parts = [row.get(name) for name in ("push_endpoint", "push_p256dh", "push_auth")]
    endpoint, *keys = (_text(part) for part in parts)
    if len(keys) != 2 or not _URL.fullmatch(endpoint) or not all(map(_KEY.fullmatch, keys)):
        return None
    return PushSubscription(endpoint=endpoint, p256dh=keys[0], auth=keys[1])


def _locale(text: str) -> str | None:
    return _matching(_LOCALE, text.replace("_", "-"))


def _matching(form: re.Pattern[str], value: Any) -> str | None:
    text = _text(value)
    return text if form.fullmatch(text) else None


def _one_line(value: Any) -> str:
    """Make one printable line of a name, so that it can stand in a header; a garbled one is none."""
    text = _text(value)
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else " " for letter in text)
    return "" if GARBLED in text else " ".join(text.split())


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
