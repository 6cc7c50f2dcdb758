"""A push service that decrypts what it gets, and checks who sent it; written from the RFCs, not from our code."""

import json
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ticket_pipeline.model.subscriber import PushSubscription

#: Close the connection instead of answering.
HANG_UP = 0


def b64(raw: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """Base64url, with or without padding."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def public_bytes(key: ec.EllipticCurvePublicKey) -> bytes:
    """The point of a key, uncompressed."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


@dataclass
class Browser:
    """One browser's subscription, and the keys it keeps to itself."""

    auth: bytes
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def subscription(self, endpoint: str) -> PushSubscription:
        """What the browser hands out."""
        return PushSubscription(endpoint=endpoint, p256dh=b64(public_bytes(self.key.public_key())), auth=b64(self.auth))

    def decrypt(self, body: bytes) -> Any:
        """RFC 8188, 2.1 and RFC 8291, 3."""
        salt, rest = body[:16], body[21:]
        sender, sealed = rest[: body[20]], rest[body[20] :]
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        info = b"WebPush: info\0" + public_bytes(self.key.public_key()) + sender
        secret = _derive(shared, salt=self.auth, info=info, length=32)
        key = _derive(secret, salt=salt, info=b"Content-Encoding: aes128gcm\0", length=16)
        nonce = _derive(secret, salt=salt, info=b"Content-Encoding: nonce\0", length=12)
        plain = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")
        assert plain.endswith(b"\2")
        return json.loads(plain[:-1])


def _derive(secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)


@dataclass
class Push:
    """One push that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    def claims(self, audience: str) -> dict[str, Any]:
        """Check the signature (RFC 8292), and give what was signed."""
        scheme, _, rest = self.headers["Authorization"].partition(" ")
        assert scheme == "vapid"
        said = dict(each.strip().split("=", 1) for each in rest.split(","))
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(said["k"]))
        claims: dict[str, Any] = jwt.decode(
            said["t"], key, algorithms=["ES256"], audience=audience, options={"verify_exp": False}
        )
        return claims


@dataclass
class PushService:
    """What arrived, and how it answers."""

    port: int = 0
    pushes: list[Push] = field(default_factory=list)
    connections: int = 0
    #: By path: status and headers; else 201.
    answers: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Small answers are not held back.
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        cast("_Listener", self.server).service.connections += 1

    def do_POST(self) -> None:
        service = cast("_Listener", self.server).service
        body = self.rfile.read(int(self.headers["Content-Length"]))
        service.pushes.append(Push(self.path, dict(self.headers), body))
        status, headers = service.answers.get(self.path, (201, {}))
        if status == HANG_UP:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    service: PushService


@contextmanager
def push_service() -> Iterator[PushService]:
    """Listen on a free port of this machine."""
    with _Listener(("127.0.0.1", 0), _Handler) as listener:
        listener.service = PushService(port=listener.server_address[1])
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield listener.service
        finally:
            listener.shutdown()
            thread.join()
