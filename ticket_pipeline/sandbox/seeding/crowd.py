"""A world of any size, for benches: so many events, so many definitions, a few sales."""

from collections.abc import Iterator
from datetime import timedelta

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.sandbox.chance import dice
from ticket_pipeline.sandbox.seeding.tiers import DAY, HOUR, Show, Tier

MOST_PER_EVENT = 100
USUAL_PER_EVENT = 10
CURRENCIES = ("USD", "EUR", "GBP", "JPY", "KWD")
PRICES = {"JPY": "4500", "KWD": "12.500"}


def crowd(seed: int, events: int | None, definitions: int | None) -> Iterator[Show]:
    """Describe a generated world, event by event.

    Raises:
        ConfigError: more definitions than so many events can have.
    """
    if events is None:
        events = max(1, -(-(definitions or 0) // USUAL_PER_EVENT))
    if definitions is None:
        definitions = events * USUAL_PER_EVENT
    if definitions > events * MOST_PER_EVENT:
        raise ConfigError(
            f"sandbox: {events} events have at most {events * MOST_PER_EVENT} ticket definitions, not {definitions}"
        )
    chance = dice("crowd", seed)
    for number in range(events):
        count = definitions // events + (number < definitions % events)
        currency = CURRENCIES[number % len(CURRENCIES)]
        tiers = tuple(_tier(position, currency, chance.randrange(8)) for position in range(count))
        starts = timedelta(hours=chance.randrange(24, 24 * 300))
        yield Show(
            slug=f"event-{number + 1}",
            title=f"Event {number + 1}",
            starts=starts,
            currency=currency,
            tiers=tiers,
        )


def _tier(position: int, currency: str, kind: int) -> Tier:
    price = PRICES.get(currency, "25.00")
    name = f"Tier {position + 1}"
    if kind == 0:
        return Tier(name=name, guest=price, limit=None)
    if kind == 1:
        return Tier(name=name, options=(("Adult", price), ("Child", price)), limit=100, sold=1)
    if kind == 2:
        return Tier(name=name, fixed=price, limit=50, opens=DAY, closes=20 * DAY)
    if kind == 3:
        return Tier(name=name, fixed="0", limit=10, sold=2, hidden=position % 2 == 0, fee_type="NO_FEE")
    return Tier(name=name, fixed=price, limit=100 + position, sold=kind - 3, opens=-DAY, closes=24 * HOUR)
