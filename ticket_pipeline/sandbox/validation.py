"""What Wix accepts as a ticket definition, and how it words its refusals."""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from ticket_pipeline.sandbox.entities import Document
from ticket_pipeline.sandbox.instants import from_wire, to_the_minute, to_wire
from ticket_pipeline.sandbox.refusals import Violation, invalid, refused, required, wrong_format

GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
AMOUNT = re.compile(r"-?[0-9]+(\.[0-9]+)?")
CURRENCY = re.compile(r"[A-Z]{3}")
FEE_TYPES = ("FEE_INCLUDED", "FEE_ADDED_AT_CHECKOUT", "NO_FEE")
PRICING_METHODS = ("fixedPrice", "guestPrice", "pricingOptions")
LARGEST_LIMIT = 2**31 - 1

Violations = list[Violation]


def require_guid(value: Any, field: str) -> str:
    """Take an id from a request.

    Raises:
        Refusal: 400, it is missing or no GUID.
    """
    if value is None or value == "":
        raise invalid([required(field)])
    if not isinstance(value, str) or not GUID.fullmatch(value):
        raise invalid([wrong_format(field, "is not a valid GUID")])
    return value.lower()


def writable_fields(given: Any, *, creating: bool) -> Document:
    """Take what a caller may write of a ticket definition; read-only and unknown fields are passed over.

    Raises:
        Refusal: 400 naming each field that breaks a rule; 428 for a sale that ends before it starts.
    """
    if not isinstance(given, dict):
        raise invalid([required("ticketDefinition")])
    problems: Violations = []
    if creating:
        missing = [name for name in ("name", "pricingMethod", "feeType") if given.get(name) in (None, "")]
        problems += [required(f"ticketDefinition.{name}") for name in missing]
    taken = {
        name: check(f"ticketDefinition.{name}", given[name], problems)
        for name, check in CHECKS.items()
        if given.get(name) not in (None, "") or (name in given and name in NULLABLE)
    }
    if problems:
        raise invalid(problems)
    return taken


def check_money(field: str, value: Any, problems: Violations) -> Document:
    """Take a price: an amount as a string, and a currency."""
    money = value if isinstance(value, dict) else {}
    amount, currency = money.get("value"), money.get("currency")
    if amount is None:
        problems.append(required(f"{field}.value"))
    elif not isinstance(amount, str):
        problems.append(wrong_format(f"{field}.value", "must be a string"))
    elif not AMOUNT.fullmatch(amount) or Decimal(amount) < 0:
        problems.append(wrong_format(f"{field}.value", "must be a valid decimal number, 0 or more"))
    if not isinstance(currency, str) or not CURRENCY.fullmatch(currency):
        problems.append(wrong_format(f"{field}.currency", "must be a valid ISO 4217 currency code"))
    return {"value": amount, "currency": currency}


def _text(most: int, least: int = 0) -> Callable[[str, Any, Violations], Any]:
    def check(field: str, value: Any, problems: Violations) -> Any:
        if value is None:
            return None
        if not isinstance(value, str):
            problems.append(wrong_format(field, "must be a string"))
        elif len(value) > most:
            said = f"has size {len(value)}, expected {most} or less"
            problems.append(Violation(field=field, description=said, rule="MAX_LENGTH", threshold=most))
        elif len(value) < least:
            said = f"has size {len(value)}, expected {least} or more"
            problems.append(Violation(field=field, description=said, rule="MIN_LENGTH", threshold=least))
        return value

    return check


def _flag(field: str, value: Any, problems: Violations) -> Any:
    if not isinstance(value, bool):
        problems.append(wrong_format(field, "must be a boolean"))
    return value


def _limit(field: str, value: Any, problems: Violations) -> Any:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        problems.append(wrong_format(field, "must be an integer"))
    elif not 0 <= value <= LARGEST_LIMIT:
        rule, bound = ("MIN", 0) if value < 0 else ("MAX", LARGEST_LIMIT)
        said = f"must be between 0 and {LARGEST_LIMIT}"
        problems.append(Violation(field=field, description=said, rule=rule, threshold=bound))
    return value


