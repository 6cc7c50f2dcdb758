"""Load: complete or an error; newer only; what is missing is asked for before it is buried."""

import math

import pytest

from ticket_pipeline.errors import TransientError
from ticket_pipeline.store import definitions, events, loads
from ticket_pipeline_tests.flows.stage import Stage
from ticket_pipeline_tests.sandbox.api import DEFINITIONS


def live(stage: Stage) -> dict[str, int]:
    with stage.site.state.reading() as tx:
        return {each.id: each.revision for each in definitions.live(tx, "box_office")}


def test_every_definition_of_the_site_is_loaded(stage: Stage) -> None:
    report = stage.load()
    assert live(stage).keys() == stage.wix_names().keys()
    assert report.created == report.definitions == len(stage.wix_names())


def test_a_second_load_finds_nothing_new(stage: Stage) -> None:
    stage.load()
    again = stage.load()
    assert (again.created, again.changed, again.deleted) == (0, 0, 0)
    assert again.unchanged == again.definitions


def test_a_load_of_the_seeded_world_costs_as_many_requests_as_it_must(stage: Stage) -> None:
    stage.sandbox.stats.reset()
    report = stage.load()
    assert stage.sandbox.stats.total <= 1.1 * (1 + math.ceil(report.definitions / 100)) + 2


def test_an_edited_definition_is_the_only_change(stage: Stage) -> None:
    stage.load()
    edited = next(iter(stage.wix_names()))
    stage.api.sandbox("/edit", {"definitionId": edited, "ticketDefinition": {"name": "Renamed"}})
    report = stage.load()
    assert (report.created, report.changed, report.gaps) == (0, 1, 0)


def test_a_jump_of_revisions_is_counted_as_webhooks_that_never_came(stage: Stage) -> None:
    stage.load()
    edited = next(iter(stage.wix_names()))
    for name in ("One", "Two", "Three"):
        stage.api.sandbox("/edit", {"definitionId": edited, "ticketDefinition": {"name": name}})
    assert stage.load().gaps == 1


def test_a_deleted_definition_becomes_a_tombstone(stage: Stage) -> None:
    stage.load()
    victim = next(iter(stage.wix_names()))
    stage.api.ask("DELETE", f"{DEFINITIONS}/{victim}")
    assert stage.load().deleted == 1
    assert victim not in live(stage)


def test_what_a_stale_query_leaves_out_is_not_taken_for_deleted(stage: Stage) -> None:
    stage.load()
    event_id = stage.api.all()[0]["eventId"]
    body = {"eventId": event_id, "name": "Late", "pricingMethod": {"fixedPrice": {"value": "5.00", "currency": "GBP"}}}
    late = stage.api.ask("POST", DEFINITIONS, {"ticketDefinition": {**body, "feeType": "FEE_INCLUDED"}})
    stage.load()
    stage.api.sandbox("/faults", {"stale_changes": 1}, method="PUT")
    assert stage.load().deleted == 0
    assert late["ticketDefinition"]["id"] in live(stage)


def test_a_page_that_fails_fails_the_load_and_buries_nothing(stage: Stage) -> None:
    stage.load()
    before = live(stage)
    with stage.site.state.reading() as tx:
        completed = loads.completed(tx, "box_office")
    stage.api.sandbox("/faults", {"failing_page": 2}, method="PUT")
    with pytest.raises(TransientError):
        stage.load()
    with stage.site.state.reading() as tx:
        assert loads.completed(tx, "box_office") == completed
    assert live(stage) == before


def test_a_load_that_failed_half_way_is_made_whole_by_the_next(stage: Stage) -> None:
    stage.api.sandbox("/faults", {"failing_page": 2}, method="PUT")
    with pytest.raises(TransientError):
        stage.load()
    stage.api.sandbox("/faults", {}, method="PUT")
    stage.load()
    assert live(stage).keys() == stage.wix_names().keys()


def test_the_definitions_of_an_event_that_is_gone_are_buried_without_a_call_each(stage: Stage) -> None:
    stage.load()
    event_id = stage.api.all()[0]["eventId"]
    stage.api.sandbox("/events/delete", {"eventId": event_id})
    stage.sandbox.stats.reset()
    stage.load()
    assert live(stage).keys() == stage.wix_names().keys()
    with stage.site.state.reading() as tx:
        assert event_id not in events.ids(tx, "box_office")
    assert stage.sandbox.stats.total < 8


def test_a_wix_that_refuses_long_lists_is_asked_in_short_ones(stage: Stage) -> None:
    stage.api.sandbox("/faults", {"most_in": 100}, method="PUT")
    stage.load()
    assert live(stage).keys() == stage.wix_names().keys()
