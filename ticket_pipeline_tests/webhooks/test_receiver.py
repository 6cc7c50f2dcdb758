import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message

from ticket_pipeline.server import ServerParts
from ticket_pipeline.webhooks.endpoint import Endpoint
from ticket_pipeline.webhooks.landing import Landing
from ticket_pipeline.webhooks.meters import Meters
from ticket_pipeline.webhooks.receiver import LANDED, MOST_BYTES, TRY_AGAIN, Receiver
from ticket_pipeline_tests.webhooks.running import Client, impatient, locked, rows, serving
from ticket_pipeline_tests.webhooks.signing import (
    BALCONY,
    GALA,
    NOON,
    ORDER_CONFIRMED,
    order,
    public_key,
    signed,
    token,
    updated,
)

AGAIN = (503, "try_again")


def test_a_webhook_is_landed_and_answered_200(client: Client, path: Path) -> None:
    assert client.post(token(updated())) == (200, "landed")
    columns = "site, topic, entity_id, event_id, sequence, deliveries, state"
    assert rows(path, columns) == [
        ("box_office", "wix.events.v3.ticket_definition_updated", BALCONY, GALA, 1, 1, "landed")
    ]


def test_the_row_is_there_when_the_answer_is(client: Client, path: Path) -> None:
    for number in range(1, 21):
        assert client.post(token(updated(number)))[0] == 200
        assert len(rows(path)) == number


def test_the_instance_tells_the_site_behind_the_apps_address(client: Client, path: Path) -> None:
    client.post(token(updated(1)))
    client.post(token(updated(2), instance="barn-instance"))
    client.post(token(updated(3), by="bare", instance="any-instance"))
    client.post(token(updated(4), by="next"))
    assert rows(path, "site") == ["box_office", "barn", "bare", "box_office"]


def test_a_site_has_an_address_of_its_own(client: Client, path: Path) -> None:
    assert client.post(token(updated(), by="bare", instance=None), "/webhooks/bare") == (200, "landed")
    assert client.post(token(updated()), "/webhooks/box_office") == (200, "landed")
    assert rows(path, "site") == ["bare", "box_office"]


def test_an_unknown_address_is_404(client: Client) -> None:
    assert client.post(token(updated()), "/webhooks/attic") == (404, "unknown_site")
    assert client.get("/webhooks/wix").status_code == 405


def test_a_site_of_ours_without_a_public_key_is_404_of_another_name_counted_and_logged(
    client: Client, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert client.post(token(updated()), "/webhooks/cellar") == (404, "no_public_key")
    assert rows(path) == []
    assert 'ticket_pipeline_webhooks_refused_total{reason="no_public_key"} 1.0' in client.get("/metrics").text
    (said,) = [each for each in caplog.records if each.getMessage() == "refused"]
    assert (said.__dict__["code"], said.__dict__["site"]) == ("no_public_key", "cellar")


def test_the_same_webhook_again_is_a_repeat(client: Client, path: Path) -> None:
    assert [client.post(token(updated()))[0] for _ in range(3)] == [200] * 3
    assert rows(path, "deliveries") == [3]


def test_an_unknown_event_type_is_landed_and_marked(client: Client, path: Path) -> None:
    assert client.post(token({"id": "1", "what": "ever"}, "wix.new.v1.thing_created")) == (200, "landed")
    assert rows(path, "topic, state, body") == [("wix.new.v1.thing_created", "ignored", "{}")]


def test_of_an_orders_buyer_nothing_reaches_the_disk(client: Client, path: Path) -> None:
    assert client.post(token(order(), ORDER_CONFIRMED)) == (200, "landed")
    assert rows(path, "entity_id") == ["2X32-W2MV-4RF"]
    disk = b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))
    assert b"2X32-W2MV-4RF" in disk
    for secret in (
        b"Ada",
        b"Lovelace",
        b"ada@example.com",
        b"+370",
        b"ticket.pdf",
        b"4RF1P",
        b"53a6179d",
        b"wixUserId",
    ):
        assert secret not in disk


def test_our_own_failure_is_503_and_the_repeat_lands(client: Client, path: Path) -> None:
    with locked(path):
        assert client.post(token(updated())) == AGAIN
    assert rows(path) == []
    assert client.post(token(updated())) == (200, "landed")
    assert rows(path, "deliveries") == [1]


def test_two_servers_that_get_the_same_webhooks_at_once_land_each_once(parts: ServerParts, path: Path) -> None:
    other = replace(parts, database=impatient(path))
    bodies = [token(updated(number)) for number in range(20)]

    async def both(one: Client, two: Client) -> list[tuple[int, str]]:
        posts = [asyncio.to_thread(client.post, body) for body in bodies for client in (one, two)]
        return await asyncio.gather(*posts)

    with serving(parts) as one, serving(other) as two:
        answers = asyncio.run(both(one, two))
        again = [body for body, answer in zip(sorted(bodies * 2), answers, strict=True) if answer == AGAIN]
        assert {status for status, _ in answers} <= {200, 503}
        assert all(one.post(body)[0] == 200 for body in {*bodies, *again})
    other.database.close()
    assert sorted(rows(path)) == sorted(updated(number)["id"] for number in range(20))


def test_a_webhook_for_another_app_is_refused(client: Client, path: Path) -> None:
    assert client.post(token(updated(), aud="another-app")) == (401, "bad_claims")
    assert client.post(token(updated(), aud="our-app")) == (200, "landed")
    assert len(rows(path)) == 1


def test_a_body_up_to_the_limit_is_taken(client: Client) -> None:
    body = signed(json.dumps({"data": {"eventType": "AppRemoved", "data": "x" * 190_000}}).encode(), by="bare")
    padded = body + b" " * (MOST_BYTES - len(body))
    assert client.post(padded) == (200, "landed")
    assert client.post(padded + b" ") == (413, "too_large")


def receive_alone(path: Path, receive: Any, patience: float) -> Any:
    """Run one request without a server."""

    async def run() -> Any:
        database = impatient(path)
        landing = Landing(database, clock=lambda: NOON, listener=lambda *_: None)
        endpoints = [Endpoint(site="barn", keys=(public_key(),))]
        receiver = Receiver(
            endpoints=endpoints, landing=landing, meters=Meters(["barn"]), clock=lambda: NOON, patience=patience
        )
        try:
            return await receiver.receive({"type": "http", "headers": []}, receive, endpoints)
        finally:
            await landing.close()
            database.close()

    return asyncio.run(run())


def test_a_body_in_pieces_is_put_together(path: Path) -> None:
    raw = token(updated())
    pieces = iter([(raw[:700], True), (raw[700:], True), (b"", False)])

    async def receive() -> Message:
        body, more = next(pieces)
        return {"type": "http.request", "body": body, "more_body": more}

    assert receive_alone(path, receive, 5) == LANDED


def test_a_body_that_does_not_come_is_given_up(path: Path) -> None:
    async def receive() -> Message:
        return await asyncio.Future()

    assert receive_alone(path, receive, 0.01) == TRY_AGAIN


def test_a_database_that_takes_too_long_is_given_up(path: Path) -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": token(updated()), "more_body": False}

    impatient(path).close()
    with locked(path):
        assert receive_alone(path, receive, 0.01) == TRY_AGAIN
