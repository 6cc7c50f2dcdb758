"""The till as HTML: what is held, and what was ordered since the world was made."""

from collections import Counter
from collections.abc import Iterable, Mapping
from html import escape

from ticket_pipeline.sandbox.entities import Order, Reservation
from ticket_pipeline.sandbox.site.snapshot import LAST_ORDERS, Snapshot
from ticket_pipeline.sandbox.site.wording import wire

GONE = "a deleted ticket"


def till(shown: Snapshot) -> str:
    """Write the holds and the last orders, each with what can be done about it."""
    if not shown.holds and not shown.orders:
        return '<p class="quiet">Nothing yet. What you buy or hold is listed here, and can be cancelled.</p>'
    names = shown.names
    holds = "".join(_hold(each, names) for each in shown.holds)
    orders = "".join(_order(each, names) for each in shown.orders)
    last = f"The last {LAST_ORDERS} orders" if len(shown.orders) == LAST_ORDERS else "Orders"
    return (f"<h3>Held</h3><ul>{holds}</ul>" if holds else "") + (f"<h3>{last}</h3><ul>{orders}</ul>" if orders else "")


def _hold(hold: Reservation, names: Mapping[str, str]) -> str:
    counted = {names.get(line.definition_id, GONE): line.quantity for line in hold.lines}
    return (
        f'<li data-key="{hold.id}"><span class="line"><span dir="auto">{_counted(counted.items())}</span>'
        f'<small>runs out <span class="countdown" data-until="{wire(hold.expires)}"></span></small></span>'
        f'<button data-do="buy-held">Buy</button><button class="plain" data-do="release">Release</button></li>'
    )


def _order(order: Order, names: Mapping[str, str]) -> str:
    valid = [ticket for ticket in order.tickets if not ticket.canceled]
    counted = Counter(names.get(ticket.definition_id, ticket.name) for ticket in valid or order.tickets)
    number = escape(order.number)
    button = f'<button class="plain" data-do="cancel">Cancel<span class="unseen"> order {number}</span></button>'
    return (
        f'<li data-key="{number}"{"" if valid else " class=cancelled"}><span class="line">'
        f'<span dir="auto">{_counted(counted.items())}</span><small>{number}</small></span>'
        f"{button if valid else '<span class=badge>cancelled</span>'}</li>"
    )


def _counted(counted: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{quantity} × {escape(name)}" for name, quantity in counted)  # noqa: RUF001 - a times sign
