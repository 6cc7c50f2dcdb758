"""An item as pretix holds it for one ticket definition, with its quotas.

https://docs.pretix.eu/dev/api/resources/items.html
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ticket_pipeline.mapping.rules import ID_FIELD

Json = dict[str, Any]

#: The meta property of a variation.
OPTION_FIELD = "wix_option_id"
_INTERNAL = "wix:"


@dataclass(frozen=True, kw_only=True)
class Copy:
    """An item of pretix with the quotas that are for it alone; the newest of several is the one in force."""

    item: Json = field(repr=False)
    quotas: tuple[Json, ...] = field(default=(), repr=False)

    @property
    def id(self) -> int:
        """pretix's id of the item."""
        number: int = self.item["id"]
        return number

    @property
    def wix_id(self) -> str | None:
        """Tell whose copy it is: by the meta data, and by the internal name where a person took those away."""
        told = (self.item.get("meta_data") or {}).get(ID_FIELD)
        internal = self.item.get("internal_name") or ""
        return told or (internal.removeprefix(_INTERNAL) if internal.startswith(_INTERNAL) else None) or None

    @property
    def archived(self) -> bool:
        """Whether it is inactive and sold through no channel; hidden is inactive alone."""
        item = self.item
        return not item["active"] and not item["all_sales_channels"] and not item["limit_sales_channels"]

    @property
    def has_variations(self) -> bool:
        """Whether it has variations; pretix never lets that change."""
        return bool(self.item["has_variations"])

    @property
    def variations(self) -> list[Json]:
        """Its variations in the order of the shop."""
        return sorted(self.item["variations"], key=lambda each: (each["position"], each["id"]))

    @property
    def on_offer(self) -> list[Json]:
        """The variations that can be bought."""
        return [each for each in self.variations if each["active"]]

    @property
    def quota(self) -> Json | None:
        """Its own quota."""
        return min(self.quotas, key=lambda quota: quota["id"], default=None)

    @property
    def priceless(self) -> bool:
        """Whether it has no price at all, and so cannot be bought: no variation on offer, or a closed quota."""
        if self.has_variations:
            return not self.on_offer
        return bool(self.quota and self.quota["closed"]) and not Decimal(self.item["default_price"])


def in_force(copies: Sequence[Copy], external_id: int | None = None) -> Copy:
    """Pick the copy that counts: the one that is linked while it is live, else the newest live one, else the newest.

    A switch of the pricing leaves an archived copy behind; a person may have made a live one.
    """
    return max(copies, key=lambda copy: (not copy.archived, copy.id == external_id, copy.id))


def internal_name(wix_id: str) -> str:
    """Name an item so that pretix's search finds it."""
    return f"{_INTERNAL}{wix_id}"


def option_id(variation: Json) -> str | None:
    """Tell Wix's id of the option that a variation stands for."""
    return (variation.get("meta_data") or {}).get(OPTION_FIELD) or None


#: What takes an item off sale for good. Whether it was hidden before is lost, and asked of nobody.
ARCHIVING: Json = {"active": False, "all_sales_channels": False, "limit_sales_channels": []}
#: What undoes it, but for `active`.
REVIVING: Json = {"all_sales_channels": True}
