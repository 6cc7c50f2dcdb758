"""Public keys that Wix signs webhooks with, as the app's dashboard gives them."""

import base64
import binascii
import re
from collections.abc import Sequence

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ticket_pipeline.errors import ConfigError

PublicKey = RSAPublicKey

#: Less is refused by RFC 7518, section 3.3.
_LEAST_BITS = 2048
_PEM = re.compile(r"-----BEGIN (?P<kind>[A-Z0-9 ]+)-----(?P<body>[A-Za-z0-9+/=\s]*)-----END (?P=kind)-----")


def read_keys(texts: str | Sequence[str]) -> tuple[PublicKey, ...]:
    """Read one key, or the several that are valid while keys rotate; a key given twice counts once.

    Raises:
        ConfigError: one of them is no public RSA key.
    """
    keys: list[PublicKey] = []
    for text in [texts] if isinstance(texts, str) else texts:
        key = read_key(text)
        if key not in keys:
            keys.append(key)
    return tuple(keys)


def read_key(text: str) -> PublicKey:
    r"""Read a public RSA key: PEM (also on one line, its line ends lost or written `\n`), or base64 of the PEM.

    Raises:
        ConfigError: it is no public RSA key of at least 2048 bits.
    """
    try:
        key = load_der_public_key(_der(text.replace("\\n", "\n")))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _unusable("cannot be read") from error
    if not isinstance(key, RSAPublicKey):
        raise _unusable("is no RSA key")
    if key.key_size < _LEAST_BITS:
        raise _unusable(f"has only {key.key_size} bits, {_LEAST_BITS} are the least")
    return key


def _der(text: str) -> bytes:
    pem = _PEM.search(text)
    if pem is None:
        content = _from_base64(text)
        pem = _PEM.search(content.decode("latin-1"))
        if pem is None:
            return content
    if "PRIVATE" in pem["kind"]:
        raise _unusable("is a private key, and now no secret any more: make a new one")
    return _from_base64(pem["body"])


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error


def _unusable(fault: str) -> ConfigError:
    return ConfigError(
        f"webhook_public_key: this {fault}; copy the public key (PEM, or base64 of it) from the Wix app's dashboard, "
        "Webhooks -> Get Public Key"
    )
