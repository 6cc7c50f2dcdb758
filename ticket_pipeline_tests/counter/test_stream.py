import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ticket_pipeline.counter.clients import networks
from ticket_pipeline.counter.feed import Exposure, Feed, Shown, encode
from ticket_pipeline.counter.meters import CounterMeters
from ticket_pipeline.counter.origins import Origins
from ticket_pipeline.counter.readers import Readers, StreamLimits
from ticket_pipeline.counter.stream import CounterParts, counter_routes
from ticket_pipeline.server import ServerParts
from ticket_pipeline.store.database import open_database
from ticket_pipeline_tests.counter.listening import Stream, stream
from ticket_pipeline_tests.counter.values import NOON, tally
from ticket_pipeline_tests.webhooks.running import Client, serving

SITE = "https://www.example.org"
VISITOR = {"X-Forwarded-For": "8.8.8.8"}


@dataclass(kw_only=True)
class Stage:
    """A server with counters whose values the test makes up, on a clock of its own."""

    folder: Path
    limits: StreamLimits = field(default_factory=StreamLimits)
    origins: tuple[str, ...] = (SITE,)
    declared: frozenset[str] | None = None
    ready: bool = True
    seconds: float = 0.0
    seq: int = 0

    def __post_init__(self) -> None:
        self.readers = Readers(self.limits, seconds=lambda: self.seconds)
        exposure = Exposure(definitions=self.declared, freshness_limit=timedelta(minutes=15))
        self.feed = Feed({"box_office": exposure}, tell=self._tell)
        self.parts = CounterParts(
            feed=self.feed,
            readers=self.readers,
            meters=CounterMeters(["box_office"]),
            origins=Origins(self.origins),
            proxies=networks(["127.0.0.0/8"]),
            ready=lambda: self.ready,
            last_seq=lambda: self.seq,
            clock=lambda: NOON,
        )

    @contextmanager
    def serving(self) -> Iterator[Client]:
        database = open_database(f"sqlite:///{self.folder}/state.db")
        parts = ServerParts(
            database=database,
            endpoints=[],
            routes=counter_routes(self.parts),
            lifespans=[self._lifespan],
            on_stopping=[self.readers.end],
        )
        with serving(parts) as self.client:
            self.client.get("/healthz")  # answered once the lifespan has begun
            yield self.client
        database.close()

    def stream(self, query: str, headers: dict[str, str] | None = None) -> Any:
        return stream(self.client.port, query, headers)

    def offer(self, *values: Any, **more: Any) -> None:
        """Have a value come from the database."""
        self.on_loop(lambda: self._offer(tally(*values, **more)))

    def on_loop(self, call: Callable[[], object]) -> None:
        asyncio.run_coroutine_threadsafe(_calling(call), self._loop).result(10)

    def _offer(self, value: Any) -> None:
        self.seq += 1
        self.feed.offer(self.seq, value, now=self.seconds)

    def _tell(self, shown: Shown) -> None:
        self.readers.tell(shown)

    @asynccontextmanager
    async def _lifespan(self) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        yield


async def _calling(call: Callable[[], object]) -> None:
    call()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(folder=tmp_path)
    with stage.serving():
        stage.offer("a", 1)
        yield stage


def test_a_value_can_be_asked_for(stage: Stage) -> None:
    answer = stage.client.get("/counters/a")
    assert answer.json() == tally("a", 1).body()
    assert answer.headers["ETag"] == encode(1, tally("a", 1)).etag
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["X-Freshness-Limit"] == "900"


def test_whoever_has_the_value_is_told_so(stage: Stage) -> None:
    url = f"{stage.client.base}/counters/a"
    etag = encode(1, tally("a", 1)).etag
    for known in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        answer = stage.client.session.get(url, headers={"If-None-Match": known}, timeout=10)
        assert (answer.status_code, answer.content) == (304, b"")
    stage.offer("a", 2)
    assert stage.client.session.get(url, headers={"If-None-Match": etag}, timeout=10).status_code == 200


def test_head_tells_the_headers_only(stage: Stage) -> None:
    for path in ("/counters/a", "/counters/stream?ids=a", "/ticket-counter.js"):
        answer = stage.client.session.head(stage.client.base + path, timeout=10)
        assert (answer.status_code, answer.content) == (200, b"")
    assert len(stage.readers) == 0


@pytest.mark.parametrize("path", ["/counters/b", "/counters/%00", "/counters/stream?ids=b,c"])
def test_what_is_not_shown_does_not_exist(stage: Stage, path: str) -> None:
    answer = stage.client.get(path)
    assert (answer.status_code, answer.json()) == (404, {"error": "unknown_counter"})


