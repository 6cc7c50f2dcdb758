import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.webhooks.keys import read_key, read_keys
from ticket_pipeline_tests.webhooks.signing import pem, private_key, public_key

PEM = pem()
DER = public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
PKCS1 = public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()


@pytest.mark.parametrize(
    "text",
    [
        PEM,
        f"\n  {PEM}  \n",
        PEM.replace("\n", "\r\n"),
        PEM.replace("\n", " "),
        PEM.replace("\n", ""),
        PEM.replace("\n", "\\n"),
        base64.b64encode(PEM.encode()).decode(),
        base64.encodebytes(PEM.encode()).decode(),
        base64.b64encode(DER).decode(),
        PKCS1,
    ],
    ids=["pem", "spaces", "crlf", "one-line", "joined", "escaped", "base64", "base64-lines", "der", "pkcs1"],
)
def test_a_key_is_read_however_the_dashboard_or_a_variable_spells_it(text: str) -> None:
    assert read_key(text) == public_key()


def test_several_keys_are_read_while_they_rotate_and_each_counts_once() -> None:
    assert read_keys([pem(), pem("next"), PEM.replace("\n", "")]) == (public_key(), public_key("next"))
    assert read_keys(pem()) == (public_key(),)


def test_a_private_key_is_refused_by_name() -> None:
    secret = private_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(ConfigError, match="private key") as caught:
        read_key(secret)
    assert secret.splitlines()[1] not in str(caught.value)


def test_a_short_key_is_refused() -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()  # noqa: S505 - to be refused
    with pytest.raises(ConfigError, match="1024 bits"):
        read_key(short.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def test_a_key_of_another_kind_is_refused() -> None:
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(ConfigError, match="no RSA key"):
        read_key(curve.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


@pytest.mark.parametrize(
    "text", ["", "hello", "-----BEGIN PUBLIC KEY-----\nhello\n-----END PUBLIC KEY-----", "aGVsbG8="]
)
def test_what_is_no_key_says_where_to_find_one(text: str) -> None:
    with pytest.raises(ConfigError, match="dashboard"):
        read_key(text)
