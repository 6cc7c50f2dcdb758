"""Eventbrite's API v3: events and their ticket classes, by `<event>/<ticket class>`.

https://www.eventbrite.com/platform/api#/reference/ticket-class
"""

from collections.abc import Callable, Mapping
from typing import Any

import requests

from ticket_pipeline.destinations._eventbrite_ticket import TicketClass
from ticket_pipeline.errors import ConfigError, NotFoundError, RejectedError, TicketPipelineError, TransientError
from ticket_pipeline.json_api import Answer, Host, JsonApi, in_words

#: Seconds; Eventbrite counts 2,000 calls an hour for each token.
_HOUR = 3600.0
#: What to do where Eventbrite's own words do not say it.
_REMEDIES = {
    "CANNOT_UPDATE_COST": "tickets were sold at the old price; make another ticket at Wix, and hide this one",
    "CURRENCY_MISMATCH": "Wix and the Eventbrite event must sell in one currency",
    "INSUFFICIENT_PACKAGE": "your Eventbrite plan allows no more ticket classes",
    "INVALID_TICKET": "the event is one of a series; declare its parent",
    "INVALID_INVENTORY_TIER_ID": "events with inventory tiers are not supported",
}
#: Errors that a token's owner must mend, though Eventbrite answers 400.
_CREDENTIALS = frozenset({"INVALID_AUTH", "INVALID_AUTH_HEADER"})


class EventbriteApi:
    """Calls Eventbrite with one token; each call raises as `JsonApi.call` says."""

    def __init__(self, *, token: str, session: requests.Session | None, sleep: Callable[[float], None]) -> None:
        """Keep the settings; nothing is sent yet."""
        self._api = JsonApi(_host(token), session, sleep=sleep)
        self._currencies: dict[str, str] = {}

    def see_user(self) -> None:
        """See that the token is somebody's."""
        self._api.object("GET", "/users/me/")

    def currency(self, event: str) -> str:
        """Read the currency an event sells in, once."""
        if event not in self._currencies:
            try:
                found = self._api.object("GET", f"/events/{event}/")
            except NotFoundError as error:
                raise ConfigError(f"{error}; check the event {event} of events") from error
            self._currencies[event] = str(found.get("currency"))
        return self._currencies[event]

    def ticket_classes(self, event: str) -> list[TicketClass]:
        """Read every ticket class of an event, whole, or an error; of an event that is gone there are none."""
        found: list[TicketClass] = []
        tokens: list[str] = []
        while True:
            token = {"continuation": tokens[-1]} if tokens else {}
            try:
                answer = self._api.object(
                    "GET", f"/events/{event}/ticket_classes/", params={"category": "all", **token}
                )
            except NotFoundError:
                return []
            listed, paging = answer.get("ticket_classes"), answer.get("pagination")
            if not isinstance(listed, list) or not isinstance(paging, dict):
                raise ConfigError("eventbrite: the answer holds no ticket classes; look for a newer ticket-pipeline")
            found += [_ticket_class(each) for each in listed]
            if not paging.get("has_more_items"):
                return found
            following = paging.get("continuation")
            if not isinstance(following, str) or following in tokens:
                raise TransientError(f"eventbrite: the ticket classes of event {event} break off; try again later")
            tokens.append(following)

    def ticket_class(self, at: str) -> TicketClass:
        """Read one ticket class."""
        return _ticket_class(self._api.object("GET", _path(at)))

    def create(self, event: str, body: Mapping[str, Any]) -> TicketClass:
        """Make a ticket class; where nobody knows whether it was made, it is not tried again."""
        path = f"/events/{event}/ticket_classes/"
        return _ticket_class(self._api.object("POST", path, body={"ticket_class": body}, once=True))

    def change(self, at: str, body: Mapping[str, Any]) -> None:
        """Bring a ticket class to what is sent, the whole of it."""
        self._api.call("POST", _path(at), body={"ticket_class": body})


def _path(at: str) -> str:
    event, _, ticket_class = at.partition("/")
    if not (event.isdecimal() and ticket_class.isdecimal()):
        raise NotFoundError(f"eventbrite: {at!r} is no ticket class")
    return f"/events/{event}/ticket_classes/{ticket_class}/"


def _ticket_class(found: Any) -> TicketClass:
    if not isinstance(found, dict) or not str(found.get("id", "")).isdecimal():
        raise ConfigError("eventbrite: the answer holds no ticket class; look for a newer ticket-pipeline")
    return found


def _host(token: str) -> Host:
    def sign(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        prepared.headers["Authorization"] = f"Bearer {token}"
        return prepared

    return Host(
        kind="eventbrite",
        base_url="https://www.eventbriteapi.com/v3",
        sign=sign,
        credentials="check that token is a private token that still exists, of somebody who may edit the event",
        words=_words,
        judge=_judge,
        slow_down=_HOUR,
    )


def _judge(answer: Answer, told: str) -> TicketPipelineError | None:
    """Go by Eventbrite's own error, which says more than the status."""
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    if error in _CREDENTIALS:
        return ConfigError(f"{told}{error}; check token")
    if answer.status != 400 or not isinstance(error, str):
        return None
    said = in_words(_words, answer.body)
    remedy = f"; {_REMEDIES[error]}" if error in _REMEDIES else ""
    return RejectedError(f"{told}{said}{remedy}", code=error.lower())


def _words(body: Any) -> str:
    if not isinstance(body, dict):
        return ""
    return ": ".join(str(body[name]) for name in ("error", "error_description") if body.get(name))