def test_before_anything_is_known_nobody_is_told_that_a_counter_does_not_exist(tmp_path: Path) -> None:
    stage = Stage(folder=tmp_path, ready=False)
    with stage.serving() as client:
        answer = client.get("/counters/a")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


def test_the_first_value_comes_at_once_and_a_change_when_it_happens(stage: Stage) -> None:
    with stage.stream("ids=a") as page:
        assert page.answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert page.answer.headers["X-Accel-Buffering"] == "no"
        assert 1_000 <= int(page.fields()["retry"]) <= 4_000
        assert page.numbered() == ("1", tally("a", 1).body())
        stage.offer("a", 2, 6)
        assert page.numbered() == ("2", tally("a", 2, 6).body())


def test_a_page_that_asks_for_the_settings_gets_them_first(stage: Stage) -> None:
    with stage.stream("ids=a&settings=1") as page:
        assert "retry" in page.fields()
        settings = {"event": "settings", "data": '{"freshness_limit":900,"now":"2026-06-01T12:00:00.000Z"}'}
        assert page.fields() == settings
        assert page.next()["version"] == 1


def test_two_readers_see_the_same(stage: Stage) -> None:
    with stage.stream("ids=a") as one, stage.stream("ids=b&ids=a") as two:
        for version in range(2, 20):
            stage.offer("a", version, version)
        assert one.until(version=19) == two.until(version=19)


def test_an_older_value_is_not_shown_after_a_newer_one(stage: Stage) -> None:
    with stage.stream("ids=a") as page:
        stage.offer("a", 3, 3)
        stage.offer("a", 2, 9)
        stage.offer("a", 4, 2)
        versions = [page.next()["version"] for _ in range(2)]
        while versions[-1] != 4:
            versions.append(page.next()["version"])
    assert versions == sorted(versions)
    assert 2 not in versions


def test_only_those_who_watch_a_counter_are_told(stage: Stage) -> None:
    stage.offer("b", 1)
    with stage.stream("ids=a") as page, stage.stream("ids=b") as other:
        assert (page.next()["definition_id"], other.next()["definition_id"]) == ("a", "b")
        stage.offer("a", 2, 6)
        stage.offer("b", 2, 5)
        assert (page.next()["remaining"], other.next()["remaining"]) == (6, 5)


@pytest.mark.parametrize("how", ["header", "query"])
def test_whoever_comes_back_gets_what_is_newer(stage: Stage, how: str) -> None:
    stage.offer("b", 1)
    query, headers = ("ids=a,b", {"Last-Event-ID": "1"}) if how == "header" else ("ids=a,b&last_event_id=1", {})
    with stage.stream(query, headers) as page:
        assert page.next()["definition_id"] == "b"
        stage.offer("a", 2, 6)
        assert page.next()["remaining"] == 6


def test_a_number_from_another_life_of_the_database_is_not_believed(stage: Stage) -> None:
    with stage.stream("ids=a", {"Last-Event-ID": "999"}) as page:
        assert page.next()["version"] == 1


def test_a_declared_counter_can_be_watched_before_it_was_ever_read(tmp_path: Path) -> None:
    stage = Stage(folder=tmp_path, declared=frozenset({"a"}))
    with stage.serving(), stage.stream("ids=a,b") as page:
        stage.offer("b", 1)
        stage.offer("a", 1)
        assert page.next()["definition_id"] == "a"


def test_a_silent_stream_shows_that_it_is_alive(stage: Stage) -> None:
    with stage.stream("ids=a") as page:
        page.next()
        stage.seconds = 14.9
        stage.on_loop(stage.readers.tick)
        stage.seconds = 15.0
        stage.on_loop(stage.readers.tick)
        assert page.fields() == {"": ""}
        stage.offer("a", 2, 6)
        assert page.fields()["id"] == "2"


def test_a_reader_that_does_not_read_is_dropped_and_the_others_go_on(stage: Stage) -> None:
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    deaf.connect(("127.0.0.1", stage.client.port))
    deaf.sendall(b"GET /counters/stream?ids=a HTTP/1.1\r\nHost: x\r\n\r\n")
    with stage.stream("ids=a") as page:
        page.next()
        version = 1
        while not any(each.stuck_since is not None for each in stage.readers._all):
            version += 1
            assert version < 5_000
            stage.offer("a", version, version)
            page.until(version=version)
        (stuck,) = [each for each in stage.readers._all if each.stuck_since is not None]
        stage.offer("a", version + 1, 1)
        stage.offer("a", version + 2, 2)
        page.until(version=version + 2)
        assert len(stuck.waiting) == 1
        stage.seconds = 11.0
        stage.on_loop(stage.readers.tick)
        assert (len(stage.readers), stage.readers.dropped) == (1, 1)
        stage.offer("a", version + 3, 3)
        assert page.until(version=version + 3)["remaining"] == 3
    deaf.close()


