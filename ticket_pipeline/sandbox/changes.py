"""What happened in the world, as values, for whoever listens."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ticket_pipeline.sandbox.entities import Entity


class ChangeKind(StrEnum):
    """Everything that can happen."""

    DEFINITION_CREATED = "definition_created"
    DEFINITION_UPDATED = "definition_updated"
    DEFINITION_DELETED = "definition_deleted"
    DEFINITION_REORDERED = "definition_reordered"
    SALE_PERIOD_UPDATED = "sale_period_updated"
    SALE_STARTED = "sale_started"
    SALE_ENDED = "sale_ended"
    STOCK_CHANGED = "stock_changed"
    EVENT_CREATED = "event_created"
    EVENT_UPDATED = "event_updated"
    EVENT_DELETED = "event_deleted"
    EVENT_PUBLISHED = "event_published"
    EVENT_CANCELED = "event_canceled"
    EVENT_STARTED = "event_started"
    EVENT_ENDED = "event_ended"
    RESERVATION_CREATED = "reservation_created"
    RESERVATION_UPDATED = "reservation_updated"
    RESERVATION_DELETED = "reservation_deleted"
    ORDER_INITIATED = "order_initiated"
    ORDER_CONFIRMED = "order_confirmed"
    ORDER_UPDATED = "order_updated"
    ORDER_DELETED = "order_deleted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One thing that happened: before is None for what is new, after is None for what is gone."""

    kind: ChangeKind
    before: Entity | None
    after: Entity | None
    at: datetime


Observer = Callable[[Change], None]
