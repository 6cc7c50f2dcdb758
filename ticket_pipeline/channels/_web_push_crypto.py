"""Keys, signatures and encryption of web push.

https://www.rfc-editor.org/rfc/rfc8291 (encryption), https://www.rfc-editor.org/rfc/rfc8292 (VAPID)
"""

import binascii
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import http_ece  # type: ignore[import-untyped]  # ships no types
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)

from ticket_pipeline.model.subscriber import PushSubscription

#: Push services take 4096 bytes, 103 of which the encryption needs (RFC 8291, 4).
LONGEST_PAYLOAD = 4096 - 103
#: RFC 8292 allows a day.
_SIGNED_FOR = timedelta(hours=12)
_RAW_PRIVATE, _RAW_PUBLIC, _RAW_AUTH = 32, 65, 16


@dataclass(frozen=True, kw_only=True)
class Keys:
    """What a browser's subscription is encrypted with."""

    public: bytes = field(repr=False)
    auth: bytes = field(repr=False)


def keys_of(subscription: PushSubscription) -> Keys | None:
    """Read a subscription's keys; None where they are none."""
    try:
        public, auth = _decoded(subscription.p256dh), _decoded(subscription.auth)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
    except ValueError:
        return None
    return Keys(public=public, auth=auth) if (len(public), len(auth)) == (_RAW_PUBLIC, _RAW_AUTH) else None


def encrypt(payload: bytes, keys: Keys) -> bytes:
    """Encrypt for one browser, under a key made for this message only (aes128gcm)."""
    encrypted: bytes = http_ece.encrypt(
        payload,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=keys.public,
        auth_secret=keys.auth,
        version="aes128gcm",
    )
    return encrypted


def read_private_key(text: str) -> ec.EllipticCurvePrivateKey:
    """Read a VAPID private key: base64url of the 32 bytes or of the DER, or PEM.

    Raises:
        ValueError: it is none; the text does not repeat it.
    """
    try:
        key = _any_key(text.strip())
    except (ValueError, TypeError) as error:
        raise ValueError("should be a VAPID private key: base64url of its 32 bytes, or PEM") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("should be a key on the curve P-256")
    return key


def _any_key(text: str) -> object:
    if text.startswith("-----"):
        return load_pem_private_key(text.encode(), password=None)
    raw = _decoded(text)
    if len(raw) == _RAW_PRIVATE:
        return ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1())
    return load_der_private_key(raw, password=None)


class Vapid:
    """Says who we are to push services; signs once per service and some hours."""

    def __init__(self, private_key: ec.EllipticCurvePrivateKey, contact: str) -> None:
        """Keep the key."""
        self._private_key = private_key
        self._contact = contact
        point = private_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        #: What browsers subscribe with (`applicationServerKey`), base64url.
        self.public_key = urlsafe_b64encode(point).rstrip(b"=").decode()
        self._signed: dict[str, tuple[datetime, str]] = {}
        self._lock = threading.Lock()

    def authorization(self, endpoint: str, *, now: datetime) -> str:
        """Give the header for the push service of an endpoint."""
        parts = urlsplit(endpoint)
        origin = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            until, header = self._signed.get(origin, (now, ""))
            if until <= now or until > now + _SIGNED_FOR:
                until, header = now + _SIGNED_FOR / 2, self._sign(origin, now)
                if len(self._signed) > 1000:  # endpoints come from outside
                    self._signed.clear()
                self._signed[origin] = (until, header)
        return header

    def _sign(self, origin: str, now: datetime) -> str:
        claims = {"aud": origin, "exp": int((now + _SIGNED_FOR).timestamp()), "sub": self._contact}
        return f"vapid t={jwt.encode(claims, self._private_key, algorithm='ES256')}, k={self.public_key}"


def _decoded(text: str) -> bytes:
    """Decode base64url, with or without padding.

    Raises:
        ValueError: it is none.
    """
    bare = text.strip().rstrip("=").replace("+", "-").replace("/", "_")
    try:
        decoded = urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except binascii.Error as error:
        raise ValueError("no base64url") from error
    if urlsafe_b64encode(decoded).rstrip(b"=").decode() != bare:
        raise ValueError("no base64url")
    return decoded
