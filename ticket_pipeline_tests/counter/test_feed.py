import json
import re
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.counter.feed import Exposure, Feed, Shown, encode
from ticket_pipeline.model.tally import TallyStatus
from ticket_pipeline_tests.counter.values import NOON, tally

QUARTER = timedelta(minutes=15)


class Watched:
    """A feed, and what it told."""

    def __init__(self, *ids: str, sites: tuple[str, ...] = ("box_office",)) -> None:
        exposure = Exposure(definitions=frozenset(ids) if ids else None, freshness_limit=QUARTER)
        self.told: list[Shown] = []
        self.feed = Feed(dict.fromkeys(sites, exposure), tell=self.told.append)

    @property
    def versions(self) -> list[int]:
        return [each.tally.version for each in self.told]


def test_a_value_is_told_and_kept_with_its_bytes() -> None:
    watched = Watched()
    assert watched.feed.offer(5, tally(), now=0)
    shown = watched.feed.get("a")
    assert shown is not None
    assert watched.told == [shown]
    assert json.loads(shown.body) == tally().body()
    assert shown.event == b"id: 5\ndata: " + shown.body + b"\n\n"
    assert re.fullmatch('"[0-9a-f]{16}"', shown.etag)


def test_the_same_version_of_a_state_begun_anew_has_another_etag() -> None:
    assert encode(1, tally(remaining=6)).etag != encode(1, tally(remaining=5)).etag


def test_an_older_version_never_takes_the_place_of_a_newer_one() -> None:
    watched = Watched()
    watched.feed.offer(2, tally(version=2, remaining=6), now=0)
    assert not watched.feed.offer(1, tally(version=1), now=0)
    assert not watched.feed.offer(3, tally(version=2, remaining=9), now=0)
    assert watched.versions == [2]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 30)), max_size=40))
def test_in_whatever_order_values_come_each_counter_only_moves_forward(offers: list[tuple[str, int]]) -> None:
    watched = Watched()
    for seq, (each, version) in enumerate(offers):
        watched.feed.offer(seq, tally(each, version, remaining=version), now=seq * 60.0)
    for each in {each for each, _ in offers}:
        versions = [shown.tally.version for shown in watched.told if shown.tally.definition_id == each]
        assert versions == sorted(set(versions))
        assert versions[-1] == max(version for other, version in offers if other == each)


def test_what_is_not_declared_is_neither_kept_nor_told() -> None:
    watched = Watched("b")
    assert not watched.feed.offer(1, tally("a"), now=0)
    assert not watched.feed.offer(2, tally("b", site="elsewhere"), now=0)
    assert watched.told == []
    assert (watched.feed.may_come("a"), watched.feed.may_come("b")) == (False, True)


def test_of_two_sites_with_the_same_definition_the_first_is_shown() -> None:
    watched = Watched(sites=("first", "second"))
    watched.feed.offer(1, tally(site="second", version=9), now=0)
    watched.feed.offer(2, tally(site="first", version=1), now=0)
    watched.feed.offer(3, tally(site="second", version=10), now=0)
    assert [each.tally.site for each in watched.told] == ["second", "first"]


def test_that_nothing_changed_is_told_every_ten_seconds_and_a_change_at_once() -> None:
    watched = Watched()
    for second in range(25):
        watched.feed.tick(now=second)
        watched.feed.offer(second, tally(version=second + 1, read_at=NOON + timedelta(seconds=second)), now=second)
    assert watched.versions == [1, 10, 20]
    watched.feed.offer(30, tally(version=30, remaining=6), now=25)
    assert watched.versions[-1] == 30


def test_what_was_held_back_is_told_when_nothing_else_comes() -> None:
    watched = Watched()
    watched.feed.offer(1, tally(version=1), now=0)
    watched.feed.offer(2, tally(version=2), now=1)
    watched.feed.tick(now=9)
    assert watched.versions == [1]
    watched.feed.tick(now=10)
    watched.feed.tick(now=11)
    assert watched.versions == [1, 2]
    shown = watched.feed.get("a")
    assert shown is not None
    assert shown.tally.version == 2


def test_the_shortest_freshness_limit_counts() -> None:
    short = Exposure(definitions=None, freshness_limit=timedelta(minutes=1))
    feed = Feed({"one": Exposure(definitions=None, freshness_limit=QUARTER), "two": short}, tell=lambda _: None)
    feed.offer(1, tally("a", site="one"), now=0)
    feed.offer(2, tally("b", site="two", status=TallyStatus.HIDDEN), now=0)
    assert (feed.freshness_limit(["a"]), feed.freshness_limit(["a", "b"])) == (900, 60)
