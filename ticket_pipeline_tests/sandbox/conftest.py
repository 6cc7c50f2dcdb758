"""One sandbox for all tests, made new before each."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from ticket_pipeline.sandbox.entities import Entity
from ticket_pipeline.sandbox.faults import Faults
from ticket_pipeline.sandbox.seeding.seed import seeded_world
from ticket_pipeline.sandbox.serve import RunningSandbox, running
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline_tests.sandbox.api import NOW, Api, Clock
from ticket_pipeline_tests.sandbox.subscriber import Subscriber, subscriber


@dataclass(frozen=True)
class Started:
    """The sandbox that runs for all tests, and how its world began."""

    sandbox: RunningSandbox
    clock: Clock
    seeded: tuple[Entity, ...]

    def renew(self) -> None:
        """Begin again: what Desk.reset does, without making the same world up anew."""
        self.clock.now = NOW
        self.sandbox.world.restart(self.seeded, NOW)
        self.sandbox.desk.faults.set(Faults())
        self.sandbox.stats.reset()
        for url in self.sandbox.desk.webhooks.subscriptions:
            self.sandbox.desk.webhooks.unsubscribe(url)
        self.sandbox.desk.webhooks.reset()


@pytest.fixture(scope="session")
def started() -> Iterator[Started]:
    """Start the one sandbox."""
    clock, settings = Clock(), SandboxSettings(now=NOW)
    with running(settings, clock) as sandbox:
        yield Started(sandbox, clock, tuple(seeded_world(settings, NOW)))


@pytest.fixture
def sandbox(started: Started) -> RunningSandbox:
    """Make the sandbox new."""
    started.renew()
    return started.sandbox


@pytest.fixture
def clock(started: Started, sandbox: RunningSandbox) -> Clock:  # noqa: ARG001 - renewed first
    """Give the sandbox's clock."""
    return started.clock


@pytest.fixture
def api(sandbox: RunningSandbox) -> Iterator[Api]:
    """Call the sandbox with its API key."""
    client = Api(sandbox.base_url)
    yield client
    client.session.close()


@pytest.fixture
def receiver(api: Api) -> Iterator[Subscriber]:
    """Receive the sandbox's webhooks."""
    with subscriber() as made:
        api.sandbox("/webhooks/subscriptions", {"url": made.url})
        yield made
        api.sandbox("/webhooks/subscriptions", {"url": made.url}, "DELETE")
