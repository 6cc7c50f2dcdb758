"""What the systems that others host have in common: which fields they take, and which event a record goes to."""

from collections.abc import Iterator, Mapping

from ticket_pipeline.errors import ConfigError, RejectedError
from ticket_pipeline.mapping.mapping import FieldMapping
from ticket_pipeline.mapping.view import FieldType
from ticket_pipeline.model.record import Record, Value
from ticket_pipeline.words import unknown

#: What the fields of a mapping may be, and what each holds.
FIELDS: Mapping[str, FieldType] = {
    "name": "text",
    "description": "text",
    "price": "decimal",
    "currency": "text",
    "minimum_price": "boolean",
    "price_options": "parts",
    "capacity": "integer",
    "max_per_order": "integer",
    "hidden": "boolean",
    "sale_start": "instant",
    "sale_end": "instant",
    "policy": "text",
    "fee_type": "text",
    "event_slug": "text",
}
_REQUIRED = ("name", "price", "currency")
#: Wix's words for a fee that buyers do not see.
_NO_FEE = frozenset({None, "NO_FEE"})
#: What is in a record to be reported, or to find its event; nobody holds it.
UNTOLD = frozenset({"price_options", "policy", "fee_type", "event_slug"})


def check_fit(kind: str, mapping: FieldMapping, allowed: Mapping[str, FieldType] = FIELDS) -> None:
    """See that each field of a mapping has a place.

    Raises:
        ConfigError: some have not; all problems are told, a line each.
    """
    problems = list(_misfits(kind, mapping, allowed))
    names = {column.name for column in mapping.columns}
    problems += [f"mapping.{name}: {kind} needs this field" for name in _REQUIRED if name not in names]
    if problems:
        raise ConfigError("\n".join(f"{kind}: {problem}" for problem in problems))


def _misfits(kind: str, mapping: FieldMapping, allowed: Mapping[str, FieldType]) -> Iterator[str]:
    for column in mapping.columns:
        if column.name not in allowed:
            yield f"mapping: {unknown('field', column.name, allowed)}"
        elif column.type != allowed[column.name]:
            yield f"mapping.{column.name}: {kind} takes {allowed[column.name]} here, not {column.type}"


def place(kind: str, record: Record, events: Mapping[str, str]) -> str:
    """Tell which event over there a record goes to.

    Raises:
        RejectedError: none is declared for its Wix event (code `no_event`).
    """
    slug = record.fields.get("event_slug")
    for name in (slug, record.event_id):
        if isinstance(name, str) and name in events:
            return events[name]
    message = f"{kind}: no event is declared for Wix event {slug or record.event_id}; add it to `events`"
    raise RejectedError(message, code="no_event")


def see_one_price(kind: str, record: Record) -> None:
    """See that a record has one price, and not several to pick from.

    Raises:
        RejectedError: it has several (`price_options`), or none (`no_price`).
    """
    options = record.fields.get("price_options")
    if isinstance(options, tuple) and len(options) > 1:
        message = (
            f"{kind}: a ticket has one price there, and this one has {len(options)} to pick from, which share one "
            "capacity; make a ticket of each at Wix, or sell it at the lowest price by mapping: {price_options: null}"
        )
        raise RejectedError(message, code="price_options")
    if record.fields["price"] is None:
        raise RejectedError(f"{kind}: the ticket has no price; give it one at Wix, 0 if it is free", code="no_price")


def see_currency(kind: str, record: Record, event: str, there: str) -> None:
    """See that a price is in the currency its event sells in.

    Raises:
        RejectedError: it is not (`currency`).
    """
    wanted = record.fields["currency"]
    if wanted != there:
        message = f"{kind}: the price is in {wanted}, and event {event} sells in {there}; the two must be one"
        raise RejectedError(message, code="currency")


def common_losses(kind: str, fields: Mapping[str, Value]) -> Iterator[str]:
    """Say what none of these systems has a place for, a sentence each."""
    fee = fields.get("fee_type")
    if fee not in _NO_FEE:
        yield f"the fee ({fee}) is not carried: {kind} takes its own"
    if fields.get("policy"):
        yield f"the policy text is not carried: {kind} has no place for it"
