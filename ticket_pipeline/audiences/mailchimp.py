"""The members of a Mailchimp audience, read through the Marketing API.

https://mailchimp.com/developer/marketing/api/list-members/

Only `subscribed` members may be told; `cleaned` ones have bounced and count as suppressed. Interests (groups) and tags
are marks, by name, bare and as `interest:<name>` or `tag:<name>`; an interest by its id too, as `interest:<id>`. So
`opt_in: "event-{event.slug}"` takes either. Archived members are not listed. The id is Mailchimp's hash of the address.
"""

import base64
import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import requests
from pydantic import Field, SecretStr

from ticket_pipeline.audiences._offset_pages import read_whole
from ticket_pipeline.audiences._rows import read_row
from ticket_pipeline.audiences.base import AudienceConfig
from ticket_pipeline.errors import ConfigError, NotFoundError, TicketPipelineError
from ticket_pipeline.json_api import Answer, Host, JsonApi, NotTakenError
from ticket_pipeline.model.finding import Finding, Level
from ticket_pipeline.model.subscriber import Subscriber, SubscriberStatus

#: Mailchimp gives no more at once.
_PAGE = 1000
#: Mailchimp takes ten connections at a time from one account, ours and everybody else's.
_CONNECTIONS = 5
#: Mailchimp itself gives up on a call after 120 seconds.
_PATIENCE = 120.0
_KEY = re.compile(r"[0-9A-Za-z]{8,}-([a-z]{2,4}[0-9]{1,4})")
_ID = re.compile(r"[0-9a-f]{32}")
_FIELDS = ("id", "email_address", "full_name", "status", "language", "interests", "tags")

_STATUSES = {
    "subscribed": SubscriberStatus.SUBSCRIBED,
    "pending": SubscriberStatus.PENDING,
    "unsubscribed": SubscriberStatus.UNSUBSCRIBED,
    # Both were never asked, or are asked no more.
    "transactional": SubscriberStatus.UNSUBSCRIBED,
    "archived": SubscriberStatus.UNSUBSCRIBED,
    "cleaned": SubscriberStatus.SUPPRESSED,
}


class Config(AudienceConfig):
    """Which Mailchimp audience."""

    opt_in: str = Field(
        default="event-{event.slug}",
        description="Template of the name of an interest or tag that a member bears who wants to hear of an event; "
        "may use {event.id}, {event.slug} and {event.title}",
    )
    api_key: SecretStr = Field(description="API key (Account -> Extras -> API keys); it ends with the data center")
    list_id: str = Field(
        pattern=r"^[0-9A-Za-z]+$", description="Audience id (Audience -> Settings -> Audience name and defaults)"
    )


def connect(config: Config) -> "MailchimpAudience":
    """Make the audience; Mailchimp is first spoken to when something is read.

    Raises:
        ConfigError: the key has not Mailchimp's form.
    """
    return MailchimpAudience(config)


