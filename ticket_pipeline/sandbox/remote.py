"""Makes things happen in a sandbox that runs elsewhere: for the command line, for stories told by hand."""

from collections.abc import Callable, Mapping
from typing import Any

import requests

from ticket_pipeline.errors import RejectedError, TransientError
from ticket_pipeline.sandbox.entities import Document
from ticket_pipeline.sandbox.settings import SANDBOX_API_KEY, SANDBOX_SITE_ID

SANDBOX_URL = "http://127.0.0.1:8788"
PATIENCE = 70.0
DEFINITIONS = "/events/v3/ticket-definitions"
KEY = {"Authorization": SANDBOX_API_KEY, "wix-site-id": SANDBOX_SITE_ID}


def create(
    *,
    event_id: str,
    name: str,
    price: str = "10.00",
    limit: int | None = None,
    base_url: str = SANDBOX_URL,
    **more: Any,
) -> Document:
    """Create a ticket definition in its event's currency; `more` are further fields, as Wix names them."""
    event = ask("GET", f"/events/v3/events/{event_id}?fields=REGISTRATION", base_url=base_url)["event"]
    currency = event["registration"].get("tickets", {}).get("currency", "USD")
    pricing = {"fixedPrice": {"value": price, "currency": currency}}
    fields = {"eventId": event_id, "name": name, "pricingMethod": pricing, "initialLimit": limit, "feeType": "NO_FEE"}
    answer = ask("POST", DEFINITIONS, {"ticketDefinition": {**fields, **more}}, base_url=base_url)
    return _part(answer, "ticketDefinition")


def edit(definition_id: str, *, price: str | int | None = None, base_url: str = SANDBOX_URL, **fields: Any) -> Document:
    """Change fields of a ticket definition, as Wix names them, whatever its revision; a plain `price` is taken, too."""
    if price is not None:
        now = ask("GET", f"{DEFINITIONS}/{definition_id}", base_url=base_url)["ticketDefinition"]["pricingMethod"]
        money = now.get("fixedPrice") or now.get("guestPrice") or {"currency": "USD"}
        kind = "guestPrice" if "guestPrice" in now else "fixedPrice"
        fields["pricingMethod"] = {kind: {"value": str(price), "currency": money["currency"]}}
    body = {"definitionId": definition_id, "ticketDefinition": fields}
    return _part(ask("POST", "/sandbox/edit", body, base_url=base_url), "ticketDefinition")


def delete(definition_id: str, *, base_url: str = SANDBOX_URL) -> Document:
    """Delete a ticket definition."""
    return ask("DELETE", f"{DEFINITIONS}/{definition_id}", base_url=base_url)


def buy(definition_id: str, *, quantity: int = 1, force: bool = False, base_url: str = SANDBOX_URL) -> Document:
    """Buy tickets; with force, whatever the sale period and the stock say."""
    body = {"definitionId": definition_id, "quantity": quantity, "force": force}
    return ask("POST", "/sandbox/buy", body, base_url=base_url)


def hold(definition_id: str, *, quantity: int = 1, force: bool = False, base_url: str = SANDBOX_URL) -> Document:
    """Hold tickets for 20 minutes."""
    body = {"definitionId": definition_id, "quantity": quantity, "force": force}
    return _part(ask("POST", "/sandbox/hold", body, base_url=base_url), "reservation")


def cancel(order_number: str, *, base_url: str = SANDBOX_URL) -> Document:
    """Cancel an order; its tickets are on sale again."""
    return ask("POST", "/sandbox/cancel", {"orderNumber": order_number}, base_url=base_url)


def rush(event_id: str | None = None, *, orders: int = 100, seconds: int = 5, base_url: str = SANDBOX_URL) -> Document:
    """Place many orders within seconds, for one event or for all; comes back when it is over."""
    body = {"orders": orders, "seconds": seconds, **({} if event_id is None else {"eventId": event_id})}
    return _part(ask("POST", "/sandbox/rush", body, base_url=base_url), "rush")


#: What can be done, by the name under which the command line offers it.
ACTIONS: Mapping[str, Callable[..., Document]] = {
    "create": create,
    "edit": edit,
    "delete": delete,
    "buy": buy,
    "hold": hold,
    "cancel": cancel,
    "rush": rush,
}


def subscribe(url: str, *, base_url: str = SANDBOX_URL) -> Document:
    """Have webhooks sent to an address on this machine, too."""
    return ask("POST", "/sandbox/webhooks/subscriptions", {"url": url}, base_url=base_url)


def flush(*, timeout: float = 5.0, resends: bool = False, base_url: str = SANDBOX_URL) -> Document:
    """Wait until all webhooks were sent; `flushed` tells whether it came to that."""
    return ask("POST", "/sandbox/webhooks/flush", {"timeout": timeout, "resends": resends}, base_url=base_url)


def ask(method: str, path: str, body: Any = None, *, base_url: str = SANDBOX_URL) -> Document:
    """Call a sandbox with its usual key.

    Raises:
        TransientError: none answers there, or it is unwell.
        RejectedError: it refused; the code is Wix's, or the status.
    """
    try:
        answer = requests.request(method, base_url.rstrip("/") + path, json=body, headers=KEY, timeout=PATIENCE)
    except requests.RequestException as error:
        raise TransientError(f"no sandbox answers at {base_url}: start one with `ticket-pipeline sandbox`") from error
    if answer.status_code >= 500 or answer.status_code == 429:
        raise TransientError(f"the sandbox answered {answer.status_code} to {method} {path}")
    try:
        document: Document = answer.json()
    except ValueError as error:
        raise RejectedError(f"{base_url} is no sandbox: {method} {path} gave no JSON", code="no_sandbox") from error
    if answer.status_code != 200:
        code = document.get("details", {}).get("applicationError", {}).get("code", str(answer.status_code))
        raise RejectedError(f"the sandbox refused {method} {path}: {document.get('message')}", code=code)
    return document


def _part(answer: Document, name: str) -> Document:
    part: Document = answer[name]
    return part
