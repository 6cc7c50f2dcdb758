"""Eventbrite, written through its API v3.

https://www.eventbrite.com/platform/api#/reference/ticket-class

A ticket definition is a ticket class of a declared event. Eventbrite has no field for the Wix id, so our links alone
say which is which. Where there is no link, after a crash or a lost state, an unlinked ticket class that is just what
would be made is taken for it; one that has but its name is not touched, and the ticket is refused as `unresolved`
until a person has decided. The external id is `<event>/<ticket class>`.

Nothing can be deleted: what is archived or deleted is hidden, with its description, and stays. Not carried: several
prices to pick from, no limit or a limit of 0 (refused); the minimum of a guest price, the policy text, Wix's fee
(told). The price of what has sold cannot change; the rest of such an update is made, and the price refused.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any

import requests
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from ticket_pipeline.destinations._eventbrite_api import EventbriteApi
from ticket_pipeline.destinations._eventbrite_ticket import (
    PRICE,
    TicketClass,
    archived_body,
    held,
    is_archived,
    ticket_body,
    whole_body,
)
from ticket_pipeline.destinations._hosted_fields import check_fit, common_losses, place, see_currency
from ticket_pipeline.errors import NotFoundError, RejectedError, TicketPipelineError, TransientError
from ticket_pipeline.json_api import credential
from ticket_pipeline.mapping.diff import diff
from ticket_pipeline.mapping.mapping import FieldMapping
from ticket_pipeline.model.change import Action, Change, Held, Outcome
from ticket_pipeline.model.finding import Finding, Level
from ticket_pipeline.model.record import Record

DEFAULT_MAPPING: Mapping[str, Any] = {
    "name": "name",
    "description": {"from": "description", "default": ""},
    "price": {"from": "price.value", "as": "decimal"},
    "currency": "price.currency",
    "minimum_price": "minimum_price",
    "price_options": {"each": "options", "fields": {"name": "name", "price": "price.value"}},
    "capacity": "capacity",
    "hidden": "hidden",
    "sale_start": "sale_start",
    "sale_end": "sale_end",
    "policy": "policy_text",
    "fee_type": "fee_type",
    "event_slug": "event.slug",
}

_FROZEN = "cannot_update_cost"
_Number = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,20}$")]


@dataclass(frozen=True, kw_only=True)
class _Call:
    """What is known while changes are made."""

    #: External ids by Wix id, as the links have them and as this call has made them.
    known: dict[str, str]
    #: By event, its ticket classes, where they were looked at.
    listed: dict[str, list[TicketClass]] = field(default_factory=dict)


class Config(BaseModel):
    """Whose Eventbrite, and which of its events each Wix event goes to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: SecretStr = Field(description="Private token (Account settings -> Developer links -> API keys)")
    events: dict[str, _Number] = Field(
        min_length=1, description="Id of the Eventbrite event for each Wix event, by the slug or id of the Wix event"
    )
    ticket_classes: dict[str, _Number] = Field(
        default_factory=dict,
        description="Ticket classes that are there already, by the id of the Wix ticket definition they belong to",
    )


def connect(config: Config, mapping: FieldMapping) -> "Eventbrite":
    """Make the destination; Eventbrite is first spoken to when something is read or written.

    Raises:
        ConfigError: the token cannot be one, or a field has no place at Eventbrite.
    """
    return Eventbrite(config, mapping)


