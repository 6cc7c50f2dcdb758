"""A sale start, in words and figures of one language: what the templates are given.

    event   title, page_url, starts (when the show begins; None if unknown)
    sale    at (when the sale begins), lowest (the least price, None if unknown or free)
    tiers   of each: name, price (one text, None for several or none), prices (of each: name, amount), free,
            sale_end, description; `more` counts those that are left out
    words   the language's texts, from `<language>.toml`
    language, name (the reader's, or None), unsubscribe_url (or None)

All are texts that are ready to be shown: times are those of the event's own zone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, get_timezone_name
from babel.numbers import format_currency

from ticket_pipeline.messages.plain import one_line, safe_link
from ticket_pipeline.model.money import Money
from ticket_pipeline.model.sale_start import SaleStart, Tier

_TITLE, _TIER_NAME, _DESCRIPTION = 150, 120, 280
_MOST_TIERS = 30
_MOST_PRICES = 20


def view(sale: SaleStart, locale: Locale, words: Mapping[str, str]) -> dict[str, Any]:
    """Give the variables of a sale start's templates, but for those that differ from reader to reader."""
    speech = _Speech(locale=locale, zone=_zone(sale.time_zone), words=words)
    prices = [each.price for tier in sale.tiers for each in tier.prices]
    return {
        "event": {
            "title": one_line(sale.title, _TITLE),
            "page_url": safe_link(sale.page_url),
            "starts": speech.instant(sale.starts_at),
        },
        "sale": {"at": speech.instant(sale.at), "lowest": speech.lowest(prices)},
        "tiers": [speech.tier(tier) for tier in sale.tiers[:_MOST_TIERS]],
        "more": max(0, len(sale.tiers) - _MOST_TIERS),
        "words": dict(words),
        "language": str(locale).replace("_", "-"),
    }


@dataclass(frozen=True, kw_only=True)
class _Speech:
    """How times and amounts are said to one kind of reader."""

    locale: Locale
    zone: tzinfo
    words: Mapping[str, str]

    def instant(self, at: datetime | None) -> str | None:
        if at is None:
            return None
        local = at.astimezone(self.zone)
        day, time = format_date(local, "full", locale=self.locale), format_time(local, "short", locale=self.locale)
        # CLDR parts the figures from AM and PM by a space that old mail programs show as a box.
        return f"{day}, {time}\u00a0{self._zone_name(local)}".replace("\u202f", "\u00a0")

    def tier(self, tier: Tier) -> dict[str, Any]:
        several = len(tier.prices) > 1
        prices = [
            {"name": one_line(each.name or "", _TIER_NAME), "amount": self._amount(each.price)} for each in tier.prices
        ]
        return {
            "name": one_line(tier.name, _TIER_NAME),
            "price": None if several else self._price(tier),
            "prices": prices[:_MOST_PRICES] if several else [],
            "free": tier.free,
            "sale_end": self.instant(tier.sale_end),
            "description": one_line(tier.description or "", _DESCRIPTION) or None,
        }

    def lowest(self, prices: list[Money]) -> str | None:
        """Say the least of the prices, if they are of one currency and none is free."""
        if len({price.currency for price in prices}) != 1:
            return None
        least = min(prices, key=lambda price: price.value)
        return self._amount(least) if least.value else None

    def _price(self, tier: Tier) -> str | None:
        if tier.free:
            return self.words["free"]
        if tier.minimum and not any(each.price.value for each in tier.prices):
            return self.words["minimum_any"]
        if not tier.prices:
            return None
        amount = self._amount(tier.prices[0].price)
        return self.words["minimum"].format(price=amount) if tier.minimum else amount

    def _amount(self, money: Money) -> str:
        return format_currency(money.value, money.currency, locale=self.locale)

    def _zone_name(self, local: datetime) -> str:
        """Name the zone: CET, MEZ; where people have no letters for it, UTC+03:00."""
        names = (get_timezone_name(local, "short", locale=self.locale), local.tzname() or "")
        return next((name for name in names if name.isalpha()), _offset(local))


def _offset(local: datetime) -> str:
    text = local.strftime("%z")
    return f"UTC{text[:3]}:{text[3:5]}"


def _zone(name: str | None) -> tzinfo:
    """Give the zone; UTC, which is then named, where there is none of this name."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ValueError, OSError, KeyError):  # KeyError: ZoneInfoNotFoundError
        return UTC
