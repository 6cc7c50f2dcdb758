"""A webhook becomes a token: three levels of JSON, each a string within the one above, signed with RS256.

Wix's documentation: Build apps, webhooks, handle events without the JavaScript SDK.
"""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline.sandbox.webhooks.compose import as_text
from ticket_pipeline.sandbox.webhooks.webhook import Webhook

LIFETIME = timedelta(seconds=300)
LEAST_BITS = 2048


@dataclass(frozen=True, kw_only=True)
class Signer:
    """The private key, and for whom it signs."""

    key: RSAPrivateKey
    instance_id: str
    account_id: str
    site_id: str

    def token(self, webhook: Webhook, at: datetime) -> str:
        """Sign a webhook; the token is valid for five minutes."""
        account = {"accountId": self.account_id, "siteId": self.site_id}
        notice = {"eventType": webhook.topic, "instanceId": self.instance_id, "data": webhook.payload}
        if webhook.identity is not None:
            notice["identity"] = webhook.identity
        issued = int(at.timestamp())
        expires = issued + int(LIFETIME.total_seconds())
        claims = {"data": as_text({**notice, "accountInfo": account}), "iat": issued, "exp": expires}
        return jwt.encode(claims, self.key, algorithm="RS256")

    @property
    def public_key(self) -> str:
        """Write the public key as PEM, as an app's dashboard shows it."""
        public = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return public.decode()

    @property
    def public_key_base64(self) -> str:
        """Write the PEM on one line, in base64, as environment variables like it."""
        return base64.b64encode(self.public_key.encode()).decode()


def signer_for(settings: SandboxSettings) -> Signer:
    """Read the private key of a sandbox.

    Raises:
        ValueError: webhook_private_key is no RSA key of at least 2048 bits, as PEM.
    """
    key = load_pem_private_key(settings.webhook_private_key.encode(), password=None)
    if not isinstance(key, RSAPrivateKey) or key.key_size < LEAST_BITS:
        raise ValueError(f"webhook_private_key must be an RSA key of at least {LEAST_BITS} bits, as PEM")
    return Signer(key=key, instance_id=settings.instance_id, account_id=settings.account_id, site_id=settings.site_id)
