"""The checks pass when all is well, and fail when somebody meddles."""

import dagster as dg

from ticket_pipeline.orchestration.checks import site_checks
from ticket_pipeline.store import dead_letters
from ticket_pipeline.store.dead_letters import DeadLetter
from ticket_pipeline_tests.orchestration.stage import DELETE_ONE, EDIT_ONE, RENAME_ONE, SILENT, Stage, checks, figure
from ticket_pipeline_tests.sandbox.api import NOW


def check(stage: Stage) -> dict[str, dg.AssetCheckEvaluation]:
    """Run the checks by themselves, so over the whole site."""
    job = dg.Definitions(
        assets=[
            dg.AssetSpec(stage.names.key(each)) for each in ("ticket_definitions", "external_records", "ticket_sync")
        ],
        asset_checks=site_checks(stage.parts),
        jobs=[dg.define_asset_job("checks", selection=dg.AssetSelection.all_asset_checks())],
    ).resolve_job_def("checks")
    result = job.execute_in_process(run_config=SILENT, instance=stage.instance)
    return {each.check_name: each for each in result.get_asset_check_evaluations()}


def failed(stage: Stage) -> set[str]:
    return {name for name, each in check(stage).items() if not each.passed}


def test_all_pass_after_a_sync(stage: Stage) -> None:
    assert checks(stage.sync()) == dict.fromkeys(
        ["load_complete", "no_refusals", "one_to_one", "destination_equals_plan"], True
    )
    assert failed(stage) == set()


def test_an_edit_by_hand_is_a_difference(stage: Stage) -> None:
    stage.sync()
    stage.ticketing(EDIT_ONE)
    assert failed(stage) == {"destination_equals_plan"}
    assert check(stage)["destination_equals_plan"].severity is dg.AssetCheckSeverity.WARN


def test_a_deleted_record_breaks_one_to_one(stage: Stage) -> None:
    stage.sync()
    stage.ticketing(DELETE_ONE)
    assert failed(stage) == {"destination_equals_plan", "one_to_one"}
    assert check(stage)["one_to_one"].severity is dg.AssetCheckSeverity.ERROR


def test_a_record_with_an_unknown_wix_id_is_a_stranger(stage: Stage) -> None:
    stage.sync()
    stage.ticketing(RENAME_ONE)
    evaluation = check(stage)["destination_equals_plan"]
    assert not evaluation.passed
    assert figure(evaluation.metadata, "differences") == 2


def test_a_run_of_one_event_checks_that_event_only(stage: Stage) -> None:
    stage.sync()
    (event, other), *_ = zip(stage.partitions, stage.partitions[1:], strict=False)
    stage.ticketing("update tickets set title = 'by hand' where wix_event_id = ?", other)
    assert all(checks(stage.run(stage.names.sync_job, partition_key=event)).values())
    assert failed(stage) == {"destination_equals_plan"}


def test_an_event_that_was_never_loaded_is_missed(stage: Stage) -> None:
    stage.refresh()
    result = stage.run(stage.names.sync_job, partition_key=stage.partitions[0])
    assert not checks(result)["load_complete"]
    assert figure(check(stage)["load_complete"].metadata, "never loaded") == len(stage.partitions) - 1


def test_an_open_dead_letter_is_listed(stage: Stage) -> None:
    stage.sync()
    letter = DeadLetter(subject="d1", event_id=stage.partitions[0], code="mapping", reason="no price")
    with stage.site.state.writing() as tx:
        dead_letters.bury(tx, stage.site.name, flow="map", letters=[letter], at=NOW)
    assert failed(stage) == {"no_refusals"}
    assert figure(check(stage)["no_refusals"].metadata, "open dead letters") == 1
