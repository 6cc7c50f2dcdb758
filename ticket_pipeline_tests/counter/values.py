"""Tallies and webhooks to test with."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.model.tally import Tally, TallyPrice, TallyStatus

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def tally(definition_id: str = "a", version: int = 1, remaining: int | None = 7, **more: Any) -> Tally:
    """Make a tally as it is kept."""
    values: dict[str, Any] = {
        "site": "box_office",
        "event_id": "show",
        "status": TallyStatus.ON_SALE,
        "prices": (TallyPrice(name=None, value=Decimal("10.00"), currency="EUR"),),
        "minimum_price": False,
        "sale_start": None,
        "sale_end": None,
        "revision": 1,
        "read_at": NOON,
    }
    return Tally(definition_id=definition_id, version=version, remaining=remaining, **{**values, **more})


def order(*definition_ids: str, event_id: str = "show") -> Envelope:
    """Make an envelope that concerns these definitions; its body is only looked at by those who made it."""
    return Envelope(
        key="order",
        topic="wix.events.ticketing.events.OrderConfirmed",
        instance_id=None,
        entity_id=None,
        event_id=event_id,
        occurred_at=None,
        body={"tickets": [{"ticketDefinitionId": each} for each in definition_ids]},
    )
