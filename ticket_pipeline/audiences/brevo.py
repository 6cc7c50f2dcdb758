"""The contacts of a Brevo account, read through its API v3.

https://developers.brevo.com/reference/get-contacts

A contact that Brevo blocks from e-mail campaigns (`emailBlacklisted`) counts as unsubscribed: Brevo does not say
whether they left, bounced or complained. Lists are marks, by name, bare and as `list:<name>`, and as `list:<id>`; an
attribute that is true is one as `attribute:<NAME>`. Whoever unsubscribed from a list has left it.
"""

import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import requests
from pydantic import Field, SecretStr

from ticket_pipeline.audiences._offset_pages import read_whole
from ticket_pipeline.audiences._rows import read_row
from ticket_pipeline.audiences.base import AudienceConfig
from ticket_pipeline.errors import ConfigError, NotFoundError, TicketPipelineError
from ticket_pipeline.json_api import Answer, Host, JsonApi, NotTakenError, credential
from ticket_pipeline.model.finding import Finding, Level
from ticket_pipeline.model.subscriber import Subscriber, SubscriberStatus

#: Brevo gives no more at once: contacts, lists, and contacts by their ids.
_PAGE, _LISTS, _IDS = 1000, 50, 20
_ID = re.compile(r"[1-9][0-9]{0,18}")


class Config(AudienceConfig):
    """Which Brevo account, and which of its contacts."""

    opt_in: str = Field(
        default="event-{event.slug}",
        description="Template of the name of a list that a contact is in who wants to hear of an event; "
        "may use {event.id}, {event.slug} and {event.title}",
    )
    api_key: SecretStr = Field(description="API key (Settings -> SMTP & API -> API keys)")
    list_id: int | None = Field(default=None, ge=1, description="Only the contacts of this list; unless said all")
    name_attributes: tuple[str, ...] = Field(
        default=("FIRSTNAME", "LASTNAME"), description="Attributes that make a contact's name, in their order"
    )


def connect(config: Config) -> "BrevoAudience":
    """Make the audience; Brevo is first spoken to when something is read.

    Raises:
        ConfigError: the key cannot be one.
    """
    return BrevoAudience(config)


