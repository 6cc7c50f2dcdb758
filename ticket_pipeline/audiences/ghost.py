"""The members of a Ghost site, read through its Admin API.

https://ghost.org/docs/admin-api/#members

A member is subscribed while Ghost lists them for any active newsletter and has not suppressed the address. They opt in
to an event by a newsletter or a label: its slug is a mark, bare and as `newsletter:<slug>` or `label:<slug>`, so
`opt_in: "event-{event.slug}"` takes either. The same page of the documentation names NQL, the language of `filter`.
"""

import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice, pairwise
from typing import Any

import requests
from pydantic import Field, SecretStr

from ticket_pipeline.audiences._ghost_api import GhostApi
from ticket_pipeline.audiences._rows import read_row
from ticket_pipeline.audiences.base import AudienceConfig
from ticket_pipeline.errors import ConfigError, NotFoundError, TicketPipelineError, TransientError
from ticket_pipeline.model.finding import Finding, Level
from ticket_pipeline.model.subscriber import STRICTNESS, Subscriber, SubscriberStatus

#: Ghost gives no more at once, whatever it is asked for.
_PAGE = 100
#: Ghost's ids; nothing else is let into a filter, and Ghost calls anything else a mistake rather than unknown.
_ID = re.compile(r"[0-9a-f]{24}")
#: Members join and leave while a page and its count are read; so often a page is read again.
_LOOKS = 3


class Config(AudienceConfig):
    """Which Ghost site, and which of its members."""

    opt_in: str = Field(
        default="event-{event.slug}",
        description="Template of the slug of a newsletter or label that a member bears who wants to hear of an event; "
        "may use {event.id}, {event.slug} and {event.title}",
    )
    url: str = Field(
        pattern=r"^https?://[^\s/@]+", description="Where Ghost is, as Ghost itself says: https://news.example.org"
    )
    admin_api_key: SecretStr = Field(description="Admin API key of a custom integration (Settings -> Integrations)")
    filter: str | None = Field(
        default=None, description="Only these members, in Ghost's own words (NQL): label:concerts+status:paid"
    )


def connect(config: Config) -> "GhostAudience":
    """Make the audience; Ghost is first spoken to when something is read.

    Raises:
        ConfigError: the key has not Ghost's form.
    """
    return GhostAudience(config)


