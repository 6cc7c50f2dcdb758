"""Chance that can be repeated: everything random in the sandbox comes from a seed."""

import hashlib
import random
import uuid


def dice(*seed: object) -> random.Random:
    """Give a source of numbers that is the same for the same seed."""
    return random.Random("/".join(map(str, seed)))  # noqa: S311 - made-up data, nothing secret


def guid(*seed: object) -> str:
    """Give a GUID that is the same for the same seed."""
    digest = hashlib.sha256("/".join(map(str, seed)).encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def order_number(*seed: object) -> str:
    """Give an order number in Wix's form, such as 2X32-W2MV-4RF."""
    alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
    digest = hashlib.sha256("/".join(map(str, seed)).encode()).digest()
    letters = "".join(alphabet[byte % len(alphabet)] for byte in digest[:11])
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"
