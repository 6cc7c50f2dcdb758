"""The destination wrote, and nobody heard of it: a time-out, a crash. What happens at Wix next still arrives."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ticket_pipeline.errors import TransientError
from ticket_pipeline.flows.drift import find_drift
from ticket_pipeline.sandbox import organiser
from ticket_pipeline.sandbox.entities import Definition
from ticket_pipeline.sandbox.serve import running
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline_tests.flows.stage import Stage, build
from ticket_pipeline_tests.sandbox.api import NOW, Api, Clock


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with running(SandboxSettings(now=NOW, events=1, definitions=6), Clock()) as sandbox:
        built = build(sandbox, Api(sandbox.base_url), f"sqlite:///{tmp_path}/state.db")
        built.sync()
        yield built
        built.api.session.close()
        built.site.database.close()


def edited_unheard(stage: Stage) -> Definition:
    """Edit a definition, whose update is made and never confirmed; give it as it was before."""
    before = min(stage.sandbox.world.definitions, key=lambda each: each.id)
    organiser.edit(stage.sandbox.world, before.id, {"name": "Edited"})
    stage.load()
    stage.place.fail_after, stage.place.fail_late = 0, True
    with pytest.raises(TransientError):
        stage.publish()
    assert stage.titles()[before.id] == "Edited"
    return before


def test_an_edit_that_is_taken_back_is_taken_back_there_too(stage: Stage) -> None:
    before = edited_unheard(stage)
    organiser.edit(stage.sandbox.world, before.id, {"name": before.document["name"]})
    assert stage.sync().updated == 1
    assert stage.titles() == stage.wix_names()


def test_an_edit_that_stands_is_not_written_again(stage: Stage) -> None:
    edited_unheard(stage)
    assert stage.sync().written == 0
    assert stage.titles() == stage.wix_names()


def test_a_record_that_was_taken_away_meanwhile_is_made_again(stage: Stage) -> None:
    before = edited_unheard(stage)
    del stage.place.held[before.id]
    assert stage.sync().created == 1
    assert stage.titles() == stage.wix_names()


@pytest.mark.parametrize("deleted_first", [True, False])
def test_what_was_written_unheard_is_no_drift(stage: Stage, deleted_first: bool) -> None:
    before = edited_unheard(stage)
    if deleted_first:
        organiser.delete(stage.sandbox.world, [before])
        assert stage.sync().archived == 1
    assert find_drift(stage.site.state, stage.site.destination).differences == 0
