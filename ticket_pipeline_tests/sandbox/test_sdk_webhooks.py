"""Wix's own JavaScript SDK verifies and parses the sandbox's webhooks: each reaches the handler made for it.

The checks live in `sdk/webhooks.mjs`. Each one is a test here, so that a failing one reads well.
"""

import json
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ticket_pipeline.sandbox import (
    SANDBOX_APP_ID,
    SANDBOX_INSTANCE_ID,
    SANDBOX_WEBHOOK_PUBLIC_KEY,
    SandboxSettings,
)
from ticket_pipeline.sandbox.serve import running
from ticket_pipeline.sandbox.webhooks.signing import signer_for
from ticket_pipeline.sandbox.webhooks.webhook import Webhook
from ticket_pipeline_tests.sandbox.api import Api
from ticket_pipeline_tests.sandbox.happenings import HAPPENINGS
from ticket_pipeline_tests.sandbox.subscriber import subscriber
from ticket_pipeline_tests.sandbox.test_sdk_conformance import RUN_TIMEOUT, SDK, Finding
from ticket_pipeline_tests.sandbox.test_sdk_conformance import node as node

TOPICS = (
    "wix.events.v3.ticket_definition_created",
    "wix.events.v3.ticket_definition_updated",
    "wix.events.v3.ticket_definition_deleted",
    "wix.events.v3.ticket_definition_sale_started",
    "wix.events.v3.ticket_definition_sale_ended",
    "wix.events.v3.ticket_definition_sale_period_updated",
    "wix.events.v3.event_created",
    "wix.events.v3.event_updated",
    "wix.events.v3.event_deleted",
    "wix.events.v3.event_canceled",
    "wix.events.v3.event_started",
    "wix.events.v3.event_ended",
    "wix.events.v3.event_published",
    "wix.events.v1.ticket_reservation_created",
    "wix.events.v1.ticket_reservation_updated",
    "wix.events.v1.ticket_reservation_deleted",
    "wix.events.ticketing.events.OrderInitiated",
    "wix.events.ticketing.events.OrderConfirmed",
    "wix.events.ticketing.events.OrderUpdated",
    "wix.events.ticketing.events.OrderDeleted",
)
OTHERS = (
    "refused/a-tampered-payload",
    "refused/a-tampered-signature",
    "refused/another-key",
    "refused/an-expired-token",
    "taken/the-key-as-base64-of-its-pem",
)


@pytest.fixture(scope="module")
def findings(node: str) -> Mapping[str, Finding]:
    """Let everything happen once, and hand what was sent to the SDK."""
    signer = signer_for(SandboxSettings())
    nothing = Webhook(id="1", topic=TOPICS[0], entity_id="1", payload="{}")
    given = {
        "appId": SANDBOX_APP_ID,
        "instanceId": SANDBOX_INSTANCE_ID,
        "publicKey": SANDBOX_WEBHOOK_PUBLIC_KEY,
        "publicKeyBase64": signer.public_key_base64,
        "otherPublicKey": another_public_key(),
        "expired": signer.token(nothing, datetime.now(UTC) - timedelta(hours=1)),
        "webhooks": sent(),
    }
    done = subprocess.run(
        [node, "webhooks.mjs"],
        cwd=SDK, capture_output=True, text=True, timeout=RUN_TIMEOUT, check=False, input=json.dumps(given),
    )  # fmt: skip
    assert done.stdout.startswith("["), f"no report: {done.stderr[-2000:]}"
    reported: list[Finding] = json.loads(done.stdout)
    return {finding["check"]: finding for finding in reported}


@pytest.mark.parametrize("check", [*TOPICS, *OTHERS])
def test_wixs_sdk_takes_a_webhook_of_the_sandbox_for_wixs(findings: Mapping[str, Finding], check: str) -> None:
    assert findings[check]["ok"], findings[check]["detail"]


def test_the_harness_makes_no_check_that_is_not_listed_here(findings: Mapping[str, Finding]) -> None:
    assert sorted(findings) == sorted([*TOPICS, *OTHERS])


def sent() -> list[dict[str, Any]]:
    """Bring about one webhook of each kind: its token, and what it must be about."""
    with subscriber() as receiver, running(SandboxSettings(webhook_urls=(receiver.url,))) as sandbox:
        api = Api(sandbox.base_url)
        found = []
        for topic in TOPICS:
            receiver.forget()
            about = HAPPENINGS[topic](api)
            assert api.sandbox("/webhooks/flush")["flushed"]
            (webhook,) = [received for received in receiver.received if received.topic == topic]
            wanted = sorted(definitions_of(api, topic))
            found.append({"eventType": topic, "token": webhook.token, "about": about, "definitions": wanted})
        api.session.close()
    return found


def definitions_of(api: Api, topic: str) -> list[str]:
    """Name the definition of each ticket that the happening of a topic moves."""
    livestream, family = api.named("Livestream")["id"], api.named("Family")["id"]
    return [livestream, livestream] if "reservation" in topic else [livestream, livestream, family]


def another_public_key() -> str:
    """Give a key that signed nothing here."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
