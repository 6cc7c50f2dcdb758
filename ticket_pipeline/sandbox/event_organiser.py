"""What an organiser does to a whole event: publish, call off, delete."""

from dataclasses import replace

from ticket_pipeline.sandbox import organiser
from ticket_pipeline.sandbox.changes import Change, ChangeKind
from ticket_pipeline.sandbox.refusals import refused
from ticket_pipeline.sandbox.world import World


def publish(world: World, event_id: str) -> None:
    """Publish a draft.

    Raises:
        Refusal: 404, or 428 for an event that is no draft.
    """
    _turn(world, event_id, "published", ChangeKind.EVENT_PUBLISHED)


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


def _turn(world: World, event_id: str, stage: str, kind: ChangeKind) -> None:
    with world.lock:
        event, now = organiser.find_event(world, event_id), world.now
        if event.stage != ("draft" if stage == "published" else "published"):
            raise refused(428, "INVALID_EVENT_STATUS", f"The event is {event.status(now)}")
        published = event.published or now
        after = replace(event, stage=stage, published=published, updated=now)
        world.apply(Change(kind=kind, before=event, after=after, at=now))
