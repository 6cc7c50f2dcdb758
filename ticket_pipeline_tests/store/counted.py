"""Tallies as the tests need them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from ticket_pipeline.model.counting import Cause, Why
from ticket_pipeline.model.tally import Tally, TallyPrice, TallyStatus
from ticket_pipeline_tests.store.bodies import minute

SWEPT = Cause(why=Why.SWEEP, at=minute(0))


def tally(definition_id: str = "balcony", *, left: int = 9, at: datetime | None = None, **more: Any) -> Tally:
    """Make a tally with so many tickets left."""
    made: dict[str, Any] = {
        "site": "box_office",
        "definition_id": definition_id,
        "event_id": "gala",
        "status": TallyStatus.ON_SALE,
        "remaining": left,
        "prices": (TallyPrice(name=None, value=Decimal("65.00"), currency="EUR"),),
        "minimum_price": False,
        "sale_start": minute(-60),
        "sale_end": None,
        "revision": 1,
        "read_at": at or minute(0),
    }
    return Tally(**{**made, **more})
