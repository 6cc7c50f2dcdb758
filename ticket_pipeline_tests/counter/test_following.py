import asyncio
import logging
import math
import queue
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from ticket_pipeline.counter.feed import Exposure, Feed
from ticket_pipeline.counter.following import Following, Kept
from ticket_pipeline.errors import TransientError
from ticket_pipeline.model.tally import Tally
from ticket_pipeline_tests.counter.values import NOON, tally


@dataclass(kw_only=True)
class Stage:
    """A database that the test makes up, and a feed that follows it."""

    values: list[tuple[int, Tally]] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    noted: list[tuple[list[int], datetime]] = field(default_factory=list)
    away: int = 0
    watched: bool = True
    now: datetime = NOON
    told: "queue.Queue[None]" = field(default_factory=queue.Queue)

    def after(self, seq: int) -> Sequence[tuple[int, Tally]]:
        self.asked.append(seq)
        if self.away:
            self.away -= 1
            raise TransientError("the database is away")
        return [each for each in self.values if each[0] > seq]

    def pushed(self, values: Sequence[Tally], at: datetime) -> None:
        if self.away:
            raise TransientError("the database is away")
        self.noted.append(([each.version for each in values], at))

    def notices(self, stopping: threading.Event) -> Iterator[None]:
        while not stopping.is_set():
            with suppress(queue.Empty):
                yield self.told.get(timeout=0.05)

    def play(self, story: Callable[[Following, Feed], Awaitable[None]]) -> None:
        async def playing() -> None:
            exposure = Exposure(definitions=None, freshness_limit=timedelta(minutes=15))
            feed = Feed({"box_office": exposure}, tell=lambda shown: following.tell(shown, watched=self.watched))
            kept = Kept(after=self.after, pushed=self.pushed, notices=self.notices)
            following = Following(feed, kept, clock=lambda: self.now)
            try:
                await story(following, feed)
            finally:
                following.close()

        asyncio.run(playing())


def test_each_value_is_read_once_and_in_order() -> None:
    stage = Stage(values=[(1, tally("a", 1)), (2, tally("b", 1))])

    async def story(following: Following, _: Feed) -> None:
        assert [each.definition_id for each in await following.catch_up()] == ["a", "b"]
        assert await following.catch_up() == []
        stage.values.append((3, tally("a", 2)))
        assert [each.version for each in await following.catch_up()] == [2]
        assert following.last_seq == 3

    stage.play(story)
    assert stage.asked == [0, 2, 2]


def test_two_who_catch_up_at_once_take_turns() -> None:
    stage = Stage(values=[(1, tally("a", 1))])

    async def story(following: Following, _: Feed) -> None:
        taken = await asyncio.gather(*(following.catch_up() for _ in range(5)))
        assert sorted(len(each) for each in taken) == [0, 0, 0, 0, 1]

    stage.play(story)


def test_a_notice_is_followed_at_once_and_an_outage_is_survived(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    stage = Stage(away=1)

    async def story(following: Following, feed: Feed) -> None:
        running = asyncio.create_task(following.run(following.catch_up))
        async with asyncio.timeout(10):
            while not stage.asked:
                await asyncio.sleep(0)
            stage.values.append((1, tally("a", 1)))
            stage.told.put(None)
            while feed.get("a") is None:
                await asyncio.sleep(0)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    stage.play(story)
    assert [each.message for each in caplog.records] == ["counters_not_followed"]


def test_what_was_pushed_is_noted_with_its_instant_and_a_failure_costs_the_note_only() -> None:
    stage = Stage()

    async def story(following: Following, _: Feed) -> None:
        await following.catch_up()
        stage.values = [(1, tally("a", 1)), (2, tally("b", 7))]
        await following.catch_up()
        await following.write_down()
        stage.values.append((3, tally("a", 2, 6)))
        stage.now += timedelta(seconds=5)
        await following.catch_up()
        stage.away = 1
        await following.write_down()
        stage.away = 0
        await following.write_down()

    stage.play(story)
    assert stage.noted == [([1, 7], NOON)]


def test_what_was_kept_before_the_start_is_not_taken_for_pushed_now_nor_when_it_is_still_so() -> None:
    stage = Stage(values=[(1, tally("a", 1, 6))], away=1)

    async def story(following: Following, feed: Feed) -> None:
        with suppress(TransientError):
            await following.catch_up()
        await following.catch_up()
        stage.values.append((2, tally("a", 2, 6)))
        await following.catch_up()
        feed.tick(now=math.inf)
        stage.values.append((3, tally("a", 3, 5)))
        await following.catch_up()
        await following.write_down()

    stage.play(story)
    assert stage.noted == [([3], NOON)]


def test_what_nobody_watched_is_not_taken_for_pushed_when_somebody_comes_later() -> None:
    stage = Stage(watched=False)

    async def story(following: Following, feed: Feed) -> None:
        await following.catch_up()
        stage.values = [(1, tally("a", 1, 6)), (2, tally("a", 2, 6))]
        await following.catch_up()
        stage.watched = True
        feed.tick(now=math.inf)
        await following.write_down()

    stage.play(story)
    assert stage.noted == []
