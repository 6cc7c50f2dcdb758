import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.webhooks.refused import Refusal, RefusedWebhook
from ticket_pipeline.webhooks.verify import DEFAULT_LEEWAY, check_audience, verify
from ticket_pipeline_tests.webhooks.signing import (
    NOON,
    base64url,
    claims_of,
    pem,
    public_key,
    signed,
    token,
    updated,
)

GOOD = token(updated())


def refusal(raw: bytes, *keys: str) -> Refusal:
    with pytest.raises(RefusedWebhook) as caught:
        verify(raw, [public_key(each) for each in keys or ["wix"]], now=NOON)
    return caught.value.code


def accept(raw: bytes, *keys: str) -> Any:
    return verify(raw, [public_key(each) for each in keys or ["wix"]], now=NOON)


def claiming(**claims: Any) -> bytes:
    return token(updated(), **claims)


def test_what_wix_signed_is_given_back() -> None:
    assert accept(GOOD).claims == claims_of(updated())


def test_whitespace_around_the_token_does_not_matter() -> None:
    assert accept(b"\n  " + GOOD + b"\r\n").claims == claims_of(updated())


def test_every_key_is_tried_while_keys_rotate() -> None:
    assert accept(GOOD, "next", "wix").key == public_key()
    assert accept(token(updated(), by="next"), "wix", "next").key == public_key("next")


def test_a_strangers_signature_is_refused() -> None:
    assert refusal(token(updated(), by="stranger")) is Refusal.BAD_SIGNATURE
    assert refusal(GOOD, "next") is Refusal.BAD_SIGNATURE


def test_without_a_key_nothing_is_accepted() -> None:
    with pytest.raises(RefusedWebhook):
        verify(GOOD, [], now=NOON)


@pytest.mark.parametrize("alg", ["none", "None", "HS256", "RS512", "PS256", "ES256", "rs256", "", None, 5, ["RS256"]])
def test_any_other_algorithm_is_refused_however_well_it_is_signed(alg: object) -> None:
    assert refusal(signed(b"{}", header={"alg": alg})) is Refusal.BAD_ALGORITHM


def test_an_unsigned_token_is_refused() -> None:
    head, payload, _ = GOOD.split(b".")
    unsigned = base64url(b'{"alg":"none"}') + b"." + payload + b"."
    assert refusal(unsigned) is Refusal.NOT_A_TOKEN
    assert refusal(unsigned + b"AAAA") is Refusal.BAD_ALGORITHM
    assert refusal(head + b"." + payload + b".") is Refusal.NOT_A_TOKEN


@pytest.mark.parametrize("header", [{"alg": "HS256"}, {"alg": "RS256"}])
def test_the_public_key_is_no_secret_to_sign_with(header: dict[str, str]) -> None:
    signing_input = base64url(json.dumps(header).encode()) + b"." + GOOD.split(b".")[1]
    forged = base64url(hmac.digest(pem().encode(), signing_input, hashlib.sha256))
    expected = Refusal.BAD_ALGORITHM if header["alg"] == "HS256" else Refusal.BAD_SIGNATURE
    assert refusal(signing_input + b"." + forged) is expected


@pytest.mark.parametrize("header", [{"alg": "RS256", "crit": ["b64"], "b64": False}, {"alg": "RS256", "b64": True}])
def test_a_header_that_changes_the_rules_is_refused(header: object) -> None:
    assert refusal(signed(b"{}", header=header)) is Refusal.BAD_ALGORITHM


@pytest.mark.parametrize("header", [[], "RS256", 5, {"alg": "RS256", "x": "y" * 3000}])
def test_a_header_that_is_none_is_refused(header: object) -> None:
    assert refusal(signed(b"{}", header=header)) is Refusal.NOT_A_TOKEN


def test_a_deeply_nested_header_is_refused() -> None:
    deep = base64url(b"[" * 1400)
    assert refusal(deep + b".e30.AAAA") is Refusal.NOT_A_TOKEN