class BrevoAudience:
    """The contacts of one Brevo account; safe to share between threads."""

    def __init__(
        self,
        config: Config,
        session: requests.Session | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Keep the settings; nothing is sent yet.

        Raises:
            ConfigError: the key cannot be one.
        """
        self._only = config.list_id
        self._name = config.name_attributes
        self.identity = "brevo:contacts" if self._only is None else f"brevo:list {self._only}"
        self._api = JsonApi(_host(credential(config.api_key, kind="brevo", setting="api_key")), session, sleep=sleep)
        #: Lists by id; a contact's own entry does not tell their names.
        self._lists: Mapping[int, str] = {}

    def subscribers(self) -> Iterator[Subscriber]:
        """Read every contact, a thousand at a time, the oldest first."""
        self._lists = self._read_lists()
        for contact in read_whole(self._contacts, _id, kind="brevo"):
            yield self._subscriber(contact)

    def consent(self, ids: Collection[str]) -> Iterator[Subscriber]:
        """Read these contacts as they are now, twenty at a time."""
        wanted = (each for each in dict.fromkeys(ids) if _ID.fullmatch(each))
        while some := list(islice(wanted, _IDS)):
            for contact in self._by_id(some):
                if self._only is None or self._only in _numbers(contact, "listIds", "listUnsubscribed"):
                    yield self._subscriber(contact)

    def unsubscribe(self, subscriber_id: str) -> None:
        """Have Brevo block the contact from e-mail campaigns, as its own unsubscribe link does."""
        if not _ID.fullmatch(subscriber_id):
            return
        params = {"identifierType": "contact_id"}
        try:
            self._api.call("PUT", f"/contacts/{subscriber_id}", params=params, body={"emailBlacklisted": True})
        except NotFoundError:
            return

    def check(self) -> Iterable[Finding]:
        """Look whether Brevo is reached, takes the key, and how many contacts it lists."""
        try:
            _, count = self._contacts(0, limit=1)
            lists = self._read_lists()
        except TicketPipelineError as error:
            remedy = "do what the message says, then check again"
            yield Finding(level=Level.ERROR, what="brevo", seen=str(error), remedy=remedy)
            return
        yield Finding(level=Level.OK, what="brevo: contacts", seen=f"{count} contacts")
        if self._only is not None and self._only not in lists:
            seen, remedy = f"the account has no list {self._only}", "set list_id to one of its lists"
            yield Finding(level=Level.ERROR, what="brevo: lists", seen=seen, remedy=remedy)
            return
        yield Finding(level=Level.OK, what="brevo: lists", seen=f"{len(lists)} to opt in by")

    def _contacts(self, offset: int, *, limit: int = _PAGE) -> tuple[list[dict[str, Any]], int]:
        only = {} if self._only is None else {"listIds": str(self._only)}
        return self._listed("contacts", {"limit": str(limit), "offset": str(offset), "sort": "asc", **only})

    def _by_id(self, ids: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Read some contacts; if Brevo refuses a handful because one of them is gone, the others are read alone."""
        try:
            found, _ = self._read("contacts", {"limit": str(_PAGE), "ids": list(ids)})
        except NotFoundError:
            for each in ids if len(ids) > 1 else ():
                yield from self._by_id([each])
            return
        if not {_id(contact) for contact in found} <= set(ids):
            raise ConfigError("brevo: contacts nobody asked for were given; look for a newer ticket-pipeline")
        yield from found

    def _subscriber(self, contact: Mapping[str, Any]) -> Subscriber:
        marks = [f"list:{name}" for each in _numbers(contact, "listIds") if (name := self._list_name(each))]
        given = contact.get("attributes")
        attributes: Mapping[str, Any] = given if isinstance(given, dict) else {}
        row = {
            "id": _id(contact),
            "email": contact.get("email"),
            "name": " ".join(str(attributes[each]) for each in self._name if attributes.get(each)),
            "status": self._fold(contact),
            "opt_ins": [
                *marks,
                *(mark.partition(":")[2] for mark in marks),
                *(f"list:{each}" for each in _numbers(contact, "listIds")),
                *(f"attribute:{name}" for name, value in attributes.items() if value is True),
            ],
        }
        return read_row(row, place=_id(contact))

    def _fold(self, contact: Mapping[str, Any]) -> SubscriberStatus | None:
        """Say whether a contact may be written to; None where Brevo does not say clearly."""
        blocked = contact.get("emailBlacklisted")
        if blocked is True or self._only in _numbers(contact, "listUnsubscribed"):
            return SubscriberStatus.UNSUBSCRIBED
        return SubscriberStatus.SUBSCRIBED if blocked is False else None

    def _list_name(self, list_id: int) -> str:
        """Name a list, asking again for one that came since."""
        if list_id not in self._lists:
            self._lists = {list_id: "", **self._read_lists()}
        return self._lists[list_id]

    def _read_lists(self) -> dict[int, str]:
        def page(offset: int) -> tuple[list[dict[str, Any]], int]:
            return self._listed("lists", {"limit": str(_LISTS), "offset": str(offset), "sort": "asc"})

        return {int(_id(each)): str(each.get("name") or "") for each in read_whole(page, _id, kind="brevo", overlap=5)}

    def _listed(self, name: str, params: Mapping[str, Any]) -> tuple[list[dict[str, Any]], int]:
        try:
            return self._read(name, params)
        except NotFoundError as error:
            raise ConfigError(f"{error}; check list_id") from error

    def _read(self, name: str, params: Mapping[str, Any]) -> tuple[list[dict[str, Any]], int]:
        path = "/contacts" if name == "contacts" else f"/contacts/{name}"
        answer = self._api.object("GET", path, params=params)
        # An empty list is left out of the answer.
        entries, total = answer.get(name, []), answer.get("count")
        if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
            raise ConfigError(f"brevo: the answer holds no list {name!r}; look for a newer ticket-pipeline")
        if not isinstance(total, int):
            raise ConfigError("brevo: the answer does not say how many there are; look for a newer ticket-pipeline")
        return entries, total


def _host(key: str) -> Host:
    def sign(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        prepared.headers["api-key"] = key
        return prepared

    return Host(
        kind="brevo",
        base_url="https://api.brevo.com/v3",
        sign=sign,
        credentials="check that api_key is an API key (not an SMTP key) of this account and may be used from here",
        words=lambda body: str(body.get("message") or "") if isinstance(body, dict) else "",
        judge=_judge,
        rejects=False,
    )


def _judge(answer: Answer, told: str) -> TicketPipelineError | None:
    """Read how long to stay away from Brevo's own header."""
    reset = str(answer.headers.get("x-sib-ratelimit-reset", ""))
    if answer.status == 429 and reset.isdecimal():
        return NotTakenError(f"{told}too many requests; try again later", retry_after=float(reset))
    return None


def _id(entry: Mapping[str, Any]) -> str:
    value = entry.get("id")
    if not isinstance(value, int) or isinstance(value, bool):
        raise ConfigError("brevo: an entry has no id; look for a newer ticket-pipeline")
    return str(value)


def _numbers(contact: Mapping[str, Any], *names: str) -> list[int]:
    lists = [contact.get(name) for name in names]
    return [each for some in lists if isinstance(some, list) for each in some if isinstance(each, int)]
