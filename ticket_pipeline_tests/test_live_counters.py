"""The counters of a running server, against a sandbox that sends its webhooks there."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from ticket_pipeline.errors import TransientError
from ticket_pipeline.live_counters import LiveCounters, SiteReading, Timing, utc_now
from ticket_pipeline.model.counting import Cause, Why
from ticket_pipeline.sandbox import SANDBOX_WEBHOOK_PUBLIC_KEY, box_office
from ticket_pipeline.sandbox.entities import Definition, Line
from ticket_pipeline.sandbox.faults import Faults
from ticket_pipeline.sandbox.serve import RunningSandbox, running
from ticket_pipeline.sandbox.settings import SANDBOX_API_KEY, SANDBOX_SITE_ID, SandboxSettings
from ticket_pipeline.server import ServerParts
from ticket_pipeline.settings import Pipeline
from ticket_pipeline.store import tallies
from ticket_pipeline.wiring import Wiring
from ticket_pipeline_tests.counter.listening import Stream, stream
from ticket_pipeline_tests.store.conftest import postgresql_url
from ticket_pipeline_tests.webhooks.running import Client, serving

__all__ = ["postgresql_url"]

PATIENCE = 15.0


def eventually(look: Callable[[], Any]) -> Any:
    """Look again and again until there is something to see."""
    until = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.01)
    return found


@dataclass(kw_only=True)
class Stage:
    """A sandbox, and a state that servers run over."""

    folder: Path
    sandbox: RunningSandbox
    definitions: Any = "all"
    per_minute: int = 100_000
    state: str = ""
    subscribed: list[str] = field(default_factory=list)

    def wiring(self) -> Wiring:
        wix = {
            "base_url": self.sandbox.base_url,
            "auth": {"kind": "api_key", "api_key": SANDBOX_API_KEY, "site_id": SANDBOX_SITE_ID},
            "webhook_public_key": SANDBOX_WEBHOOK_PUBLIC_KEY,
            "requests_per_minute": self.per_minute,
        }
        site = {"wix": wix, "counters": {"definitions": self.definitions}}
        state = self.state or f"sqlite:///{self.folder}/state.db"
        return Wiring(Pipeline.model_validate({"state": state, "sites": {"box_office": site}}))

    @contextmanager
    def serving(self, *, heard: bool = True) -> Iterator[Client]:
        """Run a server as `ticket-pipeline serve` does; the sandbox's webhooks come to it if it is heard."""
        wiring = self.wiring()
        counters = LiveCounters(wiring, Timing(tick=0.05))
        parts = ServerParts(
            database=wiring.database,
            endpoints=[endpoint for site in wiring.sites() if (endpoint := site.endpoint())],
            routes=counters.routes(),
            on_landed=counters.landed,
            lifespans=[counters.lifespan],
            on_stopping=[counters.stop],
            figures=[counters.figures],
        )
        with serving(parts) as client:
            client.get("/healthz")
            url = f"{client.base}/webhooks/wix"
            if heard:
                self.sandbox.desk.webhooks.subscribe(url)
            try:
                yield client
            finally:
                if heard:
                    self.sandbox.desk.webhooks.unsubscribe(url)
        wiring.database.close()

    def on_sale(self) -> Definition:
        """Pick a definition of which there are many."""
        world = self.sandbox.world
        return max(world.definitions, key=lambda each: (_buyable(each, world), each.available or 0))

    def buy(self, definition: Definition, quantity: int = 1) -> None:
        line = Line(definition_id=definition.id, quantity=quantity)
        box_office.buy(self.sandbox.world, box_office.hold(self.sandbox.world, [line], force=True).id)

    def left(self, definition: Definition) -> int:
        now = self.sandbox.world.definitions.get(definition.id)
        assert now is not None
        assert now.available is not None
        return now.available


def _buyable(definition: Definition, world: Any) -> bool:
    return not definition.document["hidden"] and definition.sale_status(world.now) == "SALE_STARTED"


@pytest.fixture
def on_postgresql(stage: Stage, postgresql_url: str) -> Stage:
    stage.state = postgresql_url
    return stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with running(SandboxSettings(events=3, definitions=25)) as sandbox:
        yield Stage(folder=tmp_path, sandbox=sandbox)


