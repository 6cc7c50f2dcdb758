"""How many decimals a currency has, after ISO 4217."""

from functools import cache

from babel.core import get_global
from babel.numbers import list_currencies

#: Babel's data is CLDR's, which counts the decimals people use; ISO 4217, and payment systems with it, say otherwise.
_ISO_4217 = {
    **dict.fromkeys(("AFN", "ALL", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SOS", "SYP", "YER"), 2),
    "IQD": 3,
}


@cache
def exponent(currency: str) -> int | None:
    """Give the decimals of a currency's minor unit (EUR 2, JPY 0, KWD 3); None for an unknown currency."""
    if currency not in list_currencies():
        return None
    fractions = get_global("currency_fractions")
    digits: int = fractions.get(currency, fractions["DEFAULT"])[0]
    return _ISO_4217.get(currency, digits)
