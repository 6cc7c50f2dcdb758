"""pretix's events: found or made by the declared template, and known again by a mark.

https://docs.pretix.eu/dev/api/resources/events.html

An event made for, or first written for, one Wix event bears a mark: an item meta property whose default names the Wix
event and the pretix event itself. So a slug that changes in Wix leaves the tickets where they are, and a copy that
people make of an event in pretix, ids and all, is not taken for the event.
"""

import hashlib
import re
import time
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any

from ticket_pipeline.destinations._pretix_api import PretixApi, lacks_right
from ticket_pipeline.destinations._pretix_copy import OPTION_FIELD
from ticket_pipeline.errors import ConfigError, RejectedError, TransientError
from ticket_pipeline.mapping.rules import ID_FIELD
from ticket_pipeline.model.record import Record

#: What a template of events may name, and the field of the record that tells it.
PLACEHOLDERS: Mapping[str, str] = {"event.slug": "event_slug", "event.title": "event_title", "event.id": ""}
_MARK = "wix_event"
_NAMED = re.compile(r"\{([^{}]*)\}")
_LONGEST_SLUG = 50
#: Seconds a list of events is trusted, if it holds what is looked for.
_FRESH = 30.0


@dataclass(frozen=True, kw_only=True)
class PretixEvent:
    """One event of the organizer."""

    slug: str
    currency: str
    #: Item meta properties and their defaults.
    properties: Mapping[str, str] = field(repr=False, compare=False)

    @property
    def wix_event_id(self) -> str | None:
        """Tell which Wix event it is marked for; the mark of a copied event names the original, and counts not."""
        wix_event_id, _, slug = self.properties.get(_MARK, "").rpartition("/")
        return wix_event_id if slug == self.slug and wix_event_id else None


def named(template: str) -> list[str]:
    """List what a template names."""
    return _NAMED.findall(template)


def legal_slug(text: str) -> str:
    """Make a slug that pretix takes, the same from the same text; where something is lost, a digest keeps it apart."""
    legal = _legal(text).strip(".-")
    if legal == text and len(legal) <= _LONGEST_SLUG:
        return legal
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{legal[: _LONGEST_SLUG - 9].rstrip('.-')}-{digest}".lstrip(".-")


def _legal(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-zA-Z0-9.-]+", "-", letters)


