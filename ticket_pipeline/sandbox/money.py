"""Amounts of money as Wix writes them: decimal strings, as many decimals as the currency has."""

from decimal import Decimal

from ticket_pipeline.sandbox.entities import Definition, Document

DECIMALS = {"JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3}


def amount_text(value: Decimal, currency: str) -> str:
    """Write an amount with the decimals of its currency."""
    return f"{value:.{DECIMALS.get(currency, 2)}f}"


def money(value: Decimal, currency: str) -> Document:
    """Write a price as an event's registration shows it."""
    text = amount_text(value, currency)
    return {"value": text, "currency": currency, "formattedValue": f"{text} {currency}"}


def prices_of(definition: Definition) -> list[Decimal]:
    """List the prices at which a ticket can be had; the minimum of a guest price; none if it has no price."""
    method = definition.document["pricingMethod"]
    options = method.get("pricingOptions", {}).get("optionDetails", [])
    single = [method[name] for name in ("fixedPrice", "guestPrice") if name in method]
    return [Decimal(price["value"]) for price in [*single, *(option["price"] for option in options)]]
