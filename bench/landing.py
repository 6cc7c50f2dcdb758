"""Landing webhooks: durable and verified, against doing nothing at all, and against one commit per request.

    python -m bench.landing

Server and load generator are processes of their own. The kinds take turns, so that what else the machine does meets
all of them; each figure is the median of the rounds.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ROUNDS = 5
REQUESTS = 2_000
NAIVE_REQUESTS = 500
CONNECTIONS = 64
RATE = 200
RATE_SECONDS = 10
_PATHS = {"landed": "/webhooks/wix", "empty": "/empty", "naive": "/naive"}


def run() -> dict[str, Any]:
    """Measure rates in requests per second, and times to the acknowledgement in ms at 200 webhooks a second."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    numbers = count()
    with TemporaryDirectory() as name:
        folder = Path(name)
        with _server(folder, key.public_key()) as port:
            _load(folder, port, "landed", _tokens(key, numbers, 200))
            rounds = [_round(folder, port, key, numbers) for _ in range(ROUNDS)]
            steady = _load(folder, port, "landed", _tokens(key, numbers, RATE * RATE_SECONDS), rate=RATE)
    return _figures(rounds, steady["latencies"])


def _round(folder: Path, port: int, key: rsa.RSAPrivateKey, numbers: Iterator[int]) -> dict[str, float]:
    rates = {}
    for kind in _PATHS:
        tokens = _tokens(key, numbers, NAIVE_REQUESTS if kind == "naive" else REQUESTS)
        rates[kind] = len(tokens) / _load(folder, port, kind, tokens)["seconds"]
    return rates


def _figures(rounds: list[dict[str, float]], latencies: list[float]) -> dict[str, Any]:
    rates = {kind: median(each[kind] for each in rounds) for kind in _PATHS}
    return {
        "landed_per_second": round(rates["landed"]),
        "empty_per_second": round(rates["empty"]),
        "naive_per_second": round(rates["naive"]),
        "landed_to_empty": round(median(each["landed"] / each["empty"] for each in rounds), 2),
        "landed_to_naive": round(median(each["landed"] / each["naive"] for each in rounds), 1),
        "rate": RATE,
        "p50_ms": round(latencies[len(latencies) // 2], 1),
        "p99_ms": round(latencies[len(latencies) * 99 // 100], 1),
    }


@contextmanager
def _server(folder: Path, key: rsa.RSAPublicKey) -> Iterator[int]:
    key_file = folder / "key.pem"
    key_file.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    command = [sys.executable, "-m", "bench.landing_server", f"sqlite:///{folder / 'state.db'}", str(key_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        try:
            yield int(process.stdout.readline() if process.stdout else 0)
        finally:
            process.terminate()


def _load(folder: Path, port: int, kind: str, tokens: list[str], rate: int = 0) -> dict[str, Any]:
    file = folder / "tokens"
    file.write_text("\n".join(tokens))
    command = [sys.executable, "-m", "bench.load", str(port), _PATHS[kind], str(CONNECTIONS), str(rate), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)  # noqa: S603 - our own
    answer: dict[str, Any] = json.loads(done.stdout)
    if answer["statuses"] != {"200": len(tokens)}:
        raise RuntimeError(f"{kind}: expected {len(tokens)} times 200, got {answer['statuses']}")
    return answer


def _tokens(key: rsa.RSAPrivateKey, numbers: Iterator[int], many: int) -> list[str]:
    return [_token(key, next(numbers)) for _ in range(many)]


def _token(key: rsa.RSAPrivateKey, number: int) -> str:
    entity = {
        "id": f"077766f0-ffa4-4fa1-bdf8-{number:012}",
        "eventId": "9d720f99-1b5a-4141-9877-d32985391e18",
        "revision": "2",
        "updatedDate": "2026-05-26T08:00:00Z",
        "name": "General Admission",
        "hidden": False,
        "limited": True,
        "initialLimit": 250,
        "actualLimit": 250,
        "pricingMethod": {
            "fixedPrice": {"value": "70.00", "currency": "USD"},
            "pricingType": "STANDARD",
            "free": False,
        },
        "feeType": "FEE_ADDED_AT_CHECKOUT",
        "saleStatus": "SALE_STARTED",
    }
    event = {
        "id": f"85deb868-5896-4a44-8f0a-{number:012}",
        "entityFqdn": "wix.events.v3.ticket_definition",
        "slug": "updated",
        "entityId": entity["id"],
        "updatedEvent": {"currentEntity": entity},
        "eventTime": "2026-05-26T08:00:00.100Z",
        "triggeredByAnonymizeRequest": False,
        "entityEventSequence": "2",
    }
    notice = {
        "eventType": "wix.events.v3.ticket_definition_updated",
        "instanceId": "0a1b2c3d-0000-4000-8000-000000000001",
        "data": json.dumps(event),
        "identity": json.dumps({"identityType": "WIX_USER", "wixUserId": "0a1b2c3d-0000-4000-8000-0000000000aa"}),
    }
    return jwt.encode({"data": json.dumps(notice), "exp": 4_000_000_000}, key, algorithm="RS256")


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))  # noqa: T201 - the figures
