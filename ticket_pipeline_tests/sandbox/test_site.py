"""The box office: what is on the page, that nothing on it is taken for markup, and what it is told while it is open."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.sandbox.entities import Definition, Event
from ticket_pipeline.sandbox.routes.site import names
from ticket_pipeline.sandbox.seeding.seed import seeded_world
from ticket_pipeline.sandbox.serve import RunningSandbox, running
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline.sandbox.site import page
from ticket_pipeline.sandbox.site.programme import card
from ticket_pipeline.sandbox.site.wording import amount
from ticket_pipeline_tests.sandbox.api import NOW, Api, Clock
from ticket_pipeline_tests.sandbox.subscriber import Subscriber

HOSTILE = '</article><script>alert("x")</script><img src=x onerror=\'alert(1)\'> & "quoted" 桜 \u202e\u0627\u0628'
SEEDED = tuple(seeded_world(SandboxSettings(now=NOW), NOW))


class Parsed(HTMLParser):
    """What a browser would make of a page: its elements, their attributes, and the text of each."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts.setdefault(self._open[-1], []).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


class Health(BaseHTTPRequestHandler):
    """A pipeline's server that tells how full its inbox is."""

    asked: ClassVar[list[str]] = []
    body: ClassVar[bytes] = b'{"status": "ok", "inbox": {"depth": 7, "oldest_seconds": 1.5}}'

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def health(body: bytes = Health.body) -> Iterator[tuple[str, list[str]]]:
    """Run a pipeline's server: its address, and what it was asked."""
    handler = type("Told", (Health,), {"asked": [], "body": body})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", handler.asked  # type: ignore[attr-defined]  # type()
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def calling(settings: SandboxSettings) -> Iterator[Api]:
    with running(settings, Clock()) as sandbox:
        client = Api(sandbox.base_url)
        yield client
        client.session.close()


def live(api: Api, **seen: Any) -> Any:
    return api.ask("GET", "/sandbox/live", params=seen)


def test_every_event_but_drafts_is_on_the_page_with_a_counter_for_each_ticket_that_has_one(
    sandbox: RunningSandbox, api: Api
) -> None:
    shown = Parsed(api.call("GET", "/").text)
    events = {event.id for event in sandbox.world.events.values() if event.stage != "draft"}
    over = {event.id for event in sandbox.world.events.values() if event.status(NOW) in {"ENDED", "CANCELED"}}
    tickets = {
        definition.id
        for definition in sandbox.world.definitions
        if definition.event_id in events - over and not definition.document["hidden"]
    }
    assert {each["data-key"] for each in shown.all("article")} == events
    assert {each["definition"] for each in shown.all("ticket-counter")} == tickets
    assert "Secret Show" not in api.call("GET", "/").text


def test_what_can_be_bought_has_buttons_that_can_be_pressed(api: Api) -> None:
    api.sandbox("/events/cancel", {"eventId": api.event_id("swan-lake")})
    text = api.call("GET", "/").text
    rows = {name: row for row in re.findall(r"<li class=.*?</li>", text) if (name := _named(row))}
    for name in ("General Admission", "Livestream", "VIP &amp; Dinner"):
        assert "disabled" not in rows[name]
    for name in ("Early Bird", "Last Minute", "Crew", "Floor", "Stalls", "Deckchair"):
        assert rows[name].count("disabled") == 3
    assert "ticket-counter" not in rows["Crew"]
    assert ">Only 3 tickets left at this price<" in rows["VIP &amp; Dinner"]


def _named(row: str) -> str:
    found = re.search(r'data-name="(.*?)"', row)
    return found[1] if found else ""


def test_an_empty_world_says_so() -> None:
    with calling(SandboxSettings(events=0, now=NOW)) as api:
        answer = api.call("GET", "/")
        assert (answer.status_code, Parsed(answer.text).all("article")) == (200, [])
        assert "No event is planned" in answer.text
        assert live(api)["deliveries"] == []


