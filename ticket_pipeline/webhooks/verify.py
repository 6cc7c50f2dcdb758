"""A webhook's raw body -> the claims that Wix signed (pure).

The whole body is a compact JWS. Only RS256 is accepted, whatever the token says of itself, and nothing of the payload
is even decoded before its signature holds, so that a forged token costs one hash and one RSA check per key.
Wix's documentation: Build apps, webhooks, handle events without the JavaScript SDK.
"""

import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from jwt.algorithms import RSAAlgorithm

from ticket_pipeline.webhooks.json_text import read_json
from ticket_pipeline.webhooks.keys import PublicKey
from ticket_pipeline.webhooks.refused import Refusal, RefusedWebhook

#: How long after its `exp` a token is still taken: enough for clocks that differ. Wix's own SDK takes none at all, so
#: repeats, which Wix makes for 47 h 11 min, must come with tokens that are still good; where they do not, the refusals
#: are counted as `expired`, and the tolerance is a setting.
DEFAULT_LEEWAY = timedelta(minutes=5)
ISSUER = "wix.com"

_RS256 = RSAAlgorithm(RSAAlgorithm.SHA256)
_LONGEST_HEADER = 2048
#: base64url to base64; what only base64 allows becomes what neither does.
_TO_BASE64 = bytes.maketrans(b"-_+/", b"+/!!")


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What was signed, and by which key."""

    claims: Mapping[str, Any]
    key: PublicKey


def verify(raw: bytes, keys: Sequence[PublicKey], *, now: datetime, leeway: timedelta = DEFAULT_LEEWAY) -> Verified:
    """Give the claims that the holder of one of these keys signed, unless they expired longer ago than the leeway.

    Raises:
        RefusedWebhook: not_a_token, bad_algorithm, bad_signature, expired, bad_claims, malformed.
    """
    header, payload, signature = _segments(raw)
    _check_header(header)
    key = _signer(header + b"." + payload, _decoded(signature), keys)
    claims = _claims(payload)
    _check_expiry(claims, now=now, leeway=leeway)
    if claims.get("iss") not in (None, ISSUER):
        raise RefusedWebhook(Refusal.BAD_CLAIMS, f"its issuer is not {ISSUER}")
    return Verified(claims=claims, key=key)


def check_audience(claims: Mapping[str, Any], app_id: str | None) -> None:
    """Check for which app the token was made, where it says so and we know ours.

    Raises:
        RefusedWebhook: bad_claims: it was made for another app.
    """
    audience = claims.get("aud")
    if audience is None or app_id is None:
        return
    if app_id not in (audience if isinstance(audience, list) else [audience]):
        raise RefusedWebhook(Refusal.BAD_CLAIMS, "it was made for another app")


def _segments(raw: bytes) -> tuple[bytes, bytes, bytes]:
    segments = raw.strip().split(b".", 3)
    if len(segments) != 3 or not all(segments):
        raise RefusedWebhook(Refusal.NOT_A_TOKEN, "a token has three parts")
    return segments[0], segments[1], segments[2]


@lru_cache(maxsize=32)  # Wix's is always the same; what is refused is not remembered
def _check_header(segment: bytes) -> None:
    if len(segment) > _LONGEST_HEADER:
        raise RefusedWebhook(Refusal.NOT_A_TOKEN, "its header is too long")
    try:
        header = read_json(_decoded(segment))
    except ValueError as error:
        raise RefusedWebhook(Refusal.NOT_A_TOKEN, "its header cannot be read") from error
    if not isinstance(header, dict):
        raise RefusedWebhook(Refusal.NOT_A_TOKEN, "its header is no object")
    if header.get("alg") != "RS256" or "crit" in header or "b64" in header:
        raise RefusedWebhook(Refusal.BAD_ALGORITHM, "only RS256 is accepted")


def _signer(signed: bytes, signature: bytes, keys: Sequence[PublicKey]) -> PublicKey:
    for key in keys:
        if _RS256.verify(signed, key, signature):
            return key
    raise RefusedWebhook(Refusal.BAD_SIGNATURE, "it was signed by nobody we know")


def _claims(payload: bytes) -> Mapping[str, Any]:
    try:
        claims = read_json(_decoded(payload))
    except ValueError as error:
        raise RefusedWebhook(Refusal.MALFORMED, "what was signed cannot be read") from error
    if not isinstance(claims, dict):
        raise RefusedWebhook(Refusal.MALFORMED, "what was signed is no object")
    return claims


def _check_expiry(claims: Mapping[str, Any], *, now: datetime, leeway: timedelta) -> None:
    expires = claims.get("exp")
    if expires is None:
        return
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        raise RefusedWebhook(Refusal.BAD_CLAIMS, "its expiry is no instant")
    if expires < now.timestamp() - leeway.total_seconds():
        raise RefusedWebhook(Refusal.EXPIRED, "it expired too long ago")


def _decoded(segment: bytes) -> bytes:
    """Decode base64url without padding.

    Raises:
        RefusedWebhook: not_a_token.
    """
    padded = segment.translate(_TO_BASE64) + b"=" * (-len(segment) % 4)
    try:
        return binascii.a2b_base64(padded, strict_mode=True)
    except binascii.Error as error:
        raise RefusedWebhook(Refusal.NOT_A_TOKEN, "its parts are no base64url") from error
