"""pretix, an open ticketing system, self-hosted or at pretix.eu, written over its REST API.

https://docs.pretix.eu/dev/api/resources/items.html

A ticket definition is an item with a quota of its own; a price option is a variation. The Wix id stands in the item's
meta data and in its internal name, written when it is made and never again. The external id is `<event>/<item>`.
A hidden ticket is an inactive item; an archived one is inactive and sold through no channel.
The token's team needs `event.items:write` and `event.settings.general:write`, and to see all events; to make events it
needs the right to create them too.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import requests
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from ticket_pipeline.destinations._pretix_api import PretixApi
from ticket_pipeline.destinations._pretix_apply import Applying
from ticket_pipeline.destinations._pretix_check import look_at
from ticket_pipeline.destinations._pretix_copy import Copy, in_force
from ticket_pipeline.destinations._pretix_events import PLACEHOLDERS, PretixEvent, PretixEvents, named
from ticket_pipeline.destinations._pretix_items import Items
from ticket_pipeline.destinations._pretix_mapping import check_fit
from ticket_pipeline.destinations._pretix_together import together
from ticket_pipeline.destinations._pretix_words import Words
from ticket_pipeline.errors import ConfigError, RejectedError
from ticket_pipeline.mapping.mapping import FieldMapping
from ticket_pipeline.model.change import Change, Held, Outcome
from ticket_pipeline.model.finding import Finding
from ticket_pipeline.model.record import Record
from ticket_pipeline.words import unknown

DEFAULT_MAPPING: Mapping[str, Any] = {
    "name": "name",
    "description": {"from": "description", "as": "markdown"},
    "policy": {"from": "policy_text", "as": "markdown"},
    "price": {"from": "price.value", "as": "decimal"},
    "currency": "price.currency",
    "minimum_price": "minimum_price",
    "price_options": {"each": "options", "fields": {"wix_option_id": "id", "name": "name", "price": "price.value"}},
    "capacity": "capacity",
    "hidden": "hidden",
    "sale_start": "sale_start",
    "sale_end": "sale_end",
    "show_when_not_on_sale": "display_not_on_sale",
    "fee_type": "fee_type",
    "event_slug": "event.slug",
    "event_title": "event.title",
    "event_starts_at": "event.starts_at",
    "event_ends_at": "event.ends_at",
    "event_time_zone": "event.time_zone",
    "event_currency": "event.currency",
}

#: pretix.eu's limit for one organizer; a pretix of one's own has none.
_HOSTED_PER_MINUTE = 360
#: Wix's words for a fee that buyers do not see.
_NO_FEE = frozenset({None, "NO_FEE", "FEE_INCLUDED"})


class Config(BaseModel):
    """Which pretix, which organizer, and which event each ticket goes to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(pattern=r"^https?://[^\s/@]+", description="Where pretix is: https://pretix.eu, or your own")
    organizer: str = Field(pattern=r"^[A-Za-z0-9.-]+$", description="Short form of the organizer, as in its address")
    token: SecretStr = Field(description="API token of a team (Organizer -> Teams -> API tokens)")
    event: str = Field(
        default="wix-{event.slug}",
        min_length=1,
        description="Short form of the pretix event of a ticket: a template of {event.slug}, {event.id} and "
        "{event.title}, or one event for all; what pretix does not take in it is replaced",
    )
    create_events: bool = Field(
        default=True, description="Make events that are not there (not live); false: refuse their tickets"
    )
    locale: str = Field(
        default="en", pattern=r"^[a-z]{2,3}(-[a-z]+)?$", description="Language that the texts of the Wix site are in"
    )
    requests_per_minute: int | None = Field(
        default=None, ge=4, description="Pace; unless said 360 at pretix.eu, and none for a pretix of your own"
    )
    connections: int = Field(default=8, ge=1, le=32, description="Requests under way at once")

    @field_validator("event")
    @classmethod
    def _check_template(cls, template: str) -> str:
        for name in named(template):
            if name not in PLACEHOLDERS:
                raise ValueError(unknown("placeholder", name, PLACEHOLDERS))
        if re.search(r"[{}]", re.sub(r"\{[^{}]*\}", "", template)):
            raise ValueError("a brace without its partner; write as in wix-{event.slug}")
        return template


