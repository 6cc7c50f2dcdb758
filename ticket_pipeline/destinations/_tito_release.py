"""A release, Tito's word for a kind of ticket: made of a record, and read as what is held; pure."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from ticket_pipeline.destinations._hosted_fields import UNTOLD, see_one_price
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.mapping.rules import ID_FIELD
from ticket_pipeline.model.change import Held
from ticket_pipeline.model.record import Record, Value

Release = dict[str, Any]

#: Where a field of a record goes as it is.
_PLAIN = {
    "name": "title",
    "description": "description",
    "capacity": "quantity",
    "max_per_order": "max_tickets_per_person",
    "hidden": "secret",
}
_INSTANTS = {"sale_start": "start_at", "sale_end": "end_at"}


def release_body(record: Record) -> dict[str, Any]:
    """Make what is sent of a record, without its Wix id.

    Raises:
        RejectedError: it has several prices to pick from, or none.
    """
    see_one_price("tito", record)
    fields = record.fields
    body: dict[str, Any] = {there: fields[here] for here, there in _PLAIN.items() if here in fields}
    body |= {there: _instant_text(fields[here]) for here, there in _INSTANTS.items() if here in fields}
    price = format(fields["price"], "f") if isinstance(fields["price"], Decimal) else fields["price"]
    if fields.get("minimum_price"):
        return {**body, "donation": True, "min_donation": price, "price": None}
    return {**body, "donation": False, "min_donation": None, "price": price}


def wix_id(release: Mapping[str, Any]) -> str | None:
    """Tell which ticket definition a release is marked for."""
    metadata = release.get("metadata")
    found = metadata.get(ID_FIELD) if isinstance(metadata, dict) else None
    return found if isinstance(found, str) and found else None


def off_sale(release: Mapping[str, Any]) -> bool:
    """Whether somebody has taken a release off sale, other than by its sale period."""
    by_period = release.get("upcoming") or release.get("expired")
    return release.get("state_name") == "off_sale" and not by_period


def held(definition_id: str, release: Mapping[str, Any], *, event: str, currency: str) -> Held:
    """Read a release as what is held for one ticket definition."""
    donation = bool(release.get("donation"))
    fields: dict[str, Value] = {
        "name": release.get("title"),
        "description": release.get("description") or "",
        "price": _amount(release.get("min_donation" if donation else "price")),
        "currency": currency,
        "minimum_price": donation,
        "capacity": release.get("quantity"),
        "max_per_order": release.get("max_tickets_per_person"),
        "hidden": bool(release.get("secret")) or off_sale(release),
        **{here: _instant(release.get(there)) for here, there in _INSTANTS.items()},
    }
    return Held(
        definition_id=definition_id,
        external_id=f"{event}/{release['slug']}",
        fields=fields,
        archived=bool(release.get("archived")),
        untold=UNTOLD,
    )


def _instant_text(value: Value) -> str | None:
    return value.isoformat() if isinstance(value, datetime) else None


def _instant(value: Any) -> Value:
    try:
        return datetime.fromisoformat(value) if value else None
    except (TypeError, ValueError):
        return str(value)


def _amount(value: Any) -> Decimal:
    """Read an amount, number or text; a free release has none."""
    try:
        return Decimal(str(value)) if value is not None else Decimal(0)
    except InvalidOperation as error:
        raise ConfigError("tito: a price is no number; look for a newer ticket-pipeline") from error
