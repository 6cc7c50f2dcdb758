"""What the passing of time brings about: sales that start and end, shows too, holds that run out."""

import heapq
from datetime import datetime

from ticket_pipeline.sandbox.changes import Change, ChangeKind
from ticket_pipeline.sandbox.entities import Definition, Entity, Event, Reservation, entity_id

Alarm = tuple[datetime, str, ChangeKind]


class Alarms:
    """Instants at which something happens by itself, soonest first."""

    def __init__(self) -> None:
        self._heap: list[Alarm] = []
        self._pending: set[Alarm] = set()

    def watch(self, entity: Entity, after: datetime) -> None:
        """Set the alarms of an entity that lie later than an instant."""
        for instant, kind in _turning_points(entity):
            alarm = (instant, entity_id(entity), kind)
            if instant > after and alarm not in self._pending:
                self._pending.add(alarm)
                heapq.heappush(self._heap, alarm)

    def due(self, now: datetime) -> list[Alarm]:
        """Take out those whose instant has come."""
        gone = []
        while self._heap and self._heap[0][0] <= now:
            alarm = heapq.heappop(self._heap)
            self._pending.discard(alarm)
            gone.append(alarm)
        return gone


def still_meant(entity: Entity | None, alarm: Alarm) -> bool:
    """Tell whether an alarm still agrees with the entity, which may have changed since it was set."""
    instant, _, kind = alarm
    return entity is not None and (instant, kind) in _turning_points(entity)


def passing(kind: ChangeKind, entity: Entity, at: datetime) -> Change:
    """Say that an instant has come to an entity that is itself unchanged."""
    return Change(kind=kind, before=entity, after=entity, at=at)


def _turning_points(entity: Entity) -> list[tuple[datetime, ChangeKind]]:
    points: list[tuple[datetime | None, ChangeKind]] = []
    if isinstance(entity, Definition):
        points = [(entity.sale_start, ChangeKind.SALE_STARTED), (entity.sale_end, ChangeKind.SALE_ENDED)]
    elif isinstance(entity, Event) and entity.stage == "published":
        points = [(entity.starts, ChangeKind.EVENT_STARTED), (entity.ends, ChangeKind.EVENT_ENDED)]
    elif isinstance(entity, Reservation) and entity.status == "PENDING":
        points = [(entity.expires, ChangeKind.RESERVATION_UPDATED)]
    return [(instant, kind) for instant, kind in points if instant is not None]
