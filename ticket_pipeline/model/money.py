"""An amount and its currency."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, kw_only=True)
class Money:
    """A decimal amount in one ISO 4217 currency; never a float."""

    value: Decimal
    currency: str
