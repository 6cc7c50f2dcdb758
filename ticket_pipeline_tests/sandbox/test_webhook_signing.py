"""Three levels of JSON, each a string within the one above, signed with RS256."""

import base64
import json
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ticket_pipeline.sandbox import (
    SANDBOX_ACCOUNT_ID,
    SANDBOX_INSTANCE_ID,
    SANDBOX_SITE_ID,
    SANDBOX_WEBHOOK_PUBLIC_KEY,
    SandboxSettings,
)
from ticket_pipeline.sandbox.webhooks.signing import signer_for
from ticket_pipeline.sandbox.webhooks.webhook import Webhook
from ticket_pipeline_tests.sandbox.api import NOW, Api
from ticket_pipeline_tests.sandbox.happenings import bought, made_event
from ticket_pipeline_tests.sandbox.subscriber import Subscriber

WEBHOOK = Webhook(id="1", topic="wix.events.v3.event_created", entity_id="2", payload='{"id":"1","x":"ä"}')


def own_key(bits: int = 2048) -> str:
    """Make a private key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_every_level_is_a_string_within_the_one_above(api: Api, receiver: Subscriber) -> None:
    made_event(api)
    api.flush()
    (received,) = receiver.received
    assert jwt.get_unverified_header(received.token) == {"alg": "RS256", "typ": "JWT"}
    assert set(received.claims) == {"data", "iat", "exp"}
    assert isinstance(received.claims["data"], str)
    notice = received.notice
    assert set(notice) == {"eventType", "instanceId", "data", "identity", "accountInfo"}
    assert isinstance(notice["data"], str)
    assert json.loads(notice["identity"])["identityType"] == "WIX_USER"
    assert notice["instanceId"] == SANDBOX_INSTANCE_ID
    assert notice["accountInfo"] == {"accountId": SANDBOX_ACCOUNT_ID, "siteId": SANDBOX_SITE_ID}


def test_a_token_lives_five_minutes_of_the_sandboxs_time() -> None:
    token = signer_for(SandboxSettings()).token(WEBHOOK, NOW)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["iat"], claims["exp"]) == (NOW.timestamp(), (NOW + timedelta(minutes=5)).timestamp())
    assert json.loads(json.loads(claims["data"])["data"]) == {"id": "1", "x": "ä"}


def test_a_buyer_is_a_member_or_a_visitor(api: Api, receiver: Subscriber) -> None:
    for _ in range(12):
        bought(api)
    api.flush()
    orders = [received for received in receiver.received if "OrderConfirmed" in received.topic]
    kinds = {json.loads(order.notice["identity"])["identityType"] for order in orders}
    assert kinds == {"MEMBER", "ANONYMOUS_VISITOR"}


def test_the_body_is_the_token_and_nothing_else(api: Api, receiver: Subscriber) -> None:
    made_event(api)
    api.flush()
    (received,) = receiver.received
    assert received.token.count(".") == 2
    assert received.headers["Content-Type"] == "text/plain"


def test_the_public_key_is_served_as_pem_and_on_one_line(api: Api) -> None:
    served = api.ask("GET", "/sandbox/webhooks/public-key")
    assert served["publicKey"] == SANDBOX_WEBHOOK_PUBLIC_KEY
    assert base64.b64decode(served["publicKeyBase64"]).decode() == SANDBOX_WEBHOOK_PUBLIC_KEY


def test_a_sandbox_signs_with_a_key_of_its_own_if_it_is_given_one() -> None:
    signer = signer_for(SandboxSettings(webhook_private_key=own_key()))
    token = signer.token(WEBHOOK, NOW)
    options = {"verify_exp": False, "verify_iat": False}
    assert jwt.decode(token, signer.public_key, algorithms=["RS256"], options=options)  # type: ignore[arg-type]
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, SANDBOX_WEBHOOK_PUBLIC_KEY, algorithms=["RS256"])


@pytest.mark.parametrize("kind", ["short", "elliptic"])
def test_a_key_that_wix_could_not_use_is_refused(kind: str) -> None:
    curve = ec.generate_private_key(ec.SECP256R1())
    elliptic = curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(ValueError, match="RSA key of at least 2048 bits"):
        signer_for(SandboxSettings(webhook_private_key=own_key(1024) if kind == "short" else elliptic))
