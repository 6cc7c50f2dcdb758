"""A sale start: what begins to be sold, of which event, at one instant."""

from dataclasses import dataclass
from datetime import datetime

from ticket_pipeline.model.event import Event
from ticket_pipeline.model.money import Money
from ticket_pipeline.model.ticket_definition import PricingMethod, TicketDefinition


@dataclass(frozen=True, kw_only=True)
class TierPrice:
    """One price of a tier; the name is None where a tier has only one."""

    name: str | None
    price: Money


@dataclass(frozen=True, kw_only=True)
class Tier:
    """One kind of ticket that goes on sale."""

    name: str
    prices: tuple[TierPrice, ...]
    #: The buyer chooses the price; the one that stands here is the least.
    minimum: bool = False
    free: bool = False
    sale_end: datetime | None = None
    description: str | None = None


@dataclass(frozen=True, kw_only=True)
class SaleStart:
    """The tiers of one event that open at one instant: one announcement."""

    site: str
    event_id: str
    title: str
    slug: str
    page_url: str | None
    #: When the show begins.
    starts_at: datetime | None
    #: IANA name; None where Wix does not say.
    time_zone: str | None
    #: When the sale begins.
    at: datetime
    tiers: tuple[Tier, ...]


def sale_start(site: str, event: Event, definitions: tuple[TicketDefinition, ...], *, at: datetime) -> SaleStart:
    """Describe the sale start of these definitions of the event, in the order they are given."""
    return SaleStart(
        site=site,
        event_id=event.id,
        title=event.title,
        slug=event.slug,
        page_url=event.page_url,
        starts_at=event.starts_at,
        time_zone=event.time_zone,
        at=at,
        tiers=tuple(_tier(each) for each in definitions),
    )


def _tier(definition: TicketDefinition) -> Tier:
    pricing = definition.pricing
    options = tuple(TierPrice(name=option.name, price=option.price) for option in pricing.options)
    single = (TierPrice(name=None, price=pricing.price),) if pricing.price else ()
    prices = options or single
    guest = pricing.method is PricingMethod.GUEST
    return Tier(
        name=definition.name,
        prices=prices,
        minimum=guest,
        free=not guest and (pricing.free or (bool(prices) and not any(each.price.value for each in prices))),
        sale_end=definition.sale_period.end,
        description=definition.description,
    )
