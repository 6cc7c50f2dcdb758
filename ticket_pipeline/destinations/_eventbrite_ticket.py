"""A ticket class, Eventbrite's word for a kind of ticket: made of a record, and read as what is held; pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ticket_pipeline.destinations._hosted_fields import UNTOLD, see_one_price
from ticket_pipeline.errors import RejectedError
from ticket_pipeline.mapping.currency import exponent
from ticket_pipeline.model.change import Held
from ticket_pipeline.model.record import Record, Value

TicketClass = dict[str, Any]

_INSTANTS = {"sale_start": "sales_start", "sale_end": "sales_end"}
#: What an update sends back as it was, where a person has set it: the whole is wanted, and no more is ours.
_THEIRS = (
    "minimum_quantity",
    "maximum_quantity",
    "sorting",
    "include_fee",
    "auto_hide",
    "auto_hide_before",
    "auto_hide_after",
    "sales_start_after",
    "sales_channels",
    "delivery_methods",
    "order_confirmation_message",
    "has_pdf_ticket",
    "inventory_tier_id",
    "image_id",
)
#: What says how much is paid.
PRICE = frozenset({"cost", "free", "donation"})


def ticket_body(record: Record) -> dict[str, Any]:
    """Make what is sent of a record.

    Raises:
        RejectedError: Eventbrite would refuse it, or would sell something else; the code says what about it.
    """
    see_one_price("eventbrite", record)
    fields = record.fields
    donation = bool(fields.get("minimum_price"))
    return {
        "name": fields["name"],
        **({"description": fields["description"] or ""} if "description" in fields else {}),
        **({"capacity": _capacity(fields["capacity"], donation)} if "capacity" in fields else {}),
        **({"maximum_quantity": fields["max_per_order"]} if "max_per_order" in fields else {}),
        **({"hidden": bool(fields["hidden"])} if "hidden" in fields else {}),
        **{there: _instant_text(fields[here]) for here, there in _INSTANTS.items() if here in fields},
        "hide_description": False,
        **_price(fields["price"], fields["currency"], donation),
    }


def whole_body(ticket_class: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """Lay what changes over a ticket class as it is, as an update wants the whole; what vanished is there again."""
    whole = _as_it_is(ticket_class)
    if is_archived(ticket_class):
        whole["hidden"] = False
    return {**({name: it for name, it in whole.items() if name not in PRICE} if "free" in body else whole), **body}


def archived_body(ticket_class: Mapping[str, Any]) -> dict[str, Any]:
    """Make a ticket class vanish: there is no deleting, and `hide_description` tells it from one that is but hidden."""
    return {**_as_it_is(ticket_class), "hidden": True, "hide_description": True}


def _as_it_is(ticket_class: Mapping[str, Any]) -> dict[str, Any]:
    body = {name: ticket_class[name] for name in _THEIRS if ticket_class.get(name) is not None}
    body |= {name: ticket_class.get(name) for name in ("name", "capacity")}
    body |= {name: bool(ticket_class.get(name)) for name in ("free", "donation", "hidden", "hide_description")}
    body |= {name: ticket_class.get(name) or "" for name in ("description", *_INSTANTS.values())}
    cost = _cost(ticket_class)
    if cost and not body["donation"]:
        body["cost"] = f"{cost['currency']},{cost['value']}"
    return body


def is_archived(ticket_class: Mapping[str, Any]) -> bool:
    """Whether we have made a ticket class vanish."""
    return bool(ticket_class.get("hidden")) and bool(ticket_class.get("hide_description"))


def held(definition_id: str, ticket_class: Mapping[str, Any], *, event: str) -> Held:
    """Read a ticket class as what is held for one ticket definition."""
    donation, archived = bool(ticket_class.get("donation")), is_archived(ticket_class)
    cost = _cost(ticket_class) if not donation else None
    places = exponent(str(cost["currency"])) if cost else None
    price = Decimal(str(cost["value"])).scaleb(-places) if cost and places is not None else Decimal(0)
    fields: dict[str, Value] = {
        "name": ticket_class.get("name"),
        "description": ticket_class.get("description") or "",
        "price": price,
        "currency": str(cost["currency"]) if cost else None,
        "minimum_price": donation,
        "capacity": ticket_class.get("capacity"),
        "max_per_order": ticket_class.get("maximum_quantity"),
        "hidden": bool(ticket_class.get("hidden")) and not archived,
        **{here: _instant(ticket_class.get(there)) for here, there in _INSTANTS.items()},
    }
    return Held(
        definition_id=definition_id,
        external_id=f"{event}/{ticket_class['id']}",
        fields=fields,
        archived=archived,
        untold=UNTOLD | ({"price"} if donation else frozenset()) | (frozenset() if cost else {"currency"}),
    )


def _price(price: Value, currency: Value, donation: bool) -> dict[str, Any]:
    if donation:
        return {"donation": True, "free": False}
    if price == 0:
        return {"donation": False, "free": True}
    places = exponent(currency) if isinstance(currency, str) else None
    if places is None or not isinstance(price, Decimal):
        raise RejectedError(f"eventbrite: {currency!r} is no currency of ISO 4217", code="currency")
    units = price.scaleb(places)
    if units != units.to_integral_value() or units < 0:
        message = f"eventbrite: {price:f} is no amount of {currency}, which has {places} decimals"
        raise RejectedError(message, code="price")
    return {"donation": False, "free": False, "cost": f"{currency},{int(units)}"}


def _capacity(capacity: Value, donation: bool) -> Value:
    if donation or capacity:
        return capacity
    code, said = ("unlimited", "no limit") if capacity is None else ("capacity", "a limit of 0")
    message = f"eventbrite: a ticket needs a number to be sold there, and this one has {said}; set one at Wix"
    raise RejectedError(message, code=code)


def _cost(ticket_class: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Read the cost, which is an amount, or holds one beside the fees."""
    cost = ticket_class.get("cost")
    inner = cost.get("cost", cost) if isinstance(cost, dict) else None
    known = isinstance(inner, dict) and {"currency", "value"} <= inner.keys() and not ticket_class.get("free")
    return inner if known else None


def _instant_text(value: Value) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else ""


def _instant(value: Any) -> Value:
    try:
        return datetime.fromisoformat(value) if value else None
    except (TypeError, ValueError):
        return str(value)
