"""Publish: the difference and nothing else; refused records are buried; no crash makes a twin."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ticket_pipeline.errors import TransientError
from ticket_pipeline.flows.approve import approve
from ticket_pipeline.flows.plan import in_question, plan
from ticket_pipeline.model.change import Action
from ticket_pipeline.model.policy import OnDelete, OnDrift, Policy
from ticket_pipeline.store import dead_letters, links, unsettled
from ticket_pipeline_tests.flows.stage import Stage
from ticket_pipeline_tests.sandbox.api import DEFINITIONS, NOW


def edit(stage: Stage, name: str = "Renamed") -> str:
    edited = next(iter(stage.wix_names()))
    stage.api.sandbox("/edit", {"definitionId": edited, "ticketDefinition": {"name": name}})
    return edited


def delete(stage: Stage, count: int = 1) -> list[str]:
    victims = list(stage.wix_names())[:count]
    for victim in victims:
        stage.api.ask("DELETE", f"{DEFINITIONS}/{victim}")
    return victims


def test_the_first_sync_makes_one_record_for_each_definition(stage: Stage) -> None:
    report = stage.sync()
    assert stage.titles() == stage.wix_names()
    assert report.created == report.written == len(stage.wix_names())


def test_a_second_sync_writes_nothing(stage: Stage) -> None:
    stage.sync()
    writes = stage.place.writes
    report = stage.sync()
    assert (report.written, stage.place.writes) == (0, writes)
    assert report.unchanged == len(stage.wix_names())


def test_the_plan_shows_exactly_what_the_sync_then_does(stage: Stage) -> None:
    stage.sync()
    edited = edit(stage)
    (victim,) = [each for each in delete(stage, 2) if each != edited]
    stage.load()
    planned = plan(stage.site.state, stage.site.destination, stage.policy)
    assert {(change.action, change.definition_id) for change in planned.changes} == {
        (Action.ARCHIVE, edited),
        (Action.ARCHIVE, victim),
    }
    report = stage.publish()
    assert (report.archived, report.written) == (2, 2)
    assert plan(stage.site.state, stage.site.destination, stage.policy).changes == ()


def test_an_edit_is_planned_with_old_and_new(stage: Stage) -> None:
    stage.sync()
    old = stage.wix_names()
    edited = edit(stage, "New name")
    stage.load()
    (change,) = plan(stage.site.state, stage.site.destination, stage.policy).changes
    (field,) = change.fields
    assert (field.field, field.old, field.new) == ("title", old[edited], "New name")


def test_a_deleted_definition_is_archived_or_deleted_as_declared(stage: Stage) -> None:
    stage.sync()
    (archived,) = delete(stage)
    stage.sync()
    assert stage.place.held[archived].archived
    stage.policy = Policy(on_delete=OnDelete.DELETE)
    (deleted,) = delete(stage)
    stage.sync()
    assert deleted not in stage.place.held


def test_a_refused_record_is_buried_and_the_rest_goes_on(stage: Stage) -> None:
    stage.load()
    refused = next(iter(stage.wix_names()))
    stage.place.refuse[refused] = "no room"
    report = stage.publish()
    assert [each.subject for each in report.refused] == [refused]
    assert stage.titles().keys() == stage.wix_names().keys() - {refused}
    with stage.site.state.reading() as tx:
        (letter,) = dead_letters.open_letters(tx, "box_office")
    assert (letter.subject, letter.code, letter.reason) == (refused, "refused", "no room")


def test_a_refused_record_goes_through_when_it_is_refused_no_more(stage: Stage) -> None:
    stage.load()
    refused = next(iter(stage.wix_names()))
    stage.place.refuse[refused] = "no room"
    stage.publish()
    stage.place.refuse.clear()
    assert stage.publish().created == 1
    with stage.site.state.reading() as tx:
        assert dead_letters.open_letters(tx, "box_office") == []


def test_too_many_deletes_hold_the_whole_plan_until_it_is_approved(stage: Stage) -> None:
    stage.sync()
    count = len(stage.wix_names())
    delete(stage, count // 2)
    edit(stage)
    held = stage.sync()
    assert held.hold is not None
    assert (held.written, held.hold.deletes, held.hold.of) == (0, count // 2, count)
    approve(stage.site.state, stage.site.destination, stage.policy, now=NOW)
    released = stage.publish()
    assert (released.archived, released.updated) == (count // 2, 1)


def test_an_approval_covers_exactly_what_was_seen(stage: Stage) -> None:
    stage.sync()
    delete(stage, len(stage.wix_names()) // 2)
    stage.sync()
    approve(stage.site.state, stage.site.destination, stage.policy, now=NOW)
    delete(stage)
    assert stage.sync().hold is not None


def test_what_dies_while_others_are_published_is_judged_by_the_next_plan(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.sync()
    (first,) = delete(stage)
    stage.load()

    def late(*asked: Any) -> Iterator[list[str]]:
        delete(stage, len(stage.wix_names()) // 2)
        stage.load()
        return in_question(*asked)

    with monkeypatch.context() as patched:
        patched.setattr("ticket_pipeline.flows.publish.in_question", late)
        report = stage.publish()
    assert (report.written, report.archived, stage.place.held[first].archived) == (1, 1, True)
    assert stage.publish().hold is not None


def test_one_delete_is_never_too_many(stage: Stage) -> None:
    stage.policy = Policy(max_delete_fraction=Policy().max_delete_fraction * 0)
    stage.sync()
    delete(stage)
    assert stage.sync().archived == 1


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fail_after=st.integers(0, 140), late=st.booleans())
def test_a_failure_at_any_write_leaves_no_twin_and_the_next_run_finishes(
    stage: Stage, fail_after: int, late: bool
) -> None:
    with stage.site.state.writing() as tx:
        links.forget(tx, "box_office", stage.site.destination.identity, list(stage.place.held))
    stage.place.held.clear()
    stage.place.last_id = 0
    stage.place.fail_after, stage.place.fail_late = fail_after, late
    count = len(stage.wix_names())
    try:
        stage.sync()
    except TransientError:
        stage.sync()
    stage.place.fail_after = None
    assert stage.titles() == stage.wix_names()
    assert stage.place.last_id == count
    assert stage.publish().written == 0


def test_a_record_whose_create_was_cut_off_is_taken_away_when_its_definition_dies(stage: Stage) -> None:
    stage.load()
    stage.place.fail_after, stage.place.fail_late = 0, True
    with pytest.raises(TransientError):
        stage.publish()
    (made,) = stage.place.held
    stage.api.ask("DELETE", f"{DEFINITIONS}/{made}")
    assert stage.sync().archived == 1
    assert stage.place.held[made].archived


def test_an_intent_that_never_arrived_is_forgotten_when_its_definition_dies(stage: Stage) -> None:
    stage.load()
    stage.place.fail_after = 0
    with pytest.raises(TransientError):
        stage.publish()
    victim = next(iter(stage.wix_names()))
    stage.api.ask("DELETE", f"{DEFINITIONS}/{victim}")
    stage.sync()
    with stage.site.state.reading() as tx:
        assert victim not in links.read(tx, "box_office", stage.site.destination.identity)
        assert unsettled.unpublished(tx, "box_office", stage.site.destination.identity) == set()


def test_a_lost_state_finds_its_records_again_by_their_wix_id(stage: Stage) -> None:
    stage.sync()
    writes = stage.place.writes
    with stage.site.state.writing() as tx:
        links.forget(tx, "box_office", stage.site.destination.identity, list(stage.place.held))
    report = stage.publish()
    assert (report.written, stage.place.writes) == (0, writes)
    assert stage.publish().unchanged == len(stage.wix_names())


def test_a_record_somebody_removed_is_made_again_when_it_changes(stage: Stage) -> None:
    stage.sync()
    edited = edit(stage, "Back again")
    del stage.place.held[edited]
    assert stage.sync().created == 1
    assert stage.titles()[edited] == "Back again"


def test_reconcile_names_and_repairs_what_somebody_changed(stage: Stage) -> None:
    stage.sync()
    edited, removed = list(stage.wix_names())[:2]
    stage.place.held[edited].fields["title"] = "Vandalised"  # type: ignore[index]
    del stage.place.held[removed]
    report = stage.reconcile()
    assert [change.definition_id for change in report.drift.edited] == [edited]
    assert report.drift.missing == (removed,)
    assert stage.titles() == stage.wix_names()
    assert stage.reconcile().drift.differences == 0


def test_reconcile_only_reports_where_so_declared(stage: Stage) -> None:
    stage.policy = Policy(on_drift=OnDrift.REPORT)
    stage.sync()
    edited = next(iter(stage.wix_names()))
    stage.place.held[edited].fields["title"] = "Meant"  # type: ignore[index]
    report = stage.reconcile()
    assert (report.drift.differences, report.published.written) == (1, 0)
    assert stage.titles()[edited] == "Meant"


def test_a_stranger_is_reported_and_left_alone(stage: Stage) -> None:
    stage.sync()
    known = next(iter(stage.place.held.values()))
    stage.place.held["stranger"] = type(known)(definition_id="stranger", external_id="s", fields={})
    assert stage.reconcile().drift.strangers == ("stranger",)
    assert "stranger" in stage.place.held