class Eventbrite:
    """The declared events of one Eventbrite account as a destination."""

    def __init__(
        self,
        config: Config,
        mapping: FieldMapping,
        session: requests.Session | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Keep the settings; nothing is sent yet.

        Raises:
            ConfigError: the token cannot be one, or a field has no place at Eventbrite.
        """
        check_fit("eventbrite", mapping)
        self.identity = "eventbrite"
        self._events = config.events
        self._declared = config.ticket_classes
        token = credential(config.token, kind="eventbrite", setting="token")
        self._api = EventbriteApi(token=token, session=session, sleep=sleep)
        self._links: Callable[[], Mapping[str, str]] = dict

    def rely_on(self, links: Callable[[], Mapping[str, str]]) -> None:
        """Read external ids by Wix id from there: Eventbrite cannot tell them."""
        self._links = links

    def find(self, definition_ids: Collection[str] | None = None) -> Iterator[Held]:
        """Read what is held for the Wix ids we have links to; without links, nothing is found."""
        known = self._links()
        wanted = known if definition_ids is None else {each: known[each] for each in definition_ids if each in known}
        by_event: dict[str, dict[str, str]] = {}
        for definition_id, at in wanted.items():
            event, _, ticket_class = at.partition("/")
            by_event.setdefault(event, {})[ticket_class] = definition_id
        for event, ours in by_event.items():
            for each in self._api.ticket_classes(event):
                if each["id"] in ours:
                    yield held(ours[each["id"]], each, event=event)

    def apply(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Make the changes one by one; Eventbrite takes no more than one ticket class in a call."""
        call = _Call(known=dict(self._links()) if changes else {})
        for change in changes:
            try:
                external_id = self._make(change, call)
            except RejectedError as error:
                yield Outcome(change=change, code=error.code, reason=str(error))
            else:
                yield Outcome(change=change, external_id=external_id)

    def losses(self, record: Record) -> tuple[str, ...]:
        """Say what Eventbrite has no place for: the minimum of a guest price, Wix's fee, the policy text."""
        price, lost = record.fields.get("price"), list(common_losses("eventbrite", record.fields))
        if record.fields.get("minimum_price") and price:
            least = f"{price} {record.fields.get('currency')}"
            lost.append(f"the least that may be paid, {least}, is not carried: a donation there has no minimum")
        return tuple(lost)

    def check(self) -> Iterable[Finding]:
        """Look at reachability, the token and the declared events; nothing is written."""
        try:
            self._api.see_user()
            yield Finding(level=Level.OK, what="eventbrite: token", seen="accepted")
            for event in dict.fromkeys(self._events.values()):
                seen = f"{event} sells in {self._api.currency(event)}"
                yield Finding(level=Level.OK, what="eventbrite: event", seen=seen)
        except TicketPipelineError as error:
            yield Finding(
                level=Level.ERROR,
                what="eventbrite",
                seen=str(error).removeprefix("eventbrite: "),
                remedy="do what the message says, then check again",
                transient=isinstance(error, TransientError),
            )

    def _make(self, change: Change, call: _Call) -> str:
        at = call.known.get(change.definition_id, change.external_id) or ""
        if change.action is Action.DELETE:
            return self._delete(change, at, call)
        if change.record is None:
            self._api.change(at, archived_body(self._see(change.definition_id, at)))
            return at
        if change.action is Action.CREATE:
            at = self._there(change.record, call) or self._create(change.record, call)
        else:
            self._update(change.record, at)
        call.known[change.definition_id] = at
        return at

    def _there(self, record: Record, call: _Call) -> str | None:
        """Find the ticket class a record has already, and bring it up: linked, declared, or left by a create cut off.

        Raises:
            RejectedError: one of its name is nobody's, and only a person can tell whose it should be (`unresolved`).
        """
        event, at = place("eventbrite", record, self._events), call.known.get(record.definition_id)
        there = self._listed(event, call)
        declared = self._declared.get(record.definition_id)
        if at is None and declared:
            at = f"{event}/{declared}"
        if at is not None and (at in there or at.partition("/")[0] != event):
            self._update(record, at)
            return at
        taken = set(call.known.values())
        free = {each: it for each, it in there.items() if each not in taken and not is_archived(it)}
        for each, ticket_class in free.items():
            found = held(record.definition_id, ticket_class, event=event)
            if not diff(record, found.fields, untold=found.untold):
                return each
        for each, ticket_class in free.items():
            if ticket_class.get("name") == record.fields["name"] and not ticket_class.get("hidden"):
                raise RejectedError(_unresolved(record, each), code="unresolved")
        return None

    def _listed(self, event: str, call: _Call) -> dict[str, TicketClass]:
        if event not in call.listed:
            call.listed[event] = self._api.ticket_classes(event)
        return {f"{event}/{each['id']}": each for each in call.listed[event]}

    def _create(self, record: Record, call: _Call) -> str:
        event = place("eventbrite", record, self._events)
        body = self._body(record, event)
        made = self._api.create(event, body)
        call.listed[event].append(made)
        return f"{event}/{made['id']}"

    def _update(self, record: Record, at: str) -> None:
        """Bring a ticket class up to a record; a price that is frozen is refused, and the rest is made."""
        ticket_class = self._see(record.definition_id, at)
        if place("eventbrite", record, self._events) != at.partition("/")[0]:
            message = "eventbrite: a ticket class cannot move to another event; hide it there, then sync again"
            raise RejectedError(message, code="moved")
        body = self._body(record, at.partition("/")[0])
        try:
            self._api.change(at, whole_body(ticket_class, body))
        except RejectedError as error:
            if error.code == _FROZEN:
                rest = {name: value for name, value in body.items() if name not in PRICE}
                self._api.change(at, whole_body(ticket_class, rest))
            raise

    def _body(self, record: Record, event: str) -> dict[str, Any]:
        body = ticket_body(record)
        if "cost" in body:
            see_currency("eventbrite", record, event, self._api.currency(event))
        return body

    def _see(self, definition_id: str, at: str) -> TicketClass:
        try:
            return self._api.ticket_class(at)
        except NotFoundError as error:
            message = f"eventbrite: the ticket class of the Wix id {definition_id} is not there; somebody removed it"
            raise NotFoundError(message) from error

    def _delete(self, change: Change, at: str, call: _Call) -> str:
        """Hide what cannot be deleted, and be done with it."""
        with suppress(NotFoundError):
            self._api.change(at, archived_body(self._api.ticket_class(at)))
        call.known.pop(change.definition_id, None)
        return at


def _unresolved(record: Record, at: str) -> str:
    event, _, ticket_class = at.partition("/")
    return (
        f"eventbrite: event {event} has a ticket class {ticket_class} of this name that nothing is linked to, and no "
        f"second one is made; if it is this ticket's, declare ticket_classes: {{{record.definition_id}: "
        f'"{ticket_class}"}}, else rename or hide it there; then sync again'
    )
