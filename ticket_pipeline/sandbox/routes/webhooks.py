"""The sandbox's own handles for webhooks: who is told, what became of it, and what shall go wrong. Not part of Wix."""

from dataclasses import asdict

from ticket_pipeline.sandbox.entities import Document
from ticket_pipeline.sandbox.faults import faults_from
from ticket_pipeline.sandbox.operation import Call, own
from ticket_pipeline.sandbox.refusals import invalid, plain, wrong_format
from ticket_pipeline.sandbox.webhooks.faults import WebhookFaults

USUALLY_SHOWN = 100
LONGEST_WAIT = 60.0


def overview(call: Call) -> Document:
    """Show counts and the last deliveries, as many as ?last= says."""
    last = call.params.get("last", "")
    return call.desk.webhooks.document(int(last) if last.isascii() and last.isdigit() else USUALLY_SHOWN)


def public_key(call: Call) -> Document:
    """Show the key that webhooks can be verified with."""
    signer = call.desk.webhooks.signer
    return {"publicKey": signer.public_key, "publicKeyBase64": signer.public_key_base64}


def subscriptions(call: Call) -> Document:
    """Show who is told."""
    return {"subscriptions": list(call.desk.webhooks.subscriptions)}


def subscribe(call: Call) -> Document:
    """Tell one more address on this machine: {url}."""
    try:
        call.desk.webhooks.subscribe(call.body.get("url"))
    except ValueError as error:
        raise invalid([wrong_format("url", str(error))]) from error
    return subscriptions(call)


def unsubscribe(call: Call) -> Document:
    """Tell an address no more: {url}."""
    if not call.desk.webhooks.unsubscribe(call.body.get("url")):
        raise plain(404, "Nobody subscribed with this url")
    return subscriptions(call)


def get_faults(call: Call) -> Document:
    """Show the webhook faults in force."""
    return asdict(call.desk.webhooks.faults)


def put_faults(call: Call) -> Document:
    """Put webhook faults in force; what is not named is off."""
    call.desk.webhooks.set_faults(faults_from(call.body, WebhookFaults))
    return get_faults(call)


def flush(call: Call) -> Document:
    """Wait until all was sent, {timeout} seconds at most; with {resends: true} until nothing waits to be sent again."""
    timeout = call.body.get("timeout", 5)
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 <= timeout <= LONGEST_WAIT:
        raise invalid([wrong_format("timeout", f"must be between 0 and {LONGEST_WAIT:.0f} seconds")])
    flushed = call.desk.webhooks.flush(timeout, resends=call.body.get("resends") is True)
    return {"flushed": flushed, **call.desk.webhooks.document(0)}


def resend(call: Call) -> Document:
    """Send a webhook again now: {id}; without an id, all that wait for their next attempt."""
    webhook_id = call.body.get("id")
    count = call.desk.webhooks.resend(None if webhook_id is None else str(webhook_id))
    if webhook_id is not None and not count:
        raise plain(404, f"The log holds no webhook {webhook_id}")
    return {"resent": count}


OPERATIONS = (
    own("GET", "/webhooks", overview),
    own("GET", "/webhooks/public-key", public_key),
    own("GET", "/webhooks/subscriptions", subscriptions),
    own("POST", "/webhooks/subscriptions", subscribe),
    own("DELETE", "/webhooks/subscriptions", unsubscribe),
    own("GET", "/webhooks/faults", get_faults),
    own("PUT", "/webhooks/faults", put_faults),
    own("POST", "/webhooks/flush", flush, patient=True),
    own("POST", "/webhooks/resend", resend),
)