class MailchimpAudience:
    """The members of one Mailchimp audience; safe to share between threads."""

    def __init__(
        self,
        config: Config,
        session: requests.Session | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Keep the settings; nothing is sent yet.

        Raises:
            ConfigError: the key has not Mailchimp's form.
        """
        key = config.api_key.get_secret_value().strip()
        found = _KEY.fullmatch(key)
        if not found:
            raise ConfigError("mailchimp: api_key is not of the form <key>-<data center>, as in 0123…cdef-us19")
        self.identity = f"mailchimp:{found[1]}/{config.list_id}"
        self._api = JsonApi(_host(found[1], key), session, sleep=sleep)
        self._list = f"/lists/{config.list_id}"
        #: Interests by id; a member's own entry does not tell their names.
        self._interests: Mapping[str, str] = {}

    def subscribers(self) -> Iterator[Subscriber]:
        """Read every member, a thousand at a time, in the order in which they joined."""
        self._interests = self._read_interests()
        for member in read_whole(self._members, _id, kind="mailchimp"):
            yield self._subscriber(member)

    def consent(self, ids: Collection[str]) -> Iterator[Subscriber]:
        """Read these members as they are now, one call each and a few calls at once: Mailchimp has no other way."""
        wanted = [each for each in dict.fromkeys(ids) if _ID.fullmatch(each)]
        if not wanted:
            return
        with ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="audience") as pool:
            try:
                for member in pool.map(self._member, wanted):
                    if member is not None:
                        yield self._subscriber(member)
            finally:
                pool.shutdown(cancel_futures=True)

    def unsubscribe(self, subscriber_id: str) -> None:
        """Set the member to unsubscribed, unless they are to be written to even less."""
        member = self._member(subscriber_id) if _ID.fullmatch(subscriber_id) else None
        if member is None or member.get("status") not in {"subscribed", "pending", "transactional"}:
            return
        try:
            self._api.call("PATCH", f"{self._list}/members/{subscriber_id}", body={"status": "unsubscribed"})
        except NotFoundError:
            return

    def check(self) -> Iterable[Finding]:
        """Look whether Mailchimp is reached, takes the key, and how many members it lists."""
        try:
            _, count = self._members(0, limit=1)
            interests = len(self._read_interests())
        except TicketPipelineError as error:
            remedy = "do what the message says, then check again"
            yield Finding(level=Level.ERROR, what="mailchimp", seen=str(error), remedy=remedy)
            return
        yield Finding(level=Level.OK, what="mailchimp: members", seen=f"{count} members in {self.identity}")
        yield Finding(level=Level.OK, what="mailchimp: interests", seen=f"{interests} to opt in by, and any tag")

    def _members(self, offset: int, *, limit: int = _PAGE) -> tuple[list[dict[str, Any]], int]:
        fields = ",".join(["total_items", *(f"members.{name}" for name in _FIELDS)])
        order = {"sort_field": "timestamp_opt", "sort_dir": "ASC"}
        params = {"count": str(limit), "offset": str(offset), "fields": fields, **order}
        return self._listed(f"{self._list}/members", "members", params)

    def _member(self, member_id: str) -> dict[str, Any] | None:
        try:
            return self._api.object("GET", f"{self._list}/members/{member_id}", params={"fields": ",".join(_FIELDS)})
        except NotFoundError:
            return None

    def _subscriber(self, member: Mapping[str, Any]) -> Subscriber:
        tags = [f"tag:{name}" for name in _names(member.get("tags"))]
        interests = [f"interest:{each}" for each in self._interests_of(member.get("interests"))]
        by_id = [f"interest:{each}" for each in _true(member.get("interests"))]
        marks = [*tags, *interests]
        row = {
            "id": _id(member),
            "email": member.get("email_address"),
            "name": member.get("full_name"),
            "status": _STATUSES.get(str(member.get("status"))),
            "locale": member.get("language"),
            "opt_ins": [*marks, *by_id, *(mark.partition(":")[2] for mark in marks)],
        }
        return read_row(row, place=_id(member))

    def _interests_of(self, given: Any) -> Iterator[str]:
        """Name a member's interests, asking again for one that came since."""
        for interest in _true(given):
            if interest not in self._interests:
                self._interests = {interest: "", **self._read_interests()}
            if name := self._interests[interest]:
                yield name

    def _read_interests(self) -> dict[str, str]:
        path = f"{self._list}/interest-categories"
        categories = read_whole(partial(self._page, path, "categories"), _id, kind="mailchimp")
        return {
            _id(each): str(each.get("name") or "")
            for category in categories
            for each in read_whole(
                partial(self._page, f"{path}/{_id(category)}/interests", "interests"), _id, kind="mailchimp"
            )
        }

    def _page(self, path: str, name: str, offset: int) -> tuple[list[dict[str, Any]], int]:
        return self._listed(path, name, {"count": str(_PAGE), "offset": str(offset)})

    def _listed(self, path: str, name: str, params: Mapping[str, str]) -> tuple[list[dict[str, Any]], int]:
        try:
            answer = self._api.object("GET", path, params=params)
        except NotFoundError as error:
            raise ConfigError(f"{error}; check list_id") from error
        entries, total = answer.get(name), answer.get("total_items")
        if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
            raise ConfigError(f"mailchimp: the answer holds no list {name!r}; look for a newer ticket-pipeline")
        if not isinstance(total, int):
            raise ConfigError("mailchimp: the answer does not say how many there are; look for a newer ticket-pipeline")
        return entries, total


def _host(data_center: str, key: str) -> Host:
    login = base64.b64encode(f"ticket-pipeline:{key}".encode()).decode()

    def sign(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        prepared.headers["Authorization"] = f"Basic {login}"
        return prepared

    return Host(
        kind="mailchimp",
        base_url=f"https://{data_center}.api.mailchimp.com/3.0",
        sign=sign,
        credentials="check that api_key still exists, is of this account, and may read and write this audience",
        words=_words,
        judge=_judge,
        patience=_PATIENCE,
        connections=_CONNECTIONS,
        rejects=False,
    )


def _judge(answer: Answer, told: str) -> TicketPipelineError | None:
    """Tell the gate, which turns too many calls away with a bare 403, from Mailchimp, which says why."""
    if answer.status == 403 and not isinstance(answer.body, dict):
        return NotTakenError(f"{told}turned away, by the look of it for too many calls; try again later")
    return None


def _words(body: Any) -> str:
    """Give the title of a problem; its detail may name a person."""
    return str(body.get("title") or "") if isinstance(body, dict) else ""


def _id(entry: Mapping[str, Any]) -> str:
    value = entry.get("id")
    if not isinstance(value, str) or not value:
        raise ConfigError("mailchimp: an entry has no id; look for a newer ticket-pipeline")
    return value


def _true(interests: Any) -> Iterator[str]:
    for interest, given in interests.items() if isinstance(interests, dict) else ():
        if given is True:
            yield interest


def _names(tags: Any) -> Iterator[str]:
    for each in tags if isinstance(tags, list) else ():
        if isinstance(each, dict) and isinstance(each.get("name"), str) and each["name"]:
            yield each["name"]