def first(client: Client, definition: Definition) -> requests.Response:
    """Wait for the first value."""

    def answer() -> requests.Response | None:
        got = client.get(f"/counters/{definition.id}")
        return got if got.status_code == 200 else None

    found: requests.Response = eventually(answer)
    return found


def watch(client: Client, *definitions: Definition) -> Any:
    return stream(client.port, "ids=" + ",".join(each.id for each in definitions))


def test_a_purchase_is_seen_by_all_who_watch(stage: Stage) -> None:
    ticket = stage.on_sale()
    with stage.serving() as client:
        shown = first(client, ticket).json()
        with watch(client, ticket) as one, watch(client, ticket) as two:
            assert one.next() == two.next() == shown
            stage.buy(ticket, 2)
            left = stage.left(ticket)
            assert left == shown["remaining"] - 2
            assert one.until(remaining=left)["version"] > shown["version"]
            assert two.until(remaining=left)
        assert client.get(f"/counters/{ticket.id}").json()["remaining"] == left


def test_only_declared_counters_are_shown_and_nothing_is_read_for_others(stage: Stage) -> None:
    ticket = stage.on_sale()
    other = next(each for each in stage.sandbox.world.definitions if each.id != ticket.id)
    stage.definitions = [ticket.id]
    with stage.serving() as client:
        first(client, ticket)
        before = stage.sandbox.stats.total
        answers = [client.get(f"/counters/{each}") for each in (other.id, "nobody")]
        assert [each.status_code for each in answers] == [404, 404]
        assert answers[0].content == answers[1].content
        assert stage.sandbox.stats.total == before


def test_a_server_that_starts_again_shows_what_was_sold_meanwhile(stage: Stage) -> None:
    ticket = stage.on_sale()
    with stage.serving() as client:
        first(client, ticket)
        page = Stream(client.port, f"ids={ticket.id}")
        seq, before = page.numbered()
    assert page.fields() == {}
    page.close()
    with stage.serving() as client:
        assert client.get(f"/counters/{ticket.id}").json() == before
        with stream(client.port, f"ids={ticket.id}", {"Last-Event-ID": seq}) as page:
            stage.buy(ticket)
            assert page.until(remaining=stage.left(ticket))


def test_what_one_server_hears_the_readers_of_another_see(stage: Stage) -> None:
    ticket = stage.on_sale()
    with stage.serving() as hears, stage.serving(heard=False) as deaf:
        first(hears, ticket)
        first(deaf, ticket)
        with watch(deaf, ticket) as page:
            for _ in range(3):
                stage.buy(ticket)
                page.until(remaining=stage.left(ticket))
        # The one that has read may itself be told a moment after the other.
        for client in (hears, deaf):
            eventually(lambda: client.get(f"/counters/{ticket.id}").json()["remaining"] == stage.left(ticket))  # noqa: B023


def test_servers_over_postgresql_tell_each_other_at_once(on_postgresql: Stage) -> None:
    test_what_one_server_hears_the_readers_of_another_see(on_postgresql)


def test_an_outage_at_wix_is_made_up_for(stage: Stage) -> None:
    ticket = stage.on_sale()
    with stage.serving() as client:
        first(client, ticket)
        with watch(client, ticket) as page:
            stage.sandbox.desk.faults.set(Faults(unavailable=1.0))
            stage.buy(ticket)
            eventually(lambda: 'reads_total{outcome="postponed",site="box_office"} 1.0' in client.get("/metrics").text)
            assert client.get(f"/counters/{ticket.id}").status_code == 200
            stage.sandbox.desk.faults.set(Faults())
            page.until(remaining=stage.left(ticket))


def test_a_server_that_starts_while_wix_is_away_answers_and_recovers(stage: Stage) -> None:
    ticket = stage.on_sale()
    stage.definitions = [ticket.id]
    stage.sandbox.desk.faults.set(Faults(unavailable=1.0))
    with stage.serving() as client:
        assert client.get("/healthz").status_code == 200
        assert client.get(f"/counters/{ticket.id}").status_code == 503
        with watch(client, ticket) as page:
            stage.sandbox.desk.faults.set(Faults())
            assert page.next()["remaining"] == stage.left(ticket)


