"""What an organiser does to a whole event: create, edit, publish, call off, delete."""

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from ticket_pipeline.sandbox import organiser
from ticket_pipeline.sandbox.chance import guid
from ticket_pipeline.sandbox.changes import Change, ChangeKind
from ticket_pipeline.sandbox.entities import Event
from ticket_pipeline.sandbox.event_fields import USUAL_LENGTH, EventFields, event_fields
from ticket_pipeline.sandbox.refusals import refused
from ticket_pipeline.sandbox.world import World

NOWHERE_YET = {"name": "To be announced", "type": "VENUE", "locationTbd": True}


def create(world: World, given: Any, *, instance_id: str, draft: bool = False) -> Event:
    """Create an event from the JSON a caller sent: published unless it is to be a draft.

    Raises:
        Refusal: 400, or 428 for one that ends before it starts.
    """
    taken = event_fields(given, creating=True)
    with world.lock:
        now = world.now
        made = _written(_blank(world, taken, instance_id, now), taken, now)
        if draft:
            made = replace(made, stage="draft", published=None)
        world.apply(Change(kind=ChangeKind.EVENT_CREATED, before=None, after=made, at=now))
        return made


def edit(world: World, event_id: str, given: Any) -> Event:
    """Change an event's title, summary or dates, and leave the rest.

    Raises:
        Refusal: 400, 404, or 428 for one that ends before it starts.
    """
    taken = event_fields(given, creating=False)
    with world.lock:
        before, now = organiser.find_event(world, event_id), world.now
        after = _written(before, taken, now)
        kinds = [ChangeKind.EVENT_UPDATED, *_passed(before.status(now), after.status(now))]
        world.apply(*(Change(kind=kind, before=before, after=after, at=now) for kind in kinds))
        return after


def publish(world: World, event_id: str) -> None:
    """Publish a draft.

    Raises:
        Refusal: 404, or 428 for an event that is no draft.
    """
    _turn(world, event_id, "published", ChangeKind.EVENT_PUBLISHED)


def unpublish(world: World, event_id: str) -> None:
    """Make a draft of an event again.

    Raises:
        Refusal: 404, or 428 for an event that is not published.
    """
    _turn(world, event_id, "draft", ChangeKind.EVENT_UPDATED)


def cancel(world: World, event_id: str) -> None:
    """Call a show off; its tickets stay as they are.

    Raises:
        Refusal: 404, or 428 for an event that is not published.
    """
    _turn(world, event_id, "canceled", ChangeKind.EVENT_CANCELED)


def delete(world: World, event_id: str) -> None:
    """Delete an event, and with it its ticket definitions, each of which is a change of its own.

    Raises:
        Refusal: 404.
    """
    with world.lock:
        event = organiser.find_event(world, event_id)
        organiser.delete(world, world.definitions.of_event(event_id))
        world.apply(Change(kind=ChangeKind.EVENT_DELETED, before=event, after=None, at=world.now))


def _blank(world: World, taken: EventFields, instance_id: str, now: datetime) -> Event:
    event_id, title, starts = world.new_id("event"), taken.title or "", taken.starts or now
    return Event(
        id=event_id,
        slug="-".join([*re.findall(r"[a-z0-9]+", title.lower()), event_id[:8]]),
        title=title,
        summary="",
        description="",
        created=now,
        updated=now,
        starts=starts,
        ends=starts + USUAL_LENGTH,
        time_zone="UTC",
        stage="published",
        registration=taken.registration or "TICKETING",
        currency=taken.currency or "USD",
        location=NOWHERE_YET,
        user_id=guid(world.seed, "user"),
        instance_id=instance_id,
        published=now,
    )


def _written(before: Event, taken: EventFields, now: datetime) -> Event:
    starts, ends = taken.period(before)
    return replace(
        before,
        title=taken.title or before.title,
        summary=before.summary if taken.summary is None else taken.summary,
        starts=starts,
        ends=ends,
        time_zone=taken.time_zone or before.time_zone,
        updated=now,
    )


def _passed(before: str, after: str) -> list[ChangeKind]:
    if after == before:
        return []
    kinds = {"STARTED": ChangeKind.EVENT_STARTED, "ENDED": ChangeKind.EVENT_ENDED}
    return [kinds[after]] if after in kinds else []


def _turn(world: World, event_id: str, stage: str, kind: ChangeKind) -> None:
    with world.lock:
        event, now = organiser.find_event(world, event_id), world.now
        if event.stage != ("draft" if stage == "published" else "published"):
            raise refused(428, "INVALID_EVENT_STATUS", f"The event is {event.status(now)}")
        published = event.published or now
        after = replace(event, stage=stage, published=published, updated=now)
        world.apply(Change(kind=kind, before=event, after=after, at=now))
