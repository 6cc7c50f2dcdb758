"""The sandbox's nouns: what a Wix site with events holds. Frozen; every change is a replacement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

#: JSON as it travels between Wix and its callers.
Document = dict[str, Any]

CONFIRMED_STATUSES = frozenset({"FREE", "PAID", "OFFLINE_PENDING"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """A show. Its status is not kept: it follows from the stage, the dates and the clock."""

    id: str
    slug: str
    title: str
    summary: str
    description: str
    created: datetime
    updated: datetime
    starts: datetime
    ends: datetime
    time_zone: str
    #: draft, published or canceled
    stage: str
    #: TICKETING or RSVP
    registration: str
    currency: str
    location: Document
    user_id: str
    instance_id: str
    published: datetime | None = None
    category_id: str | None = None
    ticket_limit_per_order: int = 20

    def status(self, now: datetime) -> str:
        """Name the status as Wix shows it at this instant."""
        if self.stage != "published":
            return "DRAFT" if self.stage == "draft" else "CANCELED"
        if now < self.starts:
            return "UPCOMING"
        return "STARTED" if now < self.ends else "ENDED"


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """A ticket definition: the document that does not depend on the clock, and its stock."""

    id: str
    event_id: str
    revision: int
    created: datetime
    updated: datetime
    #: what Wix shows of it by default, less saleStatus and limitPerCheckout
    document: Document
    sale_start: datetime | None = None
    sale_end: datetime | None = None
    #: None: unlimited
    limit: int | None = None
    sold: int = 0
    reserved: int = 0
    rank: int = 0
    #: seats of a seating plan, each with its full capacity as availableCapacity
    places: tuple[Document, ...] = ()

    def sale_status(self, now: datetime) -> str:
        """Name the sale status as Wix shows it at this instant."""
        if self.sale_start is not None and now < self.sale_start:
            return "SALE_SCHEDULED"
        if self.sale_end is not None and now >= self.sale_end:
            return "SALE_ENDED"
        return "SALE_STARTED"

    @property
    def unsold(self) -> int | None:
        """Count the tickets not yet purchased; reserved ones are still unsold. None: unlimited."""
        return None if self.limit is None else max(0, self.limit - self.sold)

    @property
    def available(self) -> int | None:
        """Count the tickets neither sold nor reserved. None: unlimited."""
        return None if self.limit is None else max(0, self.limit - self.sold - self.reserved)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """So many tickets of one definition, held by a reservation."""

    definition_id: str
    quantity: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Reservation:
    """A hold on tickets while somebody checks out."""

    id: str
    event_id: str
    revision: int
    created: datetime
    updated: datetime
    expires: datetime
    #: PENDING, CONFIRMED, CANCELED, CANCELED_MANUALLY or EXPIRED
    status: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Buyer:
    """Somebody made up, with all that the real thing tells about a person."""

    first_name: str
    last_name: str
    email: str
    phone: str
    contact_id: str
    member_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticket:
    """One ticket of an order."""

    number: str
    definition_id: str
    name: str
    price: str
    currency: str
    canceled: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What one buyer bought in one go."""

    number: str
    event_id: str
    reservation_id: str
    created: datetime
    updated: datetime
    status: str
    buyer: Buyer
    tickets: tuple[Ticket, ...]
    archived: bool = False
    anonymized: bool = False

    @property
    def confirmed(self) -> bool:
        """Tell whether the tickets of this order count as sold."""
        return self.status in CONFIRMED_STATUSES


Entity = Event | Definition | Reservation | Order


def entity_id(entity: Entity) -> str:
    """Name the id under which Wix knows an entity."""
    return entity.number if isinstance(entity, Order) else entity.id
