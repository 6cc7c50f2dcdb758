"""Tito, a ticketing service, written through its Admin API 3.0.

https://ti.to/docs/api/admin/3.0#releases

A ticket definition is a release. The Wix id stands in its `metadata`, sent when it is made and never again: whether a
later `metadata` would be merged or replaced is not documented. The external id is `<event>/<release>`, both as slugs.
A hidden ticket is a secret release that is off sale. A release that has sold cannot be deleted, and is archived. Tito
has no price options: a ticket with several is refused. Events are not made, only declared.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any

import requests
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from ticket_pipeline.destinations._hosted_fields import check_fit, common_losses, place, see_currency
from ticket_pipeline.destinations._tito_api import TitoApi
from ticket_pipeline.destinations._tito_release import Release, held, off_sale, release_body, wix_id
from ticket_pipeline.errors import NotFoundError, RejectedError, TicketPipelineError, TransientError
from ticket_pipeline.json_api import credential
from ticket_pipeline.mapping.mapping import FieldMapping
from ticket_pipeline.mapping.rules import ID_FIELD
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

_SLUG = r"^[A-Za-z0-9._-]+$"
#: By event, the slugs of our releases by Wix id, for what is not found by its external id.
_Listed = dict[str, dict[str, str]]


class Config(BaseModel):
    """Which Tito account, and which of its events each Wix event goes to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str = Field(pattern=_SLUG, description="Slug of the account, as in ti.to/<account>/<event>")
    token: SecretStr = Field(description="Secret API token, live or test (id.tito.io -> API access tokens)")
    events: dict[str, Annotated[str, StringConstraints(pattern=_SLUG)]] = Field(
        min_length=1, description="Slug of the Tito event for each Wix event, by the slug or id of the Wix event"
    )


def connect(config: Config, mapping: FieldMapping) -> "Tito":
    """Make the destination; Tito is first spoken to when something is read or written.

    Raises:
        ConfigError: the token cannot be one, or a field has no place at Tito.
    """
    return Tito(config, mapping)


class Tito:
    """The declared events of one Tito account as a destination."""

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
            ConfigError: the token cannot be one, or a field has no place at Tito.
        """
        check_fit("tito", mapping)
        self.identity = f"tito:{config.account}"
        self._account = config.account
        self._events = config.events
        token = credential(config.token, kind="tito", setting="token")
        self._api = TitoApi(account=config.account, token=token, session=session, sleep=sleep)

    def find(self, definition_ids: Collection[str] | None = None) -> Iterator[Held]:
        """Read what is held in every declared event; releases without a Wix id are not ours."""
        wanted = None if definition_ids is None else frozenset(definition_ids)
        for event in _each_once(self._events.values()) if wanted is None or wanted else ():
            for release in self._api.releases(event):
                wix = wix_id(release)
                if wix and (wanted is None or wix in wanted):
                    yield held(wix, release, event=event, currency=self._api.currency(event))

    def apply(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Make the changes one by one; Tito takes no more than one release in a call."""
        listed: _Listed = {}
        for change in changes:
            try:
                external_id = self._make(change, listed)
            except RejectedError as error:
                yield Outcome(change=change, code=error.code, reason=str(error))
            else:
                yield Outcome(change=change, external_id=external_id)

    def losses(self, record: Record) -> tuple[str, ...]:
        """Say what Tito has no place for: Wix's fee and the policy text."""
        return tuple(common_losses("tito", record.fields))

    def check(self) -> Iterable[Finding]:
        """Look at reachability, the token, the account and the declared events; nothing is written."""
        try:
            self._api.see_account()
            yield Finding(level=Level.OK, what="tito: account", seen=f"{self._account} is seen by the token")
            for event in _each_once(self._events.values()):
                yield Finding(level=Level.OK, what="tito: event", seen=f"{event} sells in {self._api.currency(event)}")
        except TicketPipelineError as error:
            yield Finding(
                level=Level.ERROR,
                what="tito",
                seen=str(error).removeprefix("tito: "),
                remedy="do what the message says, then check again",
                transient=isinstance(error, TransientError),
            )

    def _make(self, change: Change, listed: _Listed) -> str | None:
        at = self._locate(change, listed)
        if change.action is Action.DELETE:
            self._delete(at, change.definition_id, listed)
            return at or change.external_id
        if change.record is not None and change.action is Action.CREATE and at is None:
            return self._create(change.record, listed)
        if at is None:
            raise NotFoundError(f"tito: no release holds the Wix id {change.definition_id}; somebody removed it")
        if change.record is None:
            self._api.act("POST", at, "archival")
        else:
            self._update(change.record, at)
        return at

    def _create(self, record: Record, listed: _Listed) -> str:
        """Make a release that nobody sees, then show it: what a crash leaves behind is found, and finished."""
        event = place("tito", record, self._events)
        body = {**release_body(record), "secret": True, "metadata": {ID_FIELD: record.definition_id}}
        see_currency("tito", record, event, self._api.currency(event))
        made = self._api.create(event, body)
        listed.setdefault(event, {})[record.definition_id] = made["slug"]
        at = f"{event}/{made['slug']}"
        if not record.fields.get("hidden", False):
            self._api.act("PATCH", at, "activation")
            self._api.change(at, {"secret": False})
        return at

    def _update(self, record: Record, at: str) -> None:
        """Bring a release up to a record: off sale before it changes, on sale while it is still secret."""
        event = at.partition("/")[0]
        if place("tito", record, self._events) != event:
            message = f"tito: a release cannot move from event {event} to another; remove it there, then sync again"
            raise RejectedError(message, code="moved")
        body, release = release_body(record), self._api.release(at)
        see_currency("tito", record, event, self._api.currency(event))
        if release.get("archived"):
            self._api.act("DELETE", at, "archival")
        self._put_on_or_off_sale(record, at, release)
        self._api.change(at, body)

    def _put_on_or_off_sale(self, record: Record, at: str, release: Release) -> None:
        hidden = record.fields.get("hidden")
        if hidden is True and release.get("state_name") == "on_sale":
            self._api.act("PATCH", at, "deactivation")
        shown_again = release.get("secret") or off_sale(release)
        if hidden is False and shown_again and release.get("state_name") == "off_sale":
            self._api.act("PATCH", at, "activation")

    def _delete(self, at: str | None, definition_id: str, listed: _Listed) -> None:
        """Delete a release, or archive it where it has sold."""
        if at is None:
            return
        listed.get(at.partition("/")[0], {}).pop(definition_id, None)
        try:
            if self._api.release(at).get("deletable"):
                self._api.delete(at)
            else:
                self._api.act("POST", at, "archival")
        except NotFoundError:
            return
        except RejectedError:
            # Sold between the look and the deletion.
            self._api.act("POST", at, "archival")

    def _locate(self, change: Change, listed: _Listed) -> str | None:
        """Find a change's release by its external id, or by the Wix id where that leads nowhere."""
        if change.action is not Action.CREATE and change.external_id and "/" in change.external_id:
            try:
                if wix_id(self._api.release(change.external_id)) == change.definition_id:
                    return change.external_id
            except NotFoundError:
                pass
        events = self._events.values() if change.record is None else [place("tito", change.record, self._events)]
        for event in _each_once(events):
            if event not in listed:
                listed[event] = {wix: each["slug"] for each in self._api.releases(event) if (wix := wix_id(each))}
            if change.definition_id in listed[event]:
                return f"{event}/{listed[event][change.definition_id]}"
        return None


def _each_once(events: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(events))
