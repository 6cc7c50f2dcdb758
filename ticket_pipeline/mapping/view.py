"""The view a mapping's paths walk: a ticket definition and its event in our words, and `wix.` into Wix's own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from ticket_pipeline.model.event import Event
from ticket_pipeline.model.money import Money
from ticket_pipeline.model.ticket_definition import PriceOption, PricingMethod, TicketDefinition

#: What a field holds; a destination makes its column from it.
FieldType = Literal["text", "decimal", "integer", "boolean", "instant", "parts"]


class Source(NamedTuple):
    """What a value is read from: a definition, its event where known, and inside `each` one price option."""

    definition: TicketDefinition
    event: Event | None
    option: PriceOption | None = None
    position: int | None = None


Read = Callable[[Source], object]


@dataclass(frozen=True, kw_only=True)
class Path:
    """One thing that can be read: its type, how, and a sentence for the documentation."""

    name: str
    type: FieldType
    read: Read
    about: str
    #: Whether it leads into Wix's own JSON, of which nothing is known beforehand.
    raw: bool = False


def _table(*rows: tuple[str, FieldType, Read, str]) -> dict[str, Path]:
    return {name: Path(name=name, type=type_, read=read, about=about) for name, type_, read, about in rows}


def _event(read: Callable[[Event], object]) -> Read:
    return lambda source: None if source.event is None else read(source.event)


def _price(read: Callable[[Money], object]) -> Read:
    def lowest(source: Source) -> object:
        price = source.definition.pricing.lowest
        return None if price is None else read(price)

    return lowest


def _option(read: Callable[[PriceOption], object]) -> Read:
    return lambda source: None if source.option is None else read(source.option)


def _free(source: Source) -> bool:
    pricing = source.definition.pricing
    if pricing.method is PricingMethod.GUEST:
        return False
    prices = [option.price for option in pricing.options]
    if pricing.price is not None:
        prices.append(pricing.price)
    return bool(prices) and all(price.value == 0 for price in prices)


#: The paths of a mapping's fields.
TICKET: Mapping[str, Path] = _table(
    ("id", "text", lambda s: s.definition.id, "Wix's id of the ticket definition"),
    ("event_id", "text", lambda s: s.definition.event_id, "Wix's id of the event"),
    ("revision", "integer", lambda s: s.definition.revision, "Wix's revision, one more for each update"),
    ("name", "text", lambda s: s.definition.name, "name"),
    ("description", "text", lambda s: s.definition.description, "description, plain text"),
    ("policy_text", "text", lambda s: s.definition.policy_text, "policy, plain text"),
    ("hidden", "boolean", lambda s: s.definition.hidden, "whether buyers cannot see it"),
    ("limited", "boolean", lambda s: s.definition.limited, "whether there is a limit at all"),
    ("initial_limit", "integer", lambda s: s.definition.initial_limit, "limit as first set"),
    ("actual_limit", "integer", lambda s: s.definition.actual_limit, "limit after a seating map"),
    ("capacity", "integer", lambda s: s.definition.capacity, "tickets in all; null is unlimited"),
    (
        "limit_per_checkout",
        "integer",
        lambda s: s.definition.limit_per_checkout,
        "most tickets in one order; Wix lowers it as tickets sell, without a new revision",
    ),
    ("fee_type", "text", lambda s: s.definition.fee_type, "Wix's word for who pays the fee"),
    ("pricing.method", "text", lambda s: s.definition.pricing.method.value, "fixed, guest, options or none"),
    ("price.value", "decimal", _price(lambda m: m.value), "fixed price, guest minimum or lowest option"),
    ("price.currency", "text", _price(lambda m: m.currency), "currency of that price, ISO 4217"),
    (
        "minimum_price",
        "boolean",
        lambda s: s.definition.pricing.method is PricingMethod.GUEST,
        "whether the buyer may pay more than the price",
    ),
    ("free", "boolean", _free, "whether nobody can pay anything"),
    ("options", "parts", lambda s: s.definition.pricing.options, "price options, for `each`"),
    ("sale_start", "instant", lambda s: s.definition.sale_period.start, "start of the sale, to the minute"),
    ("sale_end", "instant", lambda s: s.definition.sale_period.end, "end of the sale, to the minute"),
    (
        "display_not_on_sale",
        "boolean",
        lambda s: s.definition.sale_period.display_not_on_sale,
        "whether it is shown outside the sale period",
    ),
    ("created_at", "instant", lambda s: s.definition.created_at, "when Wix made it"),
    ("updated_at", "instant", lambda s: s.definition.updated_at, "when Wix last changed it"),
    ("event.id", "text", _event(lambda e: e.id), "Wix's id of the event, null while the event is unknown"),
    ("event.title", "text", _event(lambda e: e.title), "title of the event"),
    ("event.slug", "text", _event(lambda e: e.slug), "slug of the event"),
    ("event.status", "text", _event(lambda e: e.status), "Wix's word for the state of the event"),
    ("event.starts_at", "instant", _event(lambda e: e.starts_at), "start of the event"),
    ("event.ends_at", "instant", _event(lambda e: e.ends_at), "end of the event"),
    ("event.time_zone", "text", _event(lambda e: e.time_zone), "time zone of the event, an IANA name"),
    ("event.page_url", "text", _event(lambda e: e.page_url), "the event's page on the site"),
    ("event.currency", "text", _event(lambda e: e.currency), "currency of the event, ISO 4217"),
)

#: The paths inside `each: options`.
OPTION: Mapping[str, Path] = _table(
    ("id", "text", _option(lambda o: o.id), "Wix's id of the price option"),
    ("name", "text", _option(lambda o: o.name), "name of the price option"),
    ("price.value", "decimal", _option(lambda o: o.price.value), "price"),
    ("price.currency", "text", _option(lambda o: o.price.currency), "currency, ISO 4217"),
    ("position", "integer", lambda s: s.position, "place in Wix's order, from 0"),
)

#: The prefix of paths into what Wix sent.
RAW = "wix."


def find_path(name: str, paths: Mapping[str, Path]) -> Path | None:
    """Give the path of this name: one of the view, or one into Wix's JSON (fields of a definition only)."""
    if name.startswith(RAW) and paths is TICKET and all(name.split(".")):
        return Path(name=name, type="text", read=_raw(name.split(".")[1:]), about="as Wix sent it", raw=True)
    return paths.get(name)


def names(paths: Mapping[str, Path]) -> list[str]:
    """List what may be written as a path, for messages and the documentation."""
    return [*paths, "wix.<path>"] if paths is TICKET else list(paths)


def _raw(steps: list[str]) -> Read:
    def read(source: Source) -> object:
        found: Any = source.definition.body
        for step in steps:
            found = _step(found, step)
        return found

    return read


def _step(found: Any, step: str) -> Any:
    """Go one step into foreign JSON; what is not there is null."""
    if isinstance(found, Mapping):
        return found.get(step)
    if isinstance(found, list) and step.isdecimal() and int(step) < len(found):
        return found[int(step)]
    return None
