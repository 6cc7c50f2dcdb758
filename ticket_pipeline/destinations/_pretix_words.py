"""A record in pretix's words and back: bodies of items, variations and quotas from fields, fields from what is held.

https://docs.pretix.eu/dev/api/resources/items.html
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from ticket_pipeline.destinations._pretix_copy import OPTION_FIELD, Copy, Json, internal_name, option_id
from ticket_pipeline.destinations._pretix_mapping import UNTOLD
from ticket_pipeline.errors import RejectedError
from ticket_pipeline.model.change import Held
from ticket_pipeline.model.record import Part, Record, Value

#: Between description and policy; escaped Markdown never holds it.
_RULE = "---\n\n"
#: What has no quota, or one that somebody closed, cannot be bought; a quota of nought says the same.
_NOT_FOR_SALE = 0
#: An archived item is inactive, hidden before or not.
_UNTOLD_OF_ARCHIVED = frozenset({"hidden"})


def options(record: Record) -> tuple[Part, ...]:
    """Give the price options a record wants."""
    found = record.fields.get("price_options")
    return found if isinstance(found, tuple) else ()


def check_values(record: Record, currency: str, slug: str) -> None:
    """See that pretix can carry what the record says; it takes some of it without a word, and sells it wrongly.

    Raises:
        RejectedError: it cannot; field and remedy are named.
    """
    fields, what = record.fields, f"pretix: ticket {record.fields.get('name')!r} ({record.definition_id})"
    if fields.get("price") is not None and fields.get("currency") != currency:
        message = f"{what} is priced in {fields.get('currency')}, but event {slug} sells in {currency}; one must change"
        raise RejectedError(message, code="currency_mismatch")
    for price in (fields.get("price"), *(part["price"] for part in options(record))):
        if isinstance(price, Decimal) and price < 0:
            raise RejectedError(f"{what} costs {price}; a price is not negative", code="negative_price")
        if isinstance(price, Decimal) and _decimals(price) > 2:
            message = f"{what} costs {price}; pretix takes two decimals, declare `as: decimal, places: 2, rounding: …`"
            raise RejectedError(message, code="too_many_decimals")


@dataclass(frozen=True, kw_only=True)
class Words:
    """Translates between records and what pretix holds, for one mapping and one language."""

    locale: str
    names: frozenset[str]

    def item(self, record: Record) -> Json:
        """Make the body of an item; what the mapping does not declare is left to pretix."""
        fields = record.fields
        body: Json = {
            "name": {self.locale: fields["name"] or ""},
            "default_price": _money(fields["price"]),
            "active": not fields.get("hidden", False),
        }
        if self.names & {"description", "policy"}:
            text = _joined(_text(fields.get("description")), _text(fields.get("policy")))
            body["description"] = None if text is None else {self.locale: text}
        if "minimum_price" in fields:
            body["free_price"] = bool(fields["minimum_price"])
        if "max_per_order" in fields:
            body["max_per_order"] = fields["max_per_order"]
        if "sale_start" in fields:
            body |= {"available_from": _iso(fields["sale_start"]), "available_until": _iso(fields["sale_end"])}
        if fields.get("show_when_not_on_sale") is not None:
            mode = "info" if fields["show_when_not_on_sale"] else "hide"
            body |= {"available_from_mode": mode, "available_until_mode": mode}
        return body

    def variation(self, part: Part, position: int) -> Json:
        """Make the body of a variation, without the option's id."""
        value = {self.locale: part["name"] or ""}
        return {"value": value, "default_price": _money(part["price"]), "position": position, "active": True}

    def quota(self, record: Record, copy: Copy) -> Json:
        """Make the body of a quota; what the mapping does not declare is left to pretix."""
        name = (_text(record.fields.get("name")) or "").strip() or internal_name(record.definition_id)
        body: Json = {"name": name, "items": [copy.id], "variations": sorted(each["id"] for each in copy.variations)}
        if "capacity" in record.fields or copy.quota is None:
            body["size"] = record.fields.get("capacity")
        if copy.quota is None or not copy.quota["close_when_sold_out"]:
            body["closed"] = not copy.has_variations and record.fields["price"] is None
        return body

    def missing(self, wanted: Json, there: Json) -> Json:
        """Pick of a body what is held differently; other languages' texts stay, and a window is written whole."""
        differing = {name: value for name, value in wanted.items() if not self._same(name, value, there[name])}
        if any(name.startswith("available_") for name in differing):
            differing |= {name: value for name, value in wanted.items() if name.startswith("available_")}
        return {name: self._with_other_languages(value, there[name]) for name, value in differing.items()}

    def held(self, copy: Copy, *, slug: str, currency: str) -> Held:
        """Read a copy back into the fields of the mapping."""
        shown = _Shown(copy=copy, currency=currency, read=self._read)
        fields = {name: read(shown) for name, read in _READ.items() if name in self.names}
        return Held(
            definition_id=copy.wix_id or "",
            external_id=f"{slug}/{copy.id}",
            fields=fields,
            archived=copy.archived,
            untold=(UNTOLD | _UNTOLD_OF_ARCHIVED if copy.archived else UNTOLD) & self.names,
        )

    def _read(self, text: Any) -> str | None:
        """Read a text in our language; pretix keeps one that is empty in every language as no language at all."""
        if not isinstance(text, dict):
            return None if text is None else str(text)
        told: str | None = text.get(self.locale, None if text else "")
        return told

    def _same(self, name: str, wanted: Any, there: Any) -> bool:
        if isinstance(wanted, dict) or isinstance(there, dict):
            return self._read(wanted) == self._read(there)
        meaning = _MEANING.get(name, lambda value: value)
        return bool(meaning(wanted) == meaning(there))

    def _with_other_languages(self, wanted: Any, there: Any) -> Any:
        others = {name: text for name, text in there.items() if name != self.locale} if isinstance(there, dict) else {}
        return {**others, **(wanted or {})} if others and not isinstance(wanted, str) else wanted