class GhostAudience:
    """The members of one Ghost site; safe to share between threads."""

    def __init__(
        self,
        config: Config,
        session: requests.Session | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Keep the settings; nothing is sent yet.

        Raises:
            ConfigError: the key has not Ghost's form.
        """
        self._api = GhostApi(
            url=config.url,
            admin_api_key=config.admin_api_key.get_secret_value(),
            session=session,
            sleep=sleep,
        )
        self._filter = config.filter
        #: Newsletters by id, whose slug a member's own entry does not tell.
        self._newsletters: Mapping[str, str] = {}

    @property
    def identity(self) -> str:
        """Name the site."""
        return f"ghost:{self._api.place}"

    def subscribers(self) -> Iterator[Subscriber]:
        """Read every member in the order of their ids, page by page after the last id: nobody twice, nobody missed."""
        self._newsletters = self._read_newsletters()
        last, more = "", True
        while more:
            members, more = self._page([f"id:>'{last}'"] if last else [], after=last)
            for member in members:
                yield self._subscriber(member)
            last = members[-1]["id"] if members else last

    def consent(self, ids: Collection[str]) -> Iterator[Subscriber]:
        """Read these members as they are now, a hundred at a time."""
        wanted = (each for each in dict.fromkeys(ids) if _ID.fullmatch(each))
        while some := list(islice(wanted, _PAGE)):
            members, _ = self._page([_among(some)])
            for member in members:
                yield self._subscriber(member)

    def unsubscribe(self, subscriber_id: str) -> None:
        """Take the member off every newsletter, as Ghost's own unsubscribe link does."""
        if not _ID.fullmatch(subscriber_id):
            return
        try:
            self._api.call("PUT", f"/members/{subscriber_id}/", body={"members": [{"newsletters": []}]})
        except NotFoundError:
            return

    def check(self) -> Iterable[Finding]:
        """Look whether Ghost is reached, takes the key, and how many members it lists."""
        try:
            seen = f"{self._count()} members at {self._api.place}"
            newsletters = len(self._read_newsletters())
        except TicketPipelineError as error:
            remedy = "do what the message says, then check again"
            yield Finding(level=Level.ERROR, what="ghost", seen=str(error), remedy=remedy)
            return
        yield Finding(level=Level.OK, what="ghost: members", seen=seen)
        yield Finding(level=Level.OK, what="ghost: newsletters", seen=f"{newsletters} to opt in by")

    def _count(self) -> int:
        params = {"limit": "1", **({"filter": self._filter} if self._filter else {})}
        return _pagination(self._get("/members/", params), "total")

    def _page(self, conditions: Sequence[str], *, after: str = "") -> tuple[list[dict[str, Any]], bool]:
        """Read the first members by id under these conditions, and whether there are more; whole, or an error."""
        joined = "+".join([*([f"({self._filter})"] if self._filter else []), *conditions])
        params = {"limit": str(_PAGE), "order": "id asc", **({"filter": joined} if joined else {})}
        for _ in range(_LOOKS):
            answer = self._get("/members/", params)
            members, total = _objects(answer, "members"), _pagination(answer, "total")
            if len(members) == min(_pagination(answer, "limit"), total):
                _see_order([after, *(_id(member) for member in members)])
                return self._see_suppressions(members), total > len(members)
        raise TransientError("ghost: a page of members is not whole; try again later")

    def _see_suppressions(self, members: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Read a page again where one address has an apostrophe: by it Ghost loses sight of all who are suppressed.

        Alone such a member is read right, and the others without them.
        """
        odd = [each["id"] for each in members if "'" in str(each.get("email"))]
        if not odd:
            return members
        even = [each["id"] for each in members if each["id"] not in odd]
        again = [*(self._page([_among(even)])[0] if even else []), *filter(None, map(self._alone, odd))]
        return sorted(again, key=_id)

    def _alone(self, member_id: str) -> dict[str, Any] | None:
        try:
            return _objects(self._api.call("GET", f"/members/{member_id}/"), "members")[0]
        except NotFoundError:
            return None

    def _get(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        try:
            return self._api.call("GET", path, params=params)
        except NotFoundError as error:
            raise ConfigError(f"{error}; check that url leads to a Ghost of version 5 or later") from error

    def _subscriber(self, member: Mapping[str, Any]) -> Subscriber:
        marks = [f"label:{slug}" for slug in _slugs(member.get("labels"))]
        marks += [f"newsletter:{slug}" for slug in self._newsletter_slugs(member)]
        return read_row(
            {
                "id": member["id"],
                "email": member.get("email"),
                "name": member.get("name"),
                "status": fold(member),
                "opt_ins": [*marks, *(mark.partition(":")[2] for mark in marks)],
                "unsubscribe_url": member.get("unsubscribe_url"),
            },
            place=member["id"],
        )

    def _newsletter_slugs(self, member: Mapping[str, Any]) -> Iterator[str]:
        listed = member.get("newsletters")
        for each in listed if isinstance(listed, list) else []:
            if isinstance(each, dict) and each.get("status", "active") == "active":
                slug = each.get("slug") or self._slug_of(each.get("id"))
                if isinstance(slug, str):
                    yield slug

    def _slug_of(self, newsletter_id: Any) -> str | None:
        """Look a newsletter up, asking again for one that came since."""
        if newsletter_id not in self._newsletters:
            self._newsletters = {str(newsletter_id): "", **self._read_newsletters()}
        return self._newsletters[str(newsletter_id)] or None

    def _read_newsletters(self) -> dict[str, str]:
        found: dict[str, str] = {}
        page, pages = 1, 1
        while page <= pages:
            params = {"limit": str(_PAGE), "page": str(page), "order": "id asc"}
            answer = self._get("/newsletters/", params)
            listed = _objects(answer, "newsletters")
            found.update({str(each.get("id")): str(each.get("slug") or "") for each in listed})
            page, pages = page + 1, _pagination(answer, "pages")
        return found


def fold(member: Mapping[str, Any]) -> SubscriberStatus | None:
    """Say whether a member may be written to; None where Ghost does not say clearly."""
    suppression = member.get("email_suppression")
    suppressed = suppression.get("suppressed") if isinstance(suppression, dict) else None
    said = {
        SubscriberStatus.SUPPRESSED: suppressed is True,
        SubscriberStatus.UNSUBSCRIBED: member.get("subscribed") is False,
        SubscriberStatus.SUBSCRIBED: member.get("subscribed") is True and suppressed is False,
    }
    return max((status for status, true in said.items() if true), key=STRICTNESS.__getitem__, default=None)


def _slugs(listed: Any) -> Iterator[str]:
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, dict) and isinstance(each.get("slug"), str) and each["slug"]:
            yield each["slug"]


def _objects(answer: Mapping[str, Any], field: str) -> list[dict[str, Any]]:
    value = answer.get(field)
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise ConfigError(f"ghost: the answer holds no list {field!r}; check that url leads to Ghost")
    return value


def _among(ids: Iterable[str]) -> str:
    quoted = ",".join(f"'{each}'" for each in ids)
    return f"id:[{quoted}]"


def _id(member: Mapping[str, Any]) -> str:
    value = member.get("id")
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ConfigError("ghost: a member has no id of Ghost's form; look for a newer ticket-pipeline")
    return value


def _see_order(ids: Sequence[str]) -> None:
    """See that each id comes after the one before: else nobody knows who was missed."""
    if any(later <= earlier for earlier, later in pairwise(ids)):
        raise ConfigError("ghost: the members do not come in the order of their ids; does something rewrite our calls?")


def _pagination(answer: Mapping[str, Any], field: str) -> int:
    meta = answer.get("meta")
    pagination = meta.get("pagination") if isinstance(meta, dict) else None
    value = pagination.get(field) if isinstance(pagination, dict) else None
    if not isinstance(value, int):
        raise ConfigError(f"ghost: the answer does not say its {field}; check that url leads to Ghost")
    return value
