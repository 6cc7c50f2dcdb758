"""A sale start that never was: templates are tried out on it before anybody is waiting for a message."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path

from ticket_pipeline.messages.sale_messages import SaleMessages
from ticket_pipeline.messages.templates import Templates
from ticket_pipeline.model.money import Money
from ticket_pipeline.model.sale_start import SaleStart, Tier, TierPrice
from ticket_pipeline.model.subscriber import Subscriber, SubscriberStatus

_OPENS = datetime(2026, 3, 27, 9, tzinfo=UTC)
_SHOW = _OPENS + timedelta(days=60)


def load_templates(folder: Path | None = None, *, locale: str = "en") -> Templates:
    """Compile the templates and try them on every kind of reader, in every language.

    Raises:
        ConfigError: naming the file, the line and what is wrong.
    """
    templates = Templates(folder, locale=locale)
    for sale, language in product((_full(), _bare()), templates.words):
        messages = SaleMessages(templates, sale)
        for name, link in product(("Ann", None), ("https://example.org/u", None)):
            reader = Subscriber(id="1", email=None, name=name, status=SubscriberStatus.SUBSCRIBED, locale=language)
            messages.to(reader, key="trial", unsubscribe_url=link)
    return templates


def _full() -> SaleStart:
    """Have everything."""
    regular = TierPrice(name="Regular", price=Money(value=Decimal("65.00"), currency="EUR"))
    reduced = TierPrice(name="Reduced", price=Money(value=Decimal("40.00"), currency="EUR"))
    single = TierPrice(name=None, price=Money(value=Decimal("5.00"), currency="EUR"))
    tiers = (
        Tier(name="Standing", prices=(regular, reduced), sale_end=_SHOW, description="By the stage."),
        Tier(name="Balcony", prices=(single,), minimum=True),
        Tier(name="Members", prices=(), free=True),
    )
    return _sale(page_url="https://example.org/event", starts_at=_SHOW, tiers=tiers * 20)


def _bare() -> SaleStart:
    """Have nothing that may be missing."""
    return _sale(page_url=None, starts_at=None, tiers=())


def _sale(*, page_url: str | None, starts_at: datetime | None, tiers: tuple[Tier, ...]) -> SaleStart:
    return SaleStart(
        site="trial",
        event_id="trial",
        title="Trial",
        slug="trial",
        page_url=page_url,
        starts_at=starts_at,
        time_zone="Europe/Berlin",
        at=_OPENS,
        tiers=tiers,
    )