def test_of_a_large_world_the_page_shows_a_part_and_says_so() -> None:
    with calling(SandboxSettings(events=100, definitions=1000, now=NOW)) as api:
        text = api.call("GET", "/").text
        assert len(Parsed(text).all("article")) == 40
        assert "60 more events are not shown here" in text


def test_the_words_of_organisers_are_words_and_nothing_else(api: Api) -> None:
    event = {"title": HOSTILE[:120], "summary": HOSTILE, "dateAndTimeSettings": {"startDate": "2026-07-01T12:00:00Z"}}
    event_id = api.sandbox("/events/create", {"event": event})["event"]["id"]
    price = {"fixedPrice": {"value": "10.00", "currency": "EUR"}}
    ticket = {"eventId": event_id, "name": "<script>\"'&</script>", "feeType": "NO_FEE", "pricingMethod": price}
    made = api.sandbox("/create", {"ticketDefinition": ticket})["ticketDefinition"]
    api.sandbox("/buy", {"definitionId": made["id"]})
    before = len(Parsed(api.call("GET", "/api").text).all("script"))
    shown = Parsed(api.call("GET", "/").text)
    assert before == 0
    assert [script.get("src") for script in shown.all("script")] == ["/site/site.js"]
    assert shown.all("img") == []
    assert not [name for _, attributes in shown.elements for name in attributes if name.startswith("on")]
    parts = live(api)
    assert not Parsed(parts["programme"] + parts["till"]).all("script")


@given(title=st.text(min_size=1, max_size=60), name=st.text(min_size=1, max_size=30), place=st.text(max_size=30))
def test_any_text_comes_through_as_it_was_written(title: str, name: str, place: str) -> None:
    event = next(entity for entity in SEEDED if isinstance(entity, Event))
    definition = next(entity for entity in SEEDED if isinstance(entity, Definition))
    hostile = replace(event, title=title, summary=place, location={"name": place, "type": "VENUE"})
    ticket = replace(definition, document={**definition.document, "name": name})
    shown = Parsed(card(hostile, (ticket,), NOW))
    plain = Parsed(card(event, (definition,), NOW))
    assert [tag for tag, _ in shown.elements if tag != "p"] == [tag for tag, _ in plain.elements if tag != "p"]
    assert shown.all("article")[0]["data-title"] == title
    assert shown.all("li")[0]["data-name"] == name


def test_letters_that_are_none_do_not_break_the_page(sandbox: RunningSandbox, api: Api) -> None:
    event = sandbox.world.find(api.event_id("swan-lake"))
    assert isinstance(event, Event)
    sandbox.world.events[event.id] = replace(event, title="half a letter: \ud800")
    assert "half a letter: ?" in api.call("GET", "/").text


def test_the_page_is_told_only_what_changed(api: Api, receiver: Subscriber) -> None:
    first = live(api)
    again = live(api, version=first["version"], serial=first["serial"])
    assert ("programme" in first, "programme" in again, again["deliveries"]) == (True, False, [])
    order = api.sandbox("/buy", {"definitionId": api.named("Livestream")["id"]})["order"]
    api.flush()
    then = live(api, version=again["version"], serial=again["serial"])
    assert order["orderNumber"] in then["till"]
    assert {each["eventType"].rpartition(".")[2] for each in then["deliveries"]} == set(receiver.topics)
    assert all(each["milliseconds"] >= 0 and each["status"] == "delivered" for each in then["deliveries"])
    assert then["counts"]["delivered"] == 4


def test_a_delivery_that_failed_tells_how_often(api: Api, receiver: Subscriber) -> None:
    receiver.answers = [503]
    api.sandbox("/hold", {"definitionId": api.named("Livestream")["id"]})
    api.flush()
    (entry,) = live(api)["deliveries"]
    assert (entry["status"], entry["answer"], entry["failures"]) == ("waiting", 503, 1)
    api.sandbox("/webhooks/resend")
    api.flush(resends=True)
    (later,) = live(api, serial=entry["serial"])["deliveries"]
    assert (later["number"], later["status"], later["failures"]) == (entry["number"], "delivered", 1)