class PretixEvents:
    """The organizer's events; safe to share between threads."""

    def __init__(
        self,
        api: PretixApi,
        *,
        template: str,
        locale: str,
        create: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep the settings; nothing is read yet."""
        self._api = api
        self._template = template
        self._prefix = _legal(template.partition("{")[0]).lstrip(".-")
        self._locale = locale
        self._create = create
        self._clock = clock
        self._lock = Lock()
        self._read_at = -_FRESH
        self._known: dict[str, PretixEvent] = {}

    @property
    def shared(self) -> bool:
        """Whether every ticket goes to one event."""
        return not named(self._template)

    def ours(self, wix_event_ids: Collection[str] | None = None) -> list[PretixEvent]:
        """Give the events that hold tickets of ours, of these Wix events only where they are told.

        Raises:
            TransientError, ConfigError: the events cannot be read.
        """
        with self._lock:
            if wix_event_ids is None or self.shared or not set(wix_event_ids) <= self._marked().keys() or self._old():
                self._read()
            if self.shared:
                return [self._known[slug] for slug in [legal_slug(self._template)] if slug in self._known]
            marked = self._marked()
            wanted = marked if wix_event_ids is None else dict.fromkeys(wix_event_ids)
            return [marked[each] for each in wanted if each in marked]

    def every(self) -> list[PretixEvent]:
        """Read all events that the token sees; raises as `ours`."""
        with self._lock:
            self._read()
            return list(self._known.values())

    def named(self, slug: str) -> PretixEvent | None:
        """Give an event by its slug."""
        with self._lock:
            if slug not in self._known or self._old():
                self._read()
            return self._known.get(slug)

    def place(self, record: Record) -> PretixEvent:
        """Find or make the event a record belongs to, ready to take items.

        Raises:
            RejectedError: there is none and none can be made; the message says what to do.
            TransientError, ConfigError: pretix cannot be asked, or refuses us.
        """
        with self._lock:
            event = None if self.shared else self._marked().get(record.event_id)
            if event is None:
                slug = self._slug(record)
                if slug not in self._known or self._old():
                    self._read()
                event = self._marked().get(record.event_id) if not self.shared else None
                event = event or self._known.get(slug) or self._made(slug, record)
            return self._prepared(event, record.event_id)

    def _old(self) -> bool:
        return self._clock() - self._read_at >= _FRESH

    def _read(self) -> None:
        try:
            listed = self._api.pages("events/", key="slug")
        except RejectedError as error:
            message = f"pretix: the organizer is not there or closed to this token; check organizer and token ({error})"
            raise ConfigError(message) from error
        self._known = {event.slug: event for event in map(_event, listed)}
        self._read_at = self._clock()

    def _marked(self) -> dict[str, PretixEvent]:
        """Give our events by the Wix event; another template is another place, even with the same organizer."""
        ours = (event for event in self._known.values() if event.slug.startswith(self._prefix))
        return {event.wix_event_id: event for event in ours if event.wix_event_id}

    def _slug(self, record: Record) -> str:
        def value(found: re.Match[str]) -> str:
            name = PLACEHOLDERS[found[1]]
            told = record.fields.get(name) if name else record.event_id
            if not told:
                message = f"pretix: {found[1]} of Wix event {record.event_id} is not known yet; load the events again"
                raise RejectedError(message, code="event_unknown")
            return str(told)

        return legal_slug(_NAMED.sub(value, self._template))

    def _made(self, slug: str, record: Record) -> PretixEvent:
        by_hand = f"make event {slug!r} in pretix by hand, selling in the currency of the Wix event"
        if not self._create:
            message = f"pretix: there is no event {slug!r}; {by_hand}, or allow create_events"
            raise RejectedError(message, code="no_event")
        body = self._body(slug, record, by_hand)
        try:
            made = _event(self._api.write("POST", "events/", body))
        except RejectedError as error:
            if lacks_right(error):
                message = (
                    f"pretix: there is no event {slug!r} and the token may not make it; give its team the right "
                    f"'Can create events', or {by_hand}"
                )
                raise RejectedError(message, code="no_event") from error
            message = f"pretix: there is no event {slug!r} that the token sees, and it cannot be made: {error}"
            raise RejectedError(message, code="no_event") from error
        self._known[made.slug] = made
        return made

    def _body(self, slug: str, record: Record, by_hand: str) -> dict[str, Any]:
        fields = record.fields
        starts_at, ends_at = fields.get("event_starts_at"), fields.get("event_ends_at")
        currency = fields.get("currency") or fields.get("event_currency")
        if not isinstance(starts_at, datetime) or not currency:
            missing = "currency" if isinstance(starts_at, datetime) else "date"
            message = f"pretix: Wix event {record.event_id} has no {missing} yet, and pretix wants one; {by_hand}"
            raise RejectedError(message, code="no_event")
        return {
            "name": {self._locale: fields.get("event_title") or slug},
            "slug": slug,
            "currency": currency,
            "date_from": starts_at.isoformat(),
            "date_to": ends_at.isoformat() if isinstance(ends_at, datetime) else None,
            "timezone": fields.get("event_time_zone") or "UTC",
            "live": False,
            "item_meta_properties": self._properties(slug, record.event_id),
        }

    def _properties(self, slug: str, wix_event_id: str) -> dict[str, str]:
        plain = {ID_FIELD: "", OPTION_FIELD: ""}
        return plain if self.shared else {**plain, _MARK: f"{wix_event_id}/{slug}"}

    def _prepared(self, event: PretixEvent, wix_event_id: str) -> PretixEvent:
        """See that the event takes our ids and bears our mark; each property is made once."""
        if not self.shared and event.wix_event_id not in {None, wix_event_id}:
            message = (
                f"pretix: event {event.slug!r} holds the tickets of another Wix event, {event.wix_event_id}; "
                "let the template tell them apart, as in wix-{event.id}"
            )
            raise RejectedError(message, code="event_taken")
        wanted = self._properties(event.slug, wix_event_id)
        properties = dict(event.properties)
        for name, default in wanted.items():
            if name not in properties:
                self._make_property(event.slug, name, default)
            elif name == _MARK and properties[name] != default:
                self._set_mark(event.slug, default)
        prepared = PretixEvent(slug=event.slug, currency=event.currency, properties={**properties, **wanted})
        self._known[event.slug] = prepared
        return prepared

    def _make_property(self, slug: str, name: str, default: str) -> None:
        body = {"name": name, "default": default, "required": False, "allowed_values": None}
        self._set_up(slug, "POST", f"events/{slug}/item_meta_properties/", body)

    def _set_mark(self, slug: str, default: str) -> None:
        path = f"events/{slug}/item_meta_properties/"
        for each in self._api.pages(path):
            if each["name"] == _MARK:
                self._set_up(slug, "PATCH", f"{path}{each['id']}/", {"default": default})

    def _set_up(self, slug: str, method: str, path: str, body: Mapping[str, Any]) -> None:
        try:
            self._api.write(method, path, body)
        except RejectedError as error:
            if not lacks_right(error):
                raise
            raise self.shut_out(slug, "event.settings.general:write ('Can change event settings')") from error

    def shut_out(self, slug: str, right: str) -> ConfigError | TransientError:
        """Say why an event is closed to us: it is gone, or the token lacks a right."""
        try:
            self._api.get(f"events/{slug}/")
        except RejectedError:
            self._read_at, self._known = -_FRESH, {}
            return TransientError(f"pretix: event {slug!r} is gone, or closed to this token; try again later")
        return ConfigError(f"pretix: the token may not write event {slug!r}; give its team the right {right}")


def _event(body: Mapping[str, Any]) -> PretixEvent:
    try:
        return PretixEvent(slug=body["slug"], currency=body["currency"], properties=body["item_meta_properties"])
    except (KeyError, TypeError) as error:
        raise ConfigError("pretix: an event does not say what it must; pretix 2024 or later is needed") from error