def connect(config: Config, mapping: FieldMapping) -> "Pretix":
    """Make the destination; pretix is first spoken to when something is read or written.

    Raises:
        ConfigError: the URL is none, or a field has no place in pretix.
    """
    return Pretix(config, mapping)


class Pretix:
    """One organizer of a pretix as a destination; safe to share between threads."""

    def __init__(
        self,
        config: Config,
        mapping: FieldMapping,
        session: requests.Session | None = None,
        **rhythm: Callable[..., float | None],
    ) -> None:
        """Keep the settings; `rhythm` may replace `sleep` and `jitter` of the API.

        Raises:
            ConfigError: the URL is none, or a field has no place in pretix.
        """
        check_fit(mapping)
        names = frozenset(column.name for column in mapping.columns)
        _check_placeholders(config.event, names)
        self._threads = config.connections
        self.api = PretixApi(
            url=config.url,
            organizer=config.organizer,
            token=config.token.get_secret_value(),
            requests_per_minute=config.requests_per_minute or _usual_pace(config.url),
            connections=config.connections,
            session=session,
            **rhythm,  # type: ignore[arg-type]  # the names are told above
        )
        self.events = PretixEvents(self.api, template=config.event, locale=config.locale, create=config.create_events)
        self._words = Words(locale=config.locale, names=names)
        self.identity = f"pretix:{self.api.place}/{config.organizer}/{config.event}"

    def find(self, definition_ids: Collection[str] | None = None) -> Iterator[Held]:
        """Read what is held in every event that bears our mark, some events at once."""
        if definition_ids is None or definition_ids:
            yield from self._found(self.events.ours(), definition_ids)

    def find_in(self, event_ids: Collection[str], definition_ids: Collection[str]) -> Iterator[Held]:
        """Read what is held for these Wix ids in the pretix events of these Wix events."""
        if definition_ids:
            yield from self._found(self.events.ours(event_ids), definition_ids)

    def apply(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Make the changes, several tickets at once."""
        if changes:
            applying = Applying(self.events, self._items, changes)
            yield from together(changes, applying.make, threads=self._threads)

    def losses(self, record: Record) -> tuple[str, ...]:
        """Say what pretix has no place for: Wix's fee, and a ticket without any price."""
        fee = record.fields.get("fee_type")
        lost = () if fee in _NO_FEE else (f"the fee ({fee}) is not carried: pretix takes its own, set in the event",)
        if record.fields.get("price") is None:
            lost = (*lost, "it has no price in Wix, so nobody can buy it in pretix either: its quota is closed")
        return lost

    def check(self) -> Iterable[Finding]:
        """Look at reachability, the token and its rights; nothing is written."""
        return look_at(self.api, self.events)

    def _items(self, event: PretixEvent) -> Items:
        return Items(api=self.api, event=event, words=self._words)

    def _found(self, events: Sequence[PretixEvent], definition_ids: Collection[str] | None) -> Iterator[Held]:
        wanted = None if definition_ids is None else frozenset(definition_ids)
        with ThreadPoolExecutor(self._threads, thread_name_prefix="destination") as pool:
            try:
                for event, copies in zip(events, pool.map(self._copies, events), strict=True):
                    for wix_id, of_ticket in copies.items():
                        if wanted is None or wix_id in wanted:
                            yield from self._held(event, of_ticket)
            finally:
                pool.shutdown(cancel_futures=True)

    def _held(self, event: PretixEvent, copies: Sequence[Copy]) -> Iterator[Held]:
        """Tell of every live copy, for twins are to be seen; where there is none, of the newest."""
        for copy in [each for each in copies if not each.archived] or [in_force(copies)]:
            yield self._words.held(copy, slug=event.slug, currency=event.currency)

    def _copies(self, event: PretixEvent) -> Mapping[str, list[Copy]]:
        try:
            return self._items(event).all_copies()
        except RejectedError as error:
            raise self.events.shut_out(event.slug, "to see the event") from error


def _check_placeholders(template: str, names: Collection[str]) -> None:
    for placeholder in named(template):
        field = PLACEHOLDERS[placeholder]
        if field and field not in names:
            raise ConfigError(f"pretix: event names {placeholder}, so mapping.{field} cannot be taken away")


def _usual_pace(url: str) -> int | None:
    host = urlsplit(url).hostname or ""
    return _HOSTED_PER_MINUTE if host == "pretix.eu" or host.endswith(".pretix.eu") else None