def test_a_rush_is_read_in_few_requests_and_ends_with_the_right_numbers(stage: Stage) -> None:
    stage.per_minute = 200
    world = stage.sandbox.world
    tickets = sorted((each for each in world.definitions if (each.available or 0) > 30), key=lambda each: each.id)[:10]
    with stage.serving() as client, ExitStack() as stack:
        for each in tickets:
            first(client, each)
        page = stack.enter_context(watch(client, *tickets))
        stage.sandbox.stats.reset()
        for number in range(100):
            stage.buy(tickets[number % len(tickets)])
        wanted = {each.id: stage.left(each) for each in tickets}
        shown: dict[str, Any] = {}
        while shown != wanted:
            counter = page.next()
            shown[counter["definition_id"]] = counter["remaining"]
        assert stage.sandbox.stats.total < 60


def test_where_the_site_cannot_be_loaded_what_was_counted_is_known_and_swept(stage: Stage) -> None:
    ticket = stage.on_sale()
    stage.sandbox.desk.faults.set(Faults(unavailable=1.0, only="/events/query"))
    wiring = stage.wiring()
    reading = SiteReading(wiring.site("box_office"), utc_now)
    with pytest.raises(TransientError):
        reading.survey()
    assert reading.known() == set()
    reading.count({ticket.id: Cause(why=Why.CHECK, at=utc_now())})
    assert reading.known() == {ticket.id}
    wiring.database.close()


def test_where_wix_refuses_to_say_what_there_is_an_unknown_counter_is_said_not_to_exist(stage: Stage) -> None:
    stage.sandbox.desk.faults.set(Faults(app_not_installed=True))
    with stage.serving() as client:
        eventually(lambda: client.get("/counters/nobody").status_code == 404)


def test_a_new_ticket_definition_gets_a_counter(stage: Stage) -> None:
    from ticket_pipeline.sandbox import organiser

    ticket = stage.on_sale()
    price = {"fixedPrice": {"value": "12.50", "currency": "EUR"}}
    with stage.serving() as client:
        first(client, ticket)
        fields = {"name": "Late", "feeType": "NO_FEE", "pricingMethod": price, "eventId": ticket.event_id}
        made = organiser.create(stage.sandbox.world, {**fields, "initialLimit": 3})
        assert first(client, made).json()["remaining"] == 3


def test_it_is_kept_why_a_number_was_read_and_when_it_was_pushed(stage: Stage) -> None:
    ticket = stage.on_sale()
    with stage.serving() as client:
        first(client, ticket)
        with watch(client, ticket) as page:
            stage.buy(ticket)
            page.until(remaining=stage.left(ticket))
    wiring = stage.wiring()
    with wiring.database.reading() as tx:
        newest, *_, oldest = tallies.history(tx, "box_office", ticket.id, 10)
    wiring.database.close()
    assert isinstance(newest.cause, Cause)
    assert newest.cause.why.startswith("wix.events.")
    assert newest.cause.inbox_seq is not None
    assert oldest.cause.why == Why.FIRST_READ
    assert newest.pushed_at is not None
    assert newest.cause.at <= newest.answered_at <= newest.pushed_at


def test_the_figures_tell_of_counters(stage: Stage) -> None:
    ticket = stage.on_sale()
    with stage.serving() as client:
        first(client, ticket)
        with watch(client, ticket) as page:
            page.next()
            told = client.get("/metrics").text
    assert "ticket_pipeline_counter_streams 1.0" in told
    assert 'ticket_pipeline_counter_reads_total{outcome="done",site="box_office"}' in told
    assert "ticket_pipeline_webhooks_landed" in told


def test_a_server_without_counters_shows_none(tmp_path: Path) -> None:
    auth = {"kind": "api_key", "api_key": "x", "site_id": "x"}
    sync = {"destination": {"kind": "memory"}}
    site = {"wix": {"base_url": "http://127.0.0.1:9", "auth": auth}, "sync": sync}
    pipeline = Pipeline.model_validate({"state": f"sqlite:///{tmp_path}/state.db", "sites": {"box_office": site}})
    wiring = Wiring(pipeline)
    counters = LiveCounters(wiring)
    parts = ServerParts(database=wiring.database, endpoints=[], routes=counters.routes(), lifespans=[counters.lifespan])
    with serving(parts) as client:
        assert client.get("/healthz").status_code == 200
        answers = [client.get(path) for path in ("/counters/a", "/counters/stream?ids=a")]
        assert [each.status_code for each in answers] == [404, 404]
        assert json.loads(answers[0].text) == {"error": "unknown_counter"}
    wiring.database.close()