def test_a_page_that_outlived_its_sandbox_is_told_everything(api: Api) -> None:
    now = live(api)
    other = live(api, version="another.1", serial=10**9)
    assert other["version"] == now["version"]
    assert other["programme"] == now["programme"]
    assert live(api, serial="²")["serial"] == now["serial"]


def test_a_sale_that_opens_changes_the_page(api: Api, clock: Clock) -> None:
    before = live(api)
    clock.forward(minutes=10)
    after = live(api, version=before["version"])
    assert after["programme"].count("On sale from") == before["programme"].count("On sale from") - 1


def test_what_the_world_began_with_is_no_change(api: Api) -> None:
    assert live(api)["counts"]["changes"] == 0
    api.sandbox("/hold", {"definitionId": api.named("Livestream")["id"], "quantity": 1})
    assert live(api)["counts"]["changes"] == 1
    api.sandbox("/reset", {})
    assert live(api)["counts"]["changes"] == 0


def test_a_ticket_of_an_event_that_is_over_or_cancelled_is_not_said_to_be_on_sale(api: Api) -> None:
    api.sandbox("/events/cancel", {"eventId": api.event_id("swan-lake")})
    past = live(api)["programme"].partition('<section id="past"')[2]
    assert "No longer sold: the event is over" in past
    assert "No longer sold: the event is cancelled" in past
    assert "On sale" not in past


@pytest.mark.parametrize(
    ("value", "currency", "written"),
    [("12345678.90", "EUR", "€12,345,678.90"), ("49.00", "USD", "$49.00"), ("1012.500", "KWD", "1,012.500 KWD")],
)
def test_thousands_are_set_apart(value: str, currency: str, written: str) -> None:
    assert amount({"value": value, "currency": currency}) == written


def test_what_the_world_began_with_is_no_order_of_ours(api: Api) -> None:
    assert "Nothing yet" in live(api)["till"]


def test_the_last_orders_are_listed_the_newest_first(api: Api, clock: Clock) -> None:
    numbers = []
    for _ in range(32):
        clock.forward(seconds=1)
        numbers.append(api.sandbox("/buy", {"definitionId": api.named("Livestream")["id"]})["order"]["orderNumber"])
    listed = re.findall(r'<li data-key="(.*?)"', live(api)["till"])
    assert listed == numbers[:1:-1]


def test_holds_and_orders_are_listed_until_they_are_gone(api: Api, clock: Clock) -> None:
    ticket = {"definitionId": api.named("Livestream")["id"], "quantity": 2}
    held = api.sandbox("/hold", ticket)["reservation"]["reservationId"]
    order = api.sandbox("/buy", ticket)["order"]["orderNumber"]
    assert f'data-key="{held}"' in live(api)["till"]
    api.sandbox("/cancel", {"orderNumber": order})
    clock.forward(minutes=21)
    till = live(api)["till"]
    assert held not in till
    assert "cancelled" in till


def test_a_deleted_ticket_leaves_its_orders_and_holds_readable(api: Api) -> None:
    ticket = {"definitionId": api.named("Livestream")["id"]}
    api.sandbox("/hold", ticket)
    api.sandbox("/buy", ticket)
    api.sandbox("/delete", ticket)
    till = live(api)["till"]
    assert "a deleted ticket" in till
    assert "Livestream" in till


