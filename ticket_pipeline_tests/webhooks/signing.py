"""Webhooks signed as Wix signs them."""

import base64
import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
INSTANCE = "0a1b2c3d-0000-4000-8000-000000000001"
UPDATED = "wix.events.v3.ticket_definition_updated"
ORDER_CONFIRMED = "wix.events.ticketing.events.OrderConfirmed"
GALA = "9d720f99-1b5a-4141-9877-d32985391e18"
BALCONY = "077766f0-ffa4-4fa1-bdf8-dbb0439c1892"


@cache
def private_key(name: str = "wix") -> rsa.RSAPrivateKey:  # noqa: ARG001 - tells keys apart in the cache
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_key(name: str = "wix") -> rsa.RSAPublicKey:
    return private_key(name).public_key()


def pem(name: str = "wix") -> str:
    return public_key(name).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def base64url(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def signed(payload: bytes, *, by: str = "wix", header: object = None) -> bytes:
    """Sign any bytes with RS256, whatever the header says."""
    head = json.dumps({"alg": "RS256", "typ": "JWT"} if header is None else header).encode()
    signing_input = base64url(head) + b"." + base64url(payload)
    signature = private_key(by).sign(signing_input, padding.PKCS1v15(), SHA256())
    return signing_input + b"." + base64url(signature)


def claims_of(payload: Any, topic: str = UPDATED, *, instance: str | None = INSTANCE, **claims: Any) -> dict[str, Any]:
    """Nest a payload as Wix does: text in text."""
    notice = {
        "eventType": topic,
        "instanceId": instance,
        "data": json.dumps(payload),
        "identity": json.dumps({"identityType": "WIX_USER", "wixUserId": "0a1b2c3d-0000-4000-8000-0000000000aa"}),
    }
    return {"data": json.dumps(notice), "iat": NOON.timestamp(), "exp": NOON.timestamp() + 300, **claims}


def token(
    payload: Any, topic: str = UPDATED, *, by: str = "wix", instance: str | None = INSTANCE, **claims: Any
) -> bytes:
    """Make the body of a webhook."""
    return signed(json.dumps(claims_of(payload, topic, instance=instance, **claims)).encode(), by=by)


def updated(number: int = 1, *, definition_id: str = BALCONY) -> dict[str, Any]:
    """Make the payload of a changed ticket definition."""
    return {
        "id": f"85deb868-5896-4a44-8f0a-{number:012}",
        "entityFqdn": "wix.events.v3.ticket_definition",
        "slug": "updated",
        "entityId": definition_id,
        "updatedEvent": {
            "currentEntity": {"id": definition_id, "eventId": GALA, "revision": str(number), "name": "Balcony"}
        },
        "eventTime": "2026-11-23T11:59:00.123456789Z",
        "triggeredByAnonymizeRequest": False,
        "entityEventSequence": str(number),
    }


def order(number: str = "2X32-W2MV-4RF", **more: Any) -> dict[str, Any]:
    """Make the payload of a confirmed order, people and all."""
    return {
        "timestamp": "2026-06-01T10:05:29.768Z",
        "eventId": GALA,
        "orderNumber": number,
        "contactId": "53a6179d-5ab2-4de4-a6a2-1fa10ebc3dff",
        "firstName": "Ada",
        "lastName": "Lovelace",
        "email": "ada@example.com",
        "checkoutForm": {"inputValues": [{"inputName": "phone", "value": "+370 600 12345", "values": []}]},
        "status": "PAID",
        "reservationId": "d72874cb-012a-4ad2-afbb-57fe8cf1e308",
        "tickets": [
            {
                "ticketNumber": f"{number}1P",
                "ticketDefinitionId": BALCONY,
                "firstName": "Ada",
                "ticketPdfUrl": "https://www.example.org/ticket.pdf?key=1",
                "canceled": False,
            }
        ],
        **more,
    }
