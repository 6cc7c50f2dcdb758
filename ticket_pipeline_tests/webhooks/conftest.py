from collections.abc import Iterator
from pathlib import Path

import pytest

from ticket_pipeline.server import ServerParts
from ticket_pipeline.webhooks.endpoint import Endpoint
from ticket_pipeline_tests.webhooks.running import Client, impatient, serving
from ticket_pipeline_tests.webhooks.signing import INSTANCE, NOON, public_key


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def parts(path: Path) -> Iterator[ServerParts]:
    database = impatient(path)
    endpoints = [
        Endpoint(site="box_office", keys=(public_key(), public_key("next")), instance_id=INSTANCE, app_id="our-app"),
        Endpoint(site="barn", keys=(public_key(),), instance_id="barn-instance"),
        Endpoint(site="bare", keys=(public_key("bare"),)),
    ]
    yield ServerParts(database=database, endpoints=endpoints, requests_per_minute={"cellar": 200}, clock=lambda: NOON)
    database.close()


@pytest.fixture
def client(parts: ServerParts) -> Iterator[Client]:
    with serving(parts) as client:
        yield client
