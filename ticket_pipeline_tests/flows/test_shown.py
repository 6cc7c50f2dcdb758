"""Which definitions have counters, and what a webhook has read again of them."""

from dataclasses import replace

import pytest

from ticket_pipeline.flows.shown import Shown, learn, prepare, shown
from ticket_pipeline.flows.touched import Touched
from ticket_pipeline.model.counting import CounterRules, CountReport
from ticket_pipeline_tests.flows.counters import Counters
from ticket_pipeline_tests.flows.stage import Stage
from ticket_pipeline_tests.sandbox.api import DEFINITIONS, NOW, Api, Clock
from ticket_pipeline_tests.sandbox.happenings import made_definition, made_event

ALL = CounterRules()


@pytest.fixture
def counters(stage: Stage, clock: Clock) -> Counters:
    return Counters(stage, clock, ALL)


def showing(stage: Stage, rules: CounterRules = ALL) -> Shown:
    return shown(stage.site.state, rules)


def prepared(stage: Stage, rules: CounterRules = ALL) -> Shown:
    return prepare(stage.site.state, stage.site.wix, rules, now=NOW)


def test_a_server_alone_loads_the_site_once_where_everything_has_a_counter(stage: Stage, api: Api) -> None:
    first = prepared(stage)
    assert first.is_shown(api.named("VIP & Dinner")["id"])
    stage.sandbox.stats.reset()
    assert prepared(stage) == first
    assert stage.sandbox.stats.total == 0


def test_declared_counters_need_no_load(stage: Stage) -> None:
    found = prepared(stage, CounterRules(definitions=frozenset({"a", "b"})))
    assert dict(found.event_of) == {"a": None, "b": None}
    assert found.moving == {"a", "b"}
    assert stage.sandbox.stats.total == 0


def test_only_what_is_declared_is_ever_shown_or_read(stage: Stage, counters: Counters) -> None:
    stage.load()
    dinner, stream = counters.named("VIP & Dinner"), counters.named("Livestream")
    counters.read(stream)
    found = showing(stage, CounterRules(definitions=frozenset({dinner})))
    assert found.is_shown(dinner)
    assert not found.is_shown(stream)
    assert found.concerned(Touched(definition_ids=frozenset({stream, dinner, "unknown"}))) == {dinner}


def test_of_all_definitions_those_of_events_to_come_are_shown(stage: Stage, counters: Counters, api: Api) -> None:
    stage.load()
    found = showing(stage)
    sold = {each["id"] for each in api.all() if each["name"] in {"VIP & Dinner", "Crew", "Livestream"}}
    assert sold <= found.event_of.keys()
    assert not found.is_shown(counters.named("Table of Eight"))
    assert not found.is_shown(counters.named("Whisper"))


def test_a_definition_that_turns_up_later_is_read_and_shown(stage: Stage, counters: Counters, api: Api) -> None:
    stage.load()
    new = made_definition(api)
    assert not showing(stage).is_shown(new)
    assert showing(stage).concerned(Touched(definition_ids=frozenset({new}))) == {new}
    counters.read(new)
    assert showing(stage).is_shown(new)


def test_a_definition_that_is_gone_is_shown_no_more(stage: Stage, counters: Counters, api: Api) -> None:
    new = made_definition(api)
    counters.read(new)
    api.ask("DELETE", f"{DEFINITIONS}/{new}")
    counters.read(new)
    assert not showing(stage).is_shown(new)


@pytest.mark.parametrize("declared", [False, True])
def test_a_definition_found_gone_is_not_read_again_with_its_event(
    stage: Stage, counters: Counters, api: Api, declared: bool
) -> None:
    new = made_definition(api)
    event_id = api.get(new)["eventId"]
    stage.load()
    counters.read(new)
    rules = CounterRules(definitions=frozenset({new})) if declared else ALL
    before = showing(stage, rules)
    assert new in before.concerned(Touched(event_id=event_id))
    api.ask("DELETE", f"{DEFINITIONS}/{new}")
    report = counters.read(new)
    for found in (before.after(report), showing(stage, rules)):
        assert new not in found.concerned(Touched(event_id=event_id))
        assert found.concerned(Touched(definition_ids=frozenset({new}))) == {new}
        assert new in found.moving, "a sweep makes sure, now and then"


def test_a_declared_definition_that_was_read_is_of_its_event_at_once(stage: Stage, counters: Counters) -> None:
    dinner = counters.named("VIP & Dinner")
    before = showing(stage, CounterRules(definitions=frozenset({dinner})))
    report = counters.read(dinner)
    assert before.after(report).concerned(Touched(event_id=report.kept[0].event_id)) == {dinner}
    assert before.after(CountReport()) is before


def test_a_declared_definition_that_is_gone_stays_declared(stage: Stage, counters: Counters, api: Api) -> None:
    new = made_definition(api)
    counters.read(new)
    api.ask("DELETE", f"{DEFINITIONS}/{new}")
    counters.read(new)
    assert showing(stage, CounterRules(definitions=frozenset({new}))).is_shown(new)


def test_a_counter_of_an_event_called_off_is_served_but_not_swept(stage: Stage, counters: Counters, api: Api) -> None:
    new = made_definition(api)
    stage.load()
    counters.read(new)
    assert new in showing(stage).moving
    counters.happens("/events/cancel", {"eventId": api.get(new)["eventId"]})
    stage.load()
    counters.read(new)
    found = showing(stage)
    assert found.is_shown(new)
    assert new not in found.moving


def test_an_event_concerns_all_of_its_counters_and_no_others(stage: Stage, counters: Counters, api: Api) -> None:
    stage.load()
    event_id = api.named("VIP & Dinner")["eventId"]
    concerned = showing(stage).concerned(Touched(event_id=event_id))
    assert concerned == set(counters.of_event(api.ask("GET", f"/events/v3/events/{event_id}")["event"]["slug"]))
    assert showing(stage).concerned(Touched(event_id="unknown")) == set()
    assert showing(stage).concerned(Touched()) == set()


def test_of_declared_counters_an_event_concerns_those_that_were_read(stage: Stage, counters: Counters) -> None:
    dinner, stream = counters.named("VIP & Dinner"), counters.named("Livestream")
    rules = CounterRules(definitions=frozenset({dinner, stream}))
    counters.read(dinner)
    found = showing(stage, rules)
    assert found.concerned(Touched(event_id=found.event_of[dinner])) == {dinner}


def test_nothing_known_concerns_nobody() -> None:
    empty = Shown(event_of={"a": None}, moving=frozenset({"a"}), open_ended=False)
    assert empty.concerned(Touched()) == set()
    assert replace(empty, open_ended=True).concerned(Touched(event_id="gala")) == set()


def test_an_event_heard_of_by_webhook_is_learned_with_its_definitions(stage: Stage, api: Api) -> None:
    prepared(stage)
    event_id = made_event(api)
    ids = {made_definition(api, eventId=event_id, name=name) for name in ("One", "Two")}
    learn(stage.site.state, stage.site.wix, event_id, now=NOW)
    assert showing(stage).concerned(Touched(event_id=event_id)) == ids


def test_an_event_that_is_not_there_is_nothing_to_learn(stage: Stage) -> None:
    learn(stage.site.state, stage.site.wix, "00000000-0000-4000-8000-000000000000", now=NOW)
    assert showing(stage).event_of == {}
