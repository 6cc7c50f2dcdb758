"""A box office that announces: a Wix in memory, people in memory, and time that passes only when somebody waits."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from ticket_pipeline.channels.base import Channel
from ticket_pipeline.channels.memory import Config, Memory, Place
from ticket_pipeline.errors import NotFoundError, TransientError
from ticket_pipeline.flows.announce import announce
from ticket_pipeline.flows.announce_parts import AnnounceParts
from ticket_pipeline.flows.sale_starts import due
from ticket_pipeline.messages.templates import Templates
from ticket_pipeline.model.announcement import AnnounceReport, StartKey
from ticket_pipeline.model.subscriber import Subscriber, SubscriberStatus
from ticket_pipeline.store import definitions, events, receipts
from ticket_pipeline.store.database import open_database
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline.wix.client import WixClient
from ticket_pipeline.wix.events import parse_event
from ticket_pipeline.wix.ticket_definitions import parse_ticket_definition
from ticket_pipeline_tests.store.bodies import NOON, minute, wix_time

SITE, EVENT = "box_office", "gala"
OPTED_IN = frozenset({f"event:{EVENT}"})
TEMPLATES = Templates()


@dataclass
class Time:
    """Stands still until somebody waits; then what was to happen meanwhile happens."""

    now: datetime = NOON
    coming: list[tuple[datetime, int, Callable[[], object]]] = field(default_factory=list)

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now

    def at(self, instant: datetime, happening: Callable[[], object]) -> None:
        """Let something happen at an instant."""
        self.coming = sorted([*self.coming, (instant, len(self.coming), happening)], key=lambda each: each[:2])

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.pass_to(self.now + timedelta(seconds=seconds))

    def pass_to(self, instant: datetime) -> None:
        """Let time pass until an instant."""
        while self.coming and self.coming[0][0] <= instant:
            at, _, happening = self.coming.pop(0)
            self.now = max(self.now, at)
            happening()
        self.now = max(self.now, instant)


@dataclass
class Wix:
    """Answers Get Event, Query Events and Get Ticket Definition."""

    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    definitions: dict[str, dict[str, Any]] = field(default_factory=dict)
    down: bool = False
    requests_spent: int = 0

    def call(self, method: str, path: str, **_: object) -> dict[str, Any]:
        """Answer."""
        self.requests_spent += 1
        if self.down:
            raise TransientError("wix: down")
        if method == "POST":
            listed = list(self.events.values())
            return {"events": listed, "pagingMetadata": {"total": len(listed)}}
        held, name = (self.events, "event") if "/events/v3/events/" in path else (self.definitions, "ticketDefinition")
        found = held.get(path.rpartition("/")[2])
        if found is None:
            raise NotFoundError(f"wix: {path}: not found")
        return {name: found}

    def define(self, definition_id: str, start: datetime | None, *, event_id: str = EVENT, **more: Any) -> None:
        """Make a ticket definition, or make it anew with the next revision."""
        revision = int(self.definitions.get(definition_id, {}).get("revision", 0)) + 1
        self.definitions[definition_id] = {
            "id": definition_id,
            "eventId": event_id,
            "revision": str(revision),
            "name": f"Tier {definition_id}",
            "hidden": False,
            "pricingMethod": {"fixedPrice": {"value": "65.00", "currency": "EUR"}, "pricingType": "STANDARD"},
            "salePeriod": {"startDate": wix_time(start)} if start else None,
            **more,
        }

    def change_event(self, event_id: str = EVENT, *, at: datetime = NOON, **more: Any) -> None:
        """Make an event, or change it."""
        self.events[event_id] = {
            "id": event_id,
            "title": "Gala",
            "slug": event_id,
            "status": "UPCOMING",
            "updatedDate": wix_time(at),
            **self.events.get(event_id, {}),
            **more,
        }


@dataclass
class People:
    """An audience in memory."""

    listed: dict[str, Subscriber] = field(default_factory=dict)
    #: How many calls fail from now on.
    failing: int = 0
    #: The reading of everybody breaks off after so many.
    breaks_after: int | None = None
    unsubscribed: list[str] = field(default_factory=list)
    identity: str = "people"
    asked: list[int] = field(default_factory=list)

    def join(self, name: str, **more: Any) -> Subscriber:
        """List somebody, subscribed and opted in unless said otherwise."""
        given = {"email": f"{name}@example.org", "status": SubscriberStatus.SUBSCRIBED, "opt_ins": OPTED_IN, **more}
        self.listed[name] = Subscriber(id=name, **given)
        return self.listed[name]

    def change(self, name: str, **more: Any) -> None:
        """Change what the tool says of somebody."""
        self.listed[name] = replace(self.listed[name], **more)

    def subscribers(self) -> Iterator[Subscriber]:
        """Read everybody."""
        self._fail()
        for number, each in enumerate(list(self.listed.values())):
            if number == self.breaks_after:
                self.breaks_after = None
                raise TransientError("people: half a page")
            yield each

    def consent(self, ids: Collection[str]) -> Iterator[Subscriber]:
        """Read these."""
        self._fail()
        self.asked.append(len(ids))
        return iter([self.listed[each] for each in ids if each in self.listed])

    def unsubscribe(self, subscriber_id: str) -> None:
        """Remember it."""
        self._fail()
        self.unsubscribed.append(subscriber_id)

    def _fail(self) -> None:
        if self.failing:
            self.failing -= 1
            raise TransientError("people: down")


@dataclass
class BoxOffice:
    """Everything together, and short words for what is done with it."""

    parts: AnnounceParts
    time: Time
    wix: Wix
    people: People
    place: Place

    @property
    def state(self) -> SiteState:
        """What is remembered."""
        return self.parts.state

    def opens(self, *tiers: str, at: datetime | None, event_id: str = EVENT, **more: Any) -> None:
        """Let tiers go on sale at an instant, and hear of it."""
        for each in tiers:
            self.wix.define(each, at, event_id=event_id, **more)
        self.hear()

    def hear(self) -> None:
        """Learn from Wix what is so now, as the sync does."""
        now = self.time.now
        with self.state.writing() as tx:
            events.put(tx, SITE, [parse_event(each) for each in self.wix.events.values()], read_at=now)
            found = [parse_ticket_definition(each) for each in self.wix.definitions.values()]
            definitions.upsert_newer(tx, SITE, found, read_at=now)
            known = definitions.live_ids(tx, SITE, list(self.wix.events))
            dead = {each for ids in known.values() for each in ids} - self.wix.definitions.keys()
            definitions.tombstone(tx, SITE, dead, at=now, why="gone")
            events.mark_gone(tx, SITE, events.ids(tx, SITE) - self.wix.events.keys(), at=now)

    def tick(self, **options: Any) -> list[AnnounceReport]:
        """Do what the schedule does each minute."""
        return [announce(self.parts, each, **options) for each in due(self.state, now=self.time.now)]

    def tick_at(self, instant: datetime, **options: Any) -> list[AnnounceReport]:
        """Let time pass, then tick."""
        self.time.pass_to(instant)
        return self.tick(**options)

    def told(self) -> Counter[str]:
        """Count the messages each person got."""
        return Counter(each.to.id for each in self.place.messages)

    def receipts(self, at: datetime, event_id: str = EVENT) -> dict[str, int]:
        """Count receipts by state."""
        counted = Counter[str]()
        with self.state.reading() as tx:
            for (_, state, _), count in receipts.figures(tx, SITE, StartKey(event_id, at)).items():
                counted[state.value] += count
        return dict(counted)


def box_office(folder: Path, *, channels: tuple[Channel, ...] | None = None, **settings: Any) -> BoxOffice:
    """Open a box office with one event, nothing on sale, and nobody listed; it has been ticking for an hour."""
    time, wix, people = Time(), Wix(), People()
    memory = Memory(Config(), Place())
    parts = AnnounceParts(
        **{
            "state": SiteState(database=open_database(f"sqlite:///{folder}/state.db"), site=SITE),
            "wix": cast("WixClient", wix),
            "audience": people,
            "channels": channels if channels is not None else (memory,),
            "templates": TEMPLATES,
            "opt_in": "event:{event.slug}",
            "late_limit": timedelta(hours=2),
            "resend": False,
            "link": lambda person, _: f"https://tickets.example.org/unsubscribe/{person}",
            "secret": "a secret",
            "clock": time,
            "sleep": time.sleep,
            **settings,
        }
    )
    wix.change_event()
    due(parts.state, now=minute(-60))
    return BoxOffice(parts=parts, time=time, wix=wix, people=people, place=memory.place)