@pytest.mark.parametrize("raw", [b"", b" ", b"{}", b"a.b", b"a.b.c.d", b"..", b"\xff\xfe.\xff.\xff"])
def test_what_is_no_token_is_refused(raw: bytes) -> None:
    assert refusal(raw) is Refusal.NOT_A_TOKEN


@given(cut=st.integers(min_value=0, max_value=len(GOOD) - 1))
def test_a_truncated_token_is_refused_wherever_it_was_cut(cut: int) -> None:
    assert refusal(GOOD[:cut]) in {Refusal.NOT_A_TOKEN, Refusal.BAD_SIGNATURE}


@given(at=st.integers(min_value=0, max_value=len(GOOD) - 3), byte=st.integers(min_value=0, max_value=255))
def test_no_byte_can_be_changed(at: int, byte: int) -> None:
    changed = GOOD[:at] + bytes([byte]) + GOOD[at + 1 :]
    if changed.strip() != GOOD:
        assert refusal(changed) in {Refusal.NOT_A_TOKEN, Refusal.BAD_ALGORITHM, Refusal.BAD_SIGNATURE}


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_and_nothing_else(raw: bytes) -> None:
    refusal(raw)


@pytest.mark.parametrize(
    "payload", [b"[]", b"5", b"{", b"\xff", b'{"a":NaN}', b"[" * 5000, b'{"a":' * 60 + b"1" + b"}" * 60]
)
def test_what_was_signed_but_cannot_be_read_is_malformed(payload: bytes) -> None:
    assert refusal(signed(payload)) is Refusal.MALFORMED


def test_an_expired_token_is_taken_within_the_leeway_because_wix_repeats_for_47_hours() -> None:
    at = (NOON - DEFAULT_LEEWAY).timestamp()
    assert accept(claiming(exp=at)).claims["exp"] == at
    assert refusal(claiming(exp=at - 1)) is Refusal.EXPIRED
    with pytest.raises(RefusedWebhook, match="expired"):
        verify(claiming(exp=NOON.timestamp() - 1), [public_key()], now=NOON, leeway=timedelta(0))


def test_a_token_without_expiry_is_taken() -> None:
    assert accept(signed(b"{}")).claims == {}


@pytest.mark.parametrize("expires", ["soon", True, [], {}])
def test_an_expiry_that_is_no_instant_is_refused(expires: object) -> None:
    assert refusal(claiming(exp=expires)) is Refusal.BAD_CLAIMS


@pytest.mark.parametrize("expires", [10**400, 1e308, NOON.timestamp()])
def test_an_expiry_may_be_as_late_as_it_likes(expires: float) -> None:
    accept(claiming(exp=expires))


@pytest.mark.parametrize("issuer", ["evil.example", ["wix.com"], {}, 0])
def test_the_issuer_is_checked_where_it_is_named(issuer: object) -> None:
    accept(claiming(iss="wix.com"))
    assert refusal(claiming(iss=issuer)) is Refusal.BAD_CLAIMS


@pytest.mark.parametrize("audience", ["our-app", ["other", "our-app"], None])
def test_our_own_audience_is_right(audience: object) -> None:
    check_audience({"aud": audience}, "our-app")
    check_audience({}, "our-app")


@pytest.mark.parametrize("audience", ["other", ["other"], [], 5, {"our-app": 1}])
def test_another_apps_token_is_refused_where_we_know_our_app(audience: object) -> None:
    check_audience({"aud": audience}, None)
    with pytest.raises(RefusedWebhook) as caught:
        check_audience({"aud": audience}, "our-app")
    assert caught.value.code is Refusal.BAD_CLAIMS


def test_a_refusal_tells_nothing_of_token_or_key() -> None:
    with pytest.raises(RefusedWebhook) as caught:
        accept(token(updated(), by="stranger"))
    assert str(caught.value) == "it was signed by nobody we know"
