"""A tally: what the counter of one ticket definition shows, and how fresh it is."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any


class TallyStatus(StrEnum):
    """What can be said of a ticket; a contract, as it is the counter's JSON."""

    ON_SALE = "on_sale"
    LOW = "low"
    SOLD_OUT = "sold_out"
    UNLIMITED = "unlimited"
    SCHEDULED = "scheduled"
    ENDED = "ended"
    #: Hidden, deleted, or its event is over, cancelled or gone: nothing is shown.
    HIDDEN = "hidden"


@dataclass(frozen=True, kw_only=True)
class TallyPrice:
    """One price of the ticket; `name` is None where there is only one."""

    name: str | None
    value: Decimal
    currency: str


@dataclass(frozen=True, kw_only=True)
class Tally:
    """A counter's value as it was read at one instant."""

    site: str
    definition_id: str
    event_id: str
    status: TallyStatus
    #: None when unlimited, and when hidden.
    remaining: int | None
    prices: tuple[TallyPrice, ...]
    #: Whether the only price is the least a buyer may pay (a guest price).
    minimum_price: bool
    sale_start: datetime | None
    sale_end: datetime | None
    #: Of the definition, as read; orders two reads before their instants do.
    revision: int
    #: When Wix was asked for it; it tells what was so then, or later.
    read_at: datetime
    #: Per definition; grows with every read that is kept. 0: not kept yet.
    version: int = 0
    #: Whether Wix knows no such definition any more; it is hidden then.
    gone: bool = False

    def body(self) -> dict[str, Any]:
        """Give the counter's JSON (`GET /counters/<id>`, and each `data:` line of the stream); a contract."""
        return {**self.shown(), "version": self.version, "read_at": _instant(self.read_at)}

    def shown(self) -> dict[str, Any]:
        """Give the part of the JSON that a reader sees: without version and instant of the read."""
        return {
            "definition_id": self.definition_id,
            "site": self.site,
            "event_id": self.event_id,
            "status": self.status.value,
            "remaining": self.remaining,
            "prices": [
                {"name": each.name, "value": format(each.value, "f"), "currency": each.currency} for each in self.prices
            ],
            "minimum_price": self.minimum_price,
            "sale_start": _instant(self.sale_start),
            "sale_end": _instant(self.sale_end),
        }


def _instant(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None