@dataclass(frozen=True, kw_only=True)
class _Shown:
    copy: Copy
    currency: str
    read: Callable[[Any], str | None]

    def price(self) -> Decimal | None:
        return None if self.copy.priceless else Decimal(self.copy.item["default_price"])

    def text(self, name: str) -> str | None:
        return self.read(self.copy.item[name])

    def texts(self) -> tuple[str | None, str | None]:
        return _parted(self.text("description"))

    def capacity(self) -> int | None:
        quota = self.copy.quota
        if quota is None or not {each["id"] for each in self.copy.on_offer} <= set(quota["variations"]):
            return _NOT_FOR_SALE
        if quota["closed"] and not quota["close_when_sold_out"] and not self.copy.priceless:
            return _NOT_FOR_SALE
        size: int | None = quota["size"]
        return size

    def show_when_not_on_sale(self) -> bool | None:
        modes = {self.copy.item["available_from_mode"], self.copy.item["available_until_mode"]}
        return (modes == {"info"}) if len(modes) == 1 else None

    def price_options(self) -> tuple[Part, ...]:
        return tuple(
            {OPTION_FIELD: option_id(each), "name": self.read(each["value"]), "price": Decimal(each["price"])}
            for each in self.copy.on_offer
        )


_READ: Mapping[str, Callable[[_Shown], Value]] = {
    "name": lambda shown: shown.text("name"),
    "description": lambda shown: shown.texts()[0],
    "policy": lambda shown: shown.texts()[1],
    "price": _Shown.price,
    "currency": lambda shown: None if shown.price() is None else shown.currency,
    "minimum_price": lambda shown: bool(shown.copy.item["free_price"]),
    "price_options": _Shown.price_options,
    "capacity": _Shown.capacity,
    "max_per_order": lambda shown: shown.copy.item["max_per_order"],
    "hidden": lambda shown: not shown.copy.item["active"],
    "sale_start": lambda shown: _instant(shown.copy.item["available_from"]),
    "sale_end": lambda shown: _instant(shown.copy.item["available_until"]),
    "show_when_not_on_sale": _Shown.show_when_not_on_sale,
}


def _joined(description: str | None, policy: str | None) -> str | None:
    if policy is None:
        return description
    return f"{_RULE}{policy}" if description is None else f"{description}\n\n{_RULE}{policy}"


def _parted(text: str | None) -> tuple[str | None, str | None]:
    if text is None:
        return None, None
    if text.startswith(_RULE):
        return None, text.removeprefix(_RULE)
    description, rule, policy = text.rpartition(f"\n\n{_RULE}")
    return (description, policy) if rule else (text, None)


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None


def _money(value: Value) -> str:
    return f"{value:.2f}" if isinstance(value, Decimal) else "0.00"


def _iso(value: Value) -> str | None:
    return value.isoformat() if isinstance(value, datetime) else None


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _decimals(amount: Decimal) -> int:
    exponent = amount.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


#: How values are compared that pretix may spell otherwise than we do.
_MEANING: Mapping[str, Callable[[Any], Any]] = {
    "default_price": lambda text: None if text is None else Decimal(text),
    "available_from": _instant,
    "available_until": _instant,
    "items": sorted,
    "variations": sorted,
}