def _fee_type(field: str, value: Any, problems: Violations) -> Any:
    if value not in FEE_TYPES:
        problems.append(required(field))
    return value


def _pricing_method(field: str, value: Any, problems: Violations) -> Document:
    given = [name for name in PRICING_METHODS if isinstance(value, dict) and value.get(name) is not None]
    if len(given) != 1:
        said = f"must have exactly one of {', '.join(PRICING_METHODS)}"
        problems.append(Violation(field=field, description=said, rule="CUSTOM"))
        return {}
    name = given[0]
    if name == "pricingOptions":
        return {name: _pricing_options(f"{field}.{name}", value[name], problems)}
    return {name: check_money(f"{field}.{name}", value[name], problems)}


def _pricing_options(field: str, value: Any, problems: Violations) -> Document:
    options = value.get("optionDetails") if isinstance(value, dict) else None
    field = f"{field}.optionDetails"
    if not isinstance(options, list) or not options:
        problems.append(required(field))
        return {}
    if len(options) > 100:
        said = f"has size {len(options)}, expected 100 or less"
        problems.append(Violation(field=field, description=said, rule="MAX_SIZE", threshold=100))
        return {}
    return {"optionDetails": [_option(f"{field}[{i}]", option, problems) for i, option in enumerate(options)]}


def _option(field: str, value: Any, problems: Violations) -> Document:
    option = value if isinstance(value, dict) else {}
    if option.get("optionId") is not None and not GUID.fullmatch(str(option["optionId"])):
        problems.append(wrong_format(f"{field}.optionId", "is not a valid GUID"))
    return {
        "optionId": option.get("optionId"),
        "name": _text(200, 1)(f"{field}.name", option.get("name") or "", problems),
        "price": check_money(f"{field}.price", option.get("price"), problems),
    }


def _sale_period(field: str, value: Any, problems: Violations) -> Any:
    if value is None:
        return None
    if not isinstance(value, dict):
        problems.append(wrong_format(field, "must be an object"))
        return None
    start = _instant(f"{field}.startDate", value.get("startDate"), problems)
    end = _instant(f"{field}.endDate", value.get("endDate"), problems)
    if start is not None and end is not None and end <= start:
        raise refused(428, "INVALID_SALE_PERIOD", "The sale must end after it starts")
    shown = _flag(f"{field}.displayNotOnSale", value.get("displayNotOnSale") or False, problems)
    dates = {"startDate": start and to_wire(start), "endDate": end and to_wire(end)}
    return {**dates, "displayNotOnSale": shown}


def _instant(field: str, value: Any, problems: Violations) -> datetime | None:
    if value is None:
        return None
    try:
        return to_the_minute(from_wire(value))
    except (TypeError, ValueError):
        problems.append(wrong_format(field, "must be a valid RFC 3339 date"))
        return None


def _extended_fields(field: str, value: Any, problems: Violations) -> Any:
    spaces = value.get("namespaces") if isinstance(value, dict) else None
    if not isinstance(spaces, dict) or not all(isinstance(space, dict) for space in spaces.values()):
        problems.append(wrong_format(f"{field}.namespaces", "must be an object of objects"))
    return {"namespaces": spaces}


CHECKS: dict[str, Callable[[str, Any, Violations], Any]] = {
    "name": _text(30, 1),
    "description": _text(500),
    "policyText": _text(1000),
    "hidden": _flag,
    "initialLimit": _limit,
    "pricingMethod": _pricing_method,
    "feeType": _fee_type,
    "salePeriod": _sale_period,
    "extendedFields": _extended_fields,
}
NULLABLE = frozenset({"description", "policyText", "initialLimit", "salePeriod"})