def test_who_leaves_is_forgotten(stage: Stage) -> None:
    with stage.stream("ids=a", VISITOR) as page:
        page.next()
        assert len(stage.readers) == 1
    until = time.monotonic() + 10
    while len(stage.readers) and time.monotonic() < until:
        stage.client.get("/healthz")
    assert len(stage.readers) == 0
    assert not stage.readers._by_id
    assert not stage.readers._by_client


def test_streams_are_limited_per_visitor_and_altogether(tmp_path: Path) -> None:
    stage = Stage(folder=tmp_path, limits=StreamLimits(most=4, per_client=2))
    with stage.serving():
        stage.offer("a", 1)
        streams = [Stream(stage.client.port, "ids=a", headers) for headers in (VISITOR, VISITOR, VISITOR, {}, {}, {})]
        assert [each.status for each in streams] == [200, 200, 429, 200, 200, 503]
        refused = [each.answer.headers for each in streams if each.status != 200]
        assert all(5 <= int(each["Retry-After"]) <= 30 for each in refused)
        assert stage.client.get("/healthz").status_code == 200
        for each in streams:
            each.close()


def test_too_many_requests_of_one_visitor_are_refused(stage: Stage) -> None:
    url = f"{stage.client.base}/counters/a"
    answers = [stage.client.session.get(url, headers=VISITOR, timeout=10) for _ in range(1_000)]
    assert {each.status_code for each in answers} <= {200, 429}
    assert answers[0].status_code == 200
    assert stage.client.get("/counters/a").status_code == 200


def test_only_allowed_pages_may_read(stage: Stage) -> None:
    def allowed(origin: str, path: str = "/counters/a") -> str | None:
        answer = stage.client.session.get(stage.client.base + path, headers={"Origin": origin}, timeout=10)
        assert answer.headers["Vary"] == "Origin"
        return answer.headers.get("Access-Control-Allow-Origin")

    assert allowed(SITE) == SITE
    assert allowed(SITE, "/counters/unknown") == SITE
    assert allowed("https://evil.example") is None
    assert allowed("null") is None
    with stage.stream("ids=a", {"Origin": SITE}) as page:
        assert page.answer.headers["Access-Control-Allow-Origin"] == SITE


def test_a_browser_is_told_before_it_asks(stage: Stage) -> None:
    answer = stage.client.session.options(f"{stage.client.base}/counters/a", headers={"Origin": SITE}, timeout=10)
    assert answer.status_code == 204
    assert "Last-Event-ID" in answer.headers["Access-Control-Allow-Headers"]
    assert stage.client.post(b"", "/counters/a")[0] == 405


def test_any_page_may_read_where_all_are_allowed(tmp_path: Path) -> None:
    stage = Stage(folder=tmp_path, origins=("*",))
    with stage.serving() as client:
        stage.offer("a", 1)
        assert client.get("/counters/a").headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "query",
    ["", "ids=", "ids=%00", "ids=a%0d%0aX:1", "ids=" + "x," * 300, "ids=" + "a" * 30_000, "ids=%ff%fe", "&&&=;;"],
)
def test_hostile_questions_are_refused_in_few_words(stage: Stage, query: str) -> None:
    answer = stage.client.get(f"/counters/stream?{query}")
    assert answer.status_code in {400, 404}
    assert len(answer.content) < 50


def test_the_script_is_served_to_any_page_and_may_be_kept_for_minutes(stage: Stage) -> None:
    answer = stage.client.get("/ticket-counter.js")
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"].startswith("public, max-age=300")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "customElements.define('ticket-counter'" in answer.text
    known = {"If-None-Match": answer.headers["ETag"]}
    url = f"{stage.client.base}/ticket-counter.js"
    assert stage.client.session.get(url, headers=known, timeout=10).status_code == 304


def test_a_server_with_open_streams_stops_in_a_moment(tmp_path: Path) -> None:
    stage = Stage(folder=tmp_path)
    with stage.serving():
        stage.offer("a", 1)
        pages = [Stream(stage.client.port, "ids=a") for _ in range(20)]
        for page in pages:
            page.next()
        began = time.monotonic()
    assert time.monotonic() - began < 3
    assert all(page.fields() == {} for page in pages)
    for page in pages:
        page.close()
