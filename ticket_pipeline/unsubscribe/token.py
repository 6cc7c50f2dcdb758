"""The token of an unsubscribe link: says who wants no more, readable by us only (pure).

Encrypted and signed in one (AES-SIV, RFC 5297), so a link betrays nothing about a person, and the same person has the
same link in every message. Tokens do not expire: a mail may be unsubscribed from years later.
"""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

#: Stands in front of every token, so that another way of making them can be told apart.
_VERSION = "1"
#: Also where the key comes from: the secret may serve other purposes, and must not open the one with the other.
_PURPOSE = b"ticket_pipeline unsubscribe 1"
_LONGEST = 2000


@dataclass(frozen=True, kw_only=True)
class Unsubscription:
    """Who wants no more of which site's announcements."""

    site: str
    #: The keyed hash that receipts and suppressions hang on.
    recipient: str
    #: The marketing tool's id of the person.
    subscriber_id: str | None = field(default=None, repr=False)


def sign(secret: str, wanted: Unsubscription) -> str:
    """Make the token: letters, digits, `-` and `_`."""
    text = json.dumps([wanted.site, wanted.recipient, wanted.subscriber_id], separators=(",", ":"), ensure_ascii=False)
    sealed = _cipher(secret).encrypt(text.encode(), [_PURPOSE])
    return _VERSION + urlsafe_b64encode(sealed).rstrip(b"=").decode()


def read(secrets: Sequence[str], token: str) -> Unsubscription | None:
    """Give what the token says if one of the secrets made it; None for any other text."""
    sealed = _sealed(token)
    for secret in secrets if sealed else ():
        try:
            text = _cipher(secret).decrypt(sealed, [_PURPOSE])
        except InvalidTag:
            continue
        site, recipient, subscriber_id = json.loads(text)
        return Unsubscription(site=site, recipient=recipient, subscriber_id=subscriber_id)
    return None


def _sealed(token: str) -> bytes:
    """Decode a token; nothing where it cannot be one."""
    if not token.startswith(_VERSION) or len(token) > _LONGEST or not token.isascii():
        return b""
    text = token.removeprefix(_VERSION)
    try:
        sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""
    # The decoder skips what is not in the alphabet: one token must have one spelling.
    return sealed if urlsafe_b64encode(sealed).rstrip(b"=").decode() == text else b""


@lru_cache(maxsize=16)
def _cipher(secret: str) -> AESSIV:
    derived = HKDF(algorithm=SHA256(), length=64, salt=None, info=_PURPOSE).derive(secret.encode())
    return AESSIV(derived)
