"""counters and counters why: what is shown, and how that came about."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from ticket_pipeline import config
from ticket_pipeline.flows.count import count
from ticket_pipeline.model.counting import Cause, CounterRules, Why
from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.store import inbox, tallies
from ticket_pipeline.wiring import Site, Wiring
from ticket_pipeline_tests.commands.terminal import Person
from ticket_pipeline_tests.sandbox.api import Clock

ORDERED = "wix.events.ticketing.events.OrderConfirmed"


@pytest.fixture
def site(person: Person) -> Site:
    """Give the parts of the declared site, with its definitions known."""
    person.types("plan")
    return Wiring(config.load(None)).site("box_office")


def read(site: Site, clock: Clock, *ids: str, why: str = Why.FIRST_READ, key: str | None = None) -> None:
    clock.forward(seconds=2)
    wanted = {each: Cause(why=why, at=clock() - timedelta(milliseconds=250), inbox_key=key) for each in ids}
    count(site.state, site.wix, CounterRules(), wanted, clock=clock)


def ids_of(person: Person, *names: str) -> list[str]:
    return [person.api.named(name)["id"] for name in names]


def land(site: Site, clock: Clock, key: str) -> int:
    about = Envelope(key=key, topic=ORDERED, instance_id=None, entity_id="o1", event_id=None, occurred_at=None, body={})
    with site.state.writing() as tx:
        inbox.land(tx, site.name, [about], at=clock())
        return inbox.last_seq(tx, site.name)


def test_before_anything_was_read_it_is_said_who_reads(person: Person) -> None:
    assert "`ticket-pipeline serve` reads them" in person.types("counters").stdout
    assert person.reads("counters") == {"sites": {"box_office": []}}


def test_counters_are_listed_by_the_names_people_know(person: Person, site: Site, clock: Clock) -> None:
    read(site, clock, *ids_of(person, "VIP & Dinner", "Livestream", "Friend of the House", "Family"))
    text = person.types("counters").stdout
    assert "VIP & Dinner" in text
    for words in ("low", "unlimited", "from 10.00", "0 to 45.00"):
        assert words in text


def test_the_json_of_a_listed_counter_is_the_counter_and_its_names(person: Person, site: Site, clock: Clock) -> None:
    (dinner,) = ids_of(person, "VIP & Dinner")
    read(site, clock, dinner)
    ((listed,),) = person.reads("counters")["sites"].values()
    with site.state.reading() as tx:
        held = tallies.get(tx, "box_office", dinner)
    assert held is not None
    event_title = listed.pop("event_title")
    assert listed == {**held.body(), "name": "VIP & Dinner"}
    assert event_title in person.types("counters", "why", dinner).stdout


def test_why_tells_each_value_with_its_webhook_and_the_delays(person: Person, site: Site, clock: Clock) -> None:
    (dinner,) = ids_of(person, "VIP & Dinner")
    read(site, clock, dinner)
    person.api.sandbox("/buy", {"definitionId": dinner, "quantity": 1})
    seq = land(site, clock, "order-1")
    read(site, clock, dinner, why=ORDERED, key="order-1")
    with site.state.writing() as tx:
        tallies.pushed(tx, site.name, [(dinner, 2)], at=clock() + timedelta(milliseconds=40))
    report = person.reads("counters", "why", dinner)
    newest, oldest = report["changes"]
    assert [each["value"]["remaining"] for each in (newest, oldest)] == [2, 3]
    assert (newest["why"], newest["inbox_seq"], oldest["why"]) == (ORDERED, seq, "first_read")
    steps = [datetime.fromisoformat(newest[each]) for each in ("caused_at", "read_at", "answered_at", "pushed_at")]
    assert [after - before for before, after in pairwise(steps)] == [
        timedelta(milliseconds=250),
        timedelta(),
        timedelta(milliseconds=40),
    ]
    assert oldest["pushed_at"] is None
    line = next(each for each in person.types("counters", "why", dinner).stdout.splitlines() if "OrderCon" in each)
    assert line.split()[-6:] == ["0.250", "s", "0.000", "s", "0.040", "s"]


def test_why_shows_as_many_values_as_asked_for(person: Person, site: Site, clock: Clock) -> None:
    (dinner,) = ids_of(person, "VIP & Dinner")
    for _ in range(3):
        read(site, clock, dinner)
        person.api.sandbox("/buy", {"definitionId": dinner, "quantity": 1})
    assert len(person.reads("counters", "why", dinner, "--limit", "2")["changes"]) == 2


def test_a_counter_is_found_by_how_its_id_begins_and_by_a_part_of_its_name(
    person: Person, site: Site, clock: Clock
) -> None:
    dinner, stream = ids_of(person, "VIP & Dinner", "Livestream")
    read(site, clock, dinner, stream)
    for text in (dinner[:8], dinner[:8].upper(), "dinner"):
        assert person.reads("counters", "why", text)["counter"]["definition_id"] == dinner


def test_an_unknown_counter_is_a_sentence(person: Person) -> None:
    assert "no counter has the id or name 'nobody'" in person.types("counters", "why", "nobody", exits=2).stderr


def test_a_name_that_fits_several_counters_asks_which(person: Person, site: Site, clock: Clock) -> None:
    read(site, clock, *ids_of(person, "Opens Tomorrow", "Opens in Ten Minutes"))
    assert "fits 2 counters; say which" in person.types("counters", "why", "opens", exits=2).stderr


def test_options_may_come_before_the_word_why(person: Person, site: Site, clock: Clock) -> None:
    (dinner,) = ids_of(person, "VIP & Dinner")
    read(site, clock, dinner)
    (person.folder / "pipeline.yaml").rename(person.folder / "elsewhere.yaml")
    first = person.reads("counters", "--config", "elsewhere.yaml", "--site", "box_office", "why", dinner)
    assert first["counter"]["definition_id"] == dinner
    assert (
        "unknown site"
        in person.types("counters", "--config", "elsewhere.yaml", "--site", "x", "why", "d", exits=2).stderr
    )
