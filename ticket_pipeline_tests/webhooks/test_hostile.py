"""Hostile webhooks at a real server: each is answered rightly, none lands, none slows the others."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import pytest
import requests

from ticket_pipeline_tests.webhooks.running import Client, rows
from ticket_pipeline_tests.webhooks.signing import NOON, base64url, pem, signed, token, updated
from ticket_pipeline_tests.webhooks.test_verify import GOOD

DAYS = 86_400


def unsigned() -> bytes:
    return base64url(b'{"alg":"none","typ":"JWT"}') + b"." + GOOD.split(b".")[1] + b"."


def with_the_public_key_as_secret() -> bytes:
    signing_input = base64url(b'{"alg":"HS256","typ":"JWT"}') + b"." + GOOD.split(b".")[1]
    return signing_input + b"." + base64url(hmac.digest(pem().encode(), signing_input, hashlib.sha256))


def deep(levels: int = 20_000) -> bytes:
    notice = {"eventType": "wix.events.v3.ticket_definition_updated", "data": "[" * levels}
    return signed(json.dumps({"data": json.dumps(notice)}).encode())


def tampered() -> bytes:
    head, _, signature = GOOD.split(b".")
    return head + b"." + base64url(b'{"data":"{}"}') + b"." + signature


HOSTILE: dict[str, tuple[bytes, int, str]] = {
    "alg none": (unsigned(), 401, "not_a_token"),
    "alg none, with a signature": (unsigned() + b"AAAA", 401, "bad_algorithm"),
    "HS256 with the public key": (with_the_public_key_as_secret(), 401, "bad_algorithm"),
    "wrong key": (token(updated(), by="stranger"), 401, "bad_signature"),
    "tampered": (tampered(), 401, "bad_signature"),
    "expired": (token(updated(), exp=NOON.timestamp() - 3 * DAYS), 401, "expired"),
    "truncated": (GOOD[:-10], 401, "bad_signature"),
    "cut in half": (GOOD[: len(GOOD) // 2], 401, "not_a_token"),
    "10 MB": (b"a" * 10_000_000, 413, "too_large"),
    "deep": (deep(), 400, "malformed"),
    "deep claims": (signed(b'{"data":' * 5_000), 400, "malformed"),
    "deep header": (base64url(b"[" * 1_000) + b".e30.AAAA", 401, "not_a_token"),
    "invalid UTF-8": (b"\xff\xfe" + GOOD, 401, "not_a_token"),
    "invalid UTF-8, signed": (signed(b'{"data":"\xff\xfe"}'), 400, "malformed"),
    "wrong site": (token(updated(), instance="somewhere-else"), 401, "wrong_site"),
    "empty": (b"", 401, "not_a_token"),
    "JSON": (b'{"eventType":"x"}', 401, "not_a_token"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_answered_rightly_and_does_not_land(name: str, client: Client, path: Path) -> None:
    body, status, word = HOSTILE[name]
    assert client.post(body) == (status, word)
    assert client.post(body, "/webhooks/box_office") == (status, word)
    assert rows(path) == []


def test_a_webhook_of_one_site_does_not_land_at_the_address_of_another(client: Client, path: Path) -> None:
    assert client.post(token(updated()), "/webhooks/barn") == (401, "wrong_site")
    assert client.post(token(updated()), "/webhooks/bare") == (401, "bad_signature")
    assert client.post(token(updated(), by="next", instance="barn-instance")) == (401, "wrong_site")
    assert rows(path) == []


def test_a_replayed_webhook_lands_once(client: Client, path: Path) -> None:
    assert [client.post(GOOD) for _ in range(5)] == [(200, "landed")] * 5
    assert rows(path, "deliveries") == [5]


def test_a_large_body_is_refused_though_it_does_not_say_how_large_it_is(client: Client, path: Path) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(160):
            yield b"a" * 65_536

    assert client.post(chunks()) == (413, "too_large")
    assert rows(path) == []


def test_a_lie_about_the_length_is_refused_before_anything_is_read(client: Client) -> None:
    head = b"POST /webhooks/wix HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"
    with client.raw(head) as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_sender_that_goes_away_lands_nothing(client: Client, path: Path) -> None:
    client.raw(b"POST /webhooks/wix HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n" + GOOD).close()
    assert client.post(token(updated(2))) == (200, "landed")
    assert rows(path) == [updated(2)["id"]]


def test_a_flood_does_not_slow_the_others(client: Client, path: Path) -> None:
    over = threading.Event()
    large = GOOD.replace(b".", b"." + b"A" * 250_000, 1)

    def flood() -> None:
        hostile = [body for body, _, _ in HOSTILE.values()] + [large]
        with requests.Session() as session:
            while not over.is_set():
                for body in hostile:
                    session.post(f"{client.base}/webhooks/wix", data=body, timeout=10)

    threads = [threading.Thread(target=flood) for _ in range(3)]
    for thread in threads:
        thread.start()
    times = []
    for number in range(30):
        body, began = token(updated(number)), perf_counter()
        assert client.post(body) == (200, "landed")
        times.append(perf_counter() - began)
    over.set()
    for thread in threads:
        thread.join(timeout=20)
    assert len(rows(path)) == 30
    assert sorted(times)[15] < 0.5, "Wix waits 1.25 s"
