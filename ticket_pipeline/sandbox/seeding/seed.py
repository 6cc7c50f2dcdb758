"""A new sandbox's world, the same for the same seed and instant."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from ticket_pipeline.sandbox.box_office import tickets_of
from ticket_pipeline.sandbox.chance import dice, guid, order_number
from ticket_pipeline.sandbox.entities import Definition, Document, Entity, Event, Line, Order
from ticket_pipeline.sandbox.instants import to_wire
from ticket_pipeline.sandbox.organiser import compose
from ticket_pipeline.sandbox.seeding.crowd import crowd
from ticket_pipeline.sandbox.seeding.people import buyer
from ticket_pipeline.sandbox.seeding.programme import PROGRAMME
from ticket_pipeline.sandbox.seeding.tiers import DAY, Show, Tier, places, pricing
from ticket_pipeline.sandbox.settings import SandboxSettings

LARGEST_ORDER = 6
#: definitions with more sales than this have some that came to nothing, too
MANY = 20
NOT_SOLD = ("CANCELED", "INITIATED", "DECLINED")


def seeded_world(settings: SandboxSettings, now: datetime) -> Iterator[Entity]:
    """Make events, definitions and the orders that their counts come from."""
    sized = settings.events is not None or settings.definitions is not None
    shows = crowd(settings.seed, settings.events, settings.definitions) if sized else iter(PROGRAMME)
    for number, show in enumerate(shows):
        event = _event(settings, show, now, now - 200 * DAY + timedelta(minutes=number))
        yield event
        for position, tier in enumerate(show.tiers):
            definition = _definition(settings.seed, event, tier, position, now)
            yield definition
            yield from _orders(settings.seed, definition, now)


def _event(settings: SandboxSettings, show: Show, now: datetime, created: datetime) -> Event:
    seed = settings.seed
    return Event(
        id=guid(seed, "event", show.slug),
        slug=show.slug,
        title=show.title,
        summary=show.summary,
        description=show.summary or show.title,
        created=created,
        updated=created,
        starts=now + show.starts,
        ends=now + show.starts + show.lasts,
        time_zone=show.time_zone,
        stage=show.stage,
        registration=show.registration,
        currency=show.currency,
        location=_location(show),
        user_id=guid(seed, "user"),
        instance_id=settings.instance_id,
        published=None if show.stage == "draft" else created,
        category_id=guid(seed, "category", show.category) if show.category else None,
    )


def _location(show: Show) -> Document:
    if show.online:
        return {"name": "Online", "type": "ONLINE", "locationTbd": False}
    address = {"city": show.city, "country": show.country, "addressLine": f"{show.venue}, {show.city}"}
    return {"name": show.venue, "type": "VENUE", "address": address, "locationTbd": False}


def _definition(seed: int, event: Event, tier: Tier, position: int, now: datetime) -> Definition:
    created = event.created + timedelta(seconds=position, milliseconds=1 + position % 999)
    blank = Definition(
        id=guid(seed, "definition", event.slug, position),
        event_id=event.id,
        revision=1,
        created=created,
        updated=created,
        document={},
        rank=position,
        sold=tier.sold,
        places=places(tier),
    )
    option_ids = [guid(seed, "option", blank.id, name) for name, _ in tier.options]
    taken: Document = {
        "name": tier.name,
        "description": tier.description,
        "policyText": tier.policy,
        "hidden": tier.hidden,
        "initialLimit": None if tier.seats else tier.limit,
        "feeType": tier.fee_type,
        "pricingMethod": pricing(tier, event.currency, option_ids),
        "salePeriod": _sale_period(tier, now),
        "extendedFields": tier.extended,
    }
    return compose(blank, {name: value for name, value in taken.items() if value is not None})


def _sale_period(tier: Tier, now: datetime) -> Document | None:
    if tier.opens is None and tier.closes is None:
        return None
    return {
        "startDate": None if tier.opens is None else to_wire(now + tier.opens),
        "endDate": None if tier.closes is None else to_wire(now + tier.closes),
        "displayNotOnSale": tier.shown_off_sale,
    }


def _orders(seed: int, definition: Definition, now: datetime) -> Iterator[Order]:
    chance = dice("orders", seed, definition.id)
    first = max(definition.created, definition.sale_start or definition.created)
    last = min(now, definition.sale_end or now)
    left = definition.sold
    while left:
        quantity = min(left, chance.randint(1, LARGEST_ORDER))
        bought = first + (last - first) * chance.random()
        yield _order(seed, definition, quantity, left, bought.replace(microsecond=0))
        left -= quantity
    if definition.sold > MANY:
        yield from _unconfirmed(seed, definition, last)


def _unconfirmed(seed: int, definition: Definition, at: datetime) -> Iterator[Order]:
    instant = at.replace(microsecond=0)
    for serial, status in enumerate(NOT_SOLD, start=definition.sold + 1):
        order = _order(seed, definition, 1, serial, instant)
        tickets = tuple(replace(ticket, canceled=status == "CANCELED") for ticket in order.tickets)
        yield replace(order, status=status, tickets=tickets)


def _order(seed: int, definition: Definition, quantity: int, serial: int, bought: datetime) -> Order:
    number = order_number(seed, definition.id, serial)
    tickets = tickets_of(number, [Line(definition_id=definition.id, quantity=quantity)], [definition])
    order = Order(
        number=number,
        event_id=definition.event_id,
        reservation_id=guid(seed, "reservation", number),
        created=bought,
        updated=bought,
        status="PAID",
        buyer=buyer(seed, number),
        tickets=tickets,
    )
    return order if any(ticket.price.strip("0.") for ticket in tickets) else replace(order, status="FREE")