def test_tickets_are_made_and_deleted_without_a_credential(api: Api) -> None:
    price = {"fixedPrice": {"value": "10.00", "currency": "EUR"}}
    ticket = {"eventId": api.event_id("swan-lake"), "name": "Box", "feeType": "NO_FEE", "pricingMethod": price}
    made = api.sandbox("/create", {"ticketDefinition": ticket})["ticketDefinition"]
    assert api.named("Box")["id"] == made["id"]
    assert api.sandbox("/delete", {"definitionId": made["id"]}) == {}
    assert api.refused("POST", "/sandbox/delete", {"definitionId": made["id"]})[0] == 404
    assert api.refused("POST", "/sandbox/create", {"ticketDefinition": {"name": "Nowhere"}})[0] == 400


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
)
def test_other_peoples_pages_may_not_press_the_buttons(api: Api, site: str, status: int) -> None:
    body = {"definitionId": api.named("Livestream")["id"]}
    assert api.call("POST", "/sandbox/buy", body, headers={"Sec-Fetch-Site": site}).status_code == status
    assert api.call("GET", "/sandbox/stats", headers={"Sec-Fetch-Site": site}).status_code == 200


def test_the_inbox_is_shown_as_the_server_tells() -> None:
    with health() as (url, _), calling(SandboxSettings(events=1, now=NOW, counter_server_url=url)) as api:
        assert live(api)["inbox"] == {"reachable": True, "depth": 7}


@pytest.mark.parametrize("body", [b"not json", b"[]", b'{"status": "cannot_write"}', b'{"inbox": {"depth": null}}'])
def test_a_server_that_does_not_say_is_off(body: bytes) -> None:
    with health(body) as (url, _), calling(SandboxSettings(events=1, now=NOW, counter_server_url=url)) as api:
        assert live(api)["inbox"] == {"reachable": False, "depth": None}


def test_nothing_runs_until_a_page_asks(tmp_path: Path) -> None:
    table = tmp_path / "not here" / "ticketing.db"
    with health() as (url, asked):
        settings = SandboxSettings(events=1, now=NOW, counter_server_url=url, ticketing_database=table)
        with calling(settings) as api:
            api.query()
            assert Parsed(api.call("GET", "/").text).all("script")[0]["src"] == f"{url}/ticket-counter.js"
            assert asked == []
            assert live(api)["table"]["columns"] == []
            assert asked == ["/healthz"]
    assert not table.parent.exists()


def test_the_page_may_reach_the_sandbox_and_the_pipelines_server_only() -> None:
    rules = page.policy(SandboxSettings(counter_server_url="http://127.0.0.1:8787"))
    assert "script-src 'self' http://127.0.0.1:8787;" in rules
    assert "connect-src 'self' http://127.0.0.1:8787;" in rules
    assert "http" not in page.policy(SandboxSettings())


@pytest.mark.parametrize("url", ["javascript:alert(1)", 'http://x"><script>', "http://a b", "http://x;*", "//x", ""])
def test_an_address_is_an_address(url: str) -> None:
    with pytest.raises(ConfigError, match=r"127\.0\.0\.1:8787"):
        SandboxSettings(counter_server_url=url)


def test_every_file_that_the_page_names_is_there(api: Api) -> None:
    named = set(re.findall(r"/site/([a-z.]+)", page.file("page.html").decode()))
    for name in list(names()):
        named |= set(re.findall(r"from '/site/([a-z.]+)'", page.file(name).decode()))
    assert named == names()
    for name in named:
        answer = api.call("GET", f"/site/{name}")
        assert (answer.status_code, answer.content) == (200, page.file(name))
        assert answer.headers["content-type"].startswith(("text/javascript", "text/css", "image/svg+xml"))


@pytest.mark.parametrize("path", ["/site/page.py", "/site/nothing.js", "/site/..%2fpage.py", "/site/page.html"])
def test_no_other_file_is_given(api: Api, path: str) -> None:
    assert api.call("GET", path).status_code == 404


def test_posters_look_the_same_each_time_and_differ_between_events() -> None:
    events = [entity for entity in SEEDED if isinstance(entity, Event)]
    drawn = [card(event, (), NOW + timedelta(days=1)) for event in events]
    assert drawn == [card(event, (), NOW + timedelta(days=1)) for event in events]
    assert len({re.findall(r"<svg.*?</svg>", html)[0] for html in drawn}) >= len(events) - 2
