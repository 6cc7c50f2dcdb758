import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from ticket_pipeline.errors import TransientError
from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.store.database import Database
from ticket_pipeline.webhooks.landing import Landing, Limits, Listener
from ticket_pipeline_tests.webhooks.running import impatient, locked, rows
from ticket_pipeline_tests.webhooks.signing import NOON, UPDATED

Story = Callable[[Landing], Awaitable[None]]


def envelope(key: str, topic: str = UPDATED) -> Envelope:
    return Envelope(key=key, topic=topic, instance_id=None, entity_id=None, event_id=None, occurred_at=None, body={})


class Heard:
    """Remembers what a landing told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, tuple[str, ...], int]] = []

    def __call__(self, site: str, new: Sequence[Envelope], repeats: int) -> None:
        self.told.append((site, tuple(each.key for each in new), repeats))


def tell(path: Path, story: Story, *, listener: Listener | None = None, limits: Limits | None = None) -> None:
    """Run a story with a landing over the database, and close both."""
    database: Database = impatient(path)

    async def whole() -> None:
        landing = Landing(database, clock=lambda: NOON, listener=listener or Heard(), limits=limits)
        await story(landing)
        await landing.close()

    asyncio.run(whole())
    database.close()


def test_a_landed_envelope_is_durable_when_it_says_so(path: Path) -> None:
    async def story(landing: Landing) -> None:
        await landing.land("barn", envelope("a"))
        assert rows(path, "site, key, state") == [("barn", "a", "landed")]

    tell(path, story)


def test_what_comes_together_lands_together(path: Path) -> None:
    heard = Heard()

    async def story(landing: Landing) -> None:
        await asyncio.gather(*(landing.land("barn", envelope(f"k{number}")) for number in range(50)))

    tell(path, story, listener=heard)
    assert heard.told == [("barn", tuple(f"k{number}" for number in range(50)), 0)]


def test_a_crowd_is_landed_in_several_transactions(path: Path) -> None:
    heard = Heard()

    async def story(landing: Landing) -> None:
        await asyncio.gather(*(landing.land("barn", envelope(f"k{number}")) for number in range(25)))

    tell(path, story, listener=heard, limits=Limits(most_at_once=10, gathering=0))
    assert [len(new) for _, new, _ in heard.told] == [10, 10, 5]


def test_each_site_hears_of_its_own(path: Path) -> None:
    heard = Heard()

    async def story(landing: Landing) -> None:
        sent = [("barn", "a"), ("hall", "a"), ("barn", "a"), ("barn", "b")]
        await asyncio.gather(*(landing.land(site, envelope(key)) for site, key in sent))

    tell(path, story, listener=heard)
    assert heard.told == [("barn", ("a", "b"), 1), ("hall", ("a",), 0)]


def test_an_unknown_topic_is_landed_as_ignored(path: Path) -> None:
    async def story(landing: Landing) -> None:
        await landing.land("barn", envelope("a", "wix.new.v1.thing_created"))

    tell(path, story)
    assert rows(path, "topic, state") == [("wix.new.v1.thing_created", "ignored")]


def test_a_database_that_does_not_write_says_so_and_a_repeat_lands(path: Path) -> None:
    heard = Heard()

    async def story(landing: Landing) -> None:
        with locked(path), pytest.raises(TransientError):
            await landing.land("barn", envelope("a"))
        await landing.land("barn", envelope("a"))

    tell(path, story, listener=heard)
    assert heard.told == [("barn", ("a",), 0)]


def test_more_than_may_wait_is_sent_away(path: Path) -> None:
    async def story(landing: Landing) -> None:
        sent = (landing.land("barn", envelope(f"k{number}")) for number in range(5))
        outcomes = await asyncio.gather(*sent, return_exceptions=True)
        assert [type(each) for each in outcomes] == [type(None)] * 3 + [TransientError] * 2

    tell(path, story, limits=Limits(most_waiting=3))
    assert rows(path) == ["k0", "k1", "k2"]


def test_closing_finishes_what_waits(path: Path) -> None:
    async def story(landing: Landing) -> None:
        waits = asyncio.create_task(landing.land("barn", envelope("a")))
        await asyncio.sleep(0)  # let it begin to wait
        await landing.close()
        assert rows(path) == ["a"]
        await waits

    tell(path, story)


def test_who_gives_up_waiting_harms_nobody_else(path: Path) -> None:
    async def story(landing: Landing) -> None:
        leaving = asyncio.create_task(landing.land("barn", envelope("a")))
        staying = asyncio.create_task(landing.land("barn", envelope("b")))
        await asyncio.sleep(0)  # let both begin to wait
        leaving.cancel()
        await staying

    tell(path, story)
    assert rows(path) == ["a", "b"]


def test_a_listener_that_fails_cannot_undo_a_landing(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def failing(site: str, new: Sequence[Envelope], repeats: int) -> None:
        raise ZeroDivisionError(site, new, repeats)

    async def story(landing: Landing) -> None:
        await landing.land("barn", envelope("a"))
        await landing.land("barn", envelope("b"))

    tell(path, story, listener=failing)
    assert rows(path) == ["a", "b"]
    assert [record.message for record in caplog.records] == ["listener_failed"] * 2
