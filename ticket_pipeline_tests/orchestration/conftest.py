"""A stage, on the sandbox of the sandbox's own tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline.settings import Pipeline
from ticket_pipeline.wiring import Wiring
from ticket_pipeline_tests.orchestration.stage import Stage, declared, declared_for
from ticket_pipeline_tests.orchestration.telling import Telling, telling
from ticket_pipeline_tests.sandbox.api import Api
from ticket_pipeline_tests.sandbox.conftest import api, sandbox, started

__all__ = ["api", "sandbox", "stage", "started"]


@pytest.fixture
def stage(sandbox: RunningSandbox, api: Api, tmp_path: Path) -> Iterator[Stage]:
    """Set a stage with an empty state and an empty ticketing system."""
    with staged(declared(sandbox.base_url, tmp_path), api, tmp_path) as ready:
        yield ready


@pytest.fixture
def counting(sandbox: RunningSandbox, api: Api, tmp_path: Path) -> Iterator[Stage]:
    """Set a stage whose site has counters, no ticketing system and an empty state."""
    with staged(declared_for(sandbox.base_url, tmp_path, {"counters": {}}), api, tmp_path) as ready:
        yield ready


@pytest.fixture
def teller(sandbox: RunningSandbox, api: Api, tmp_path: Path) -> Iterator[Telling]:
    """Set a stage whose site announces sale starts to seven people, three of whom asked for it."""
    with telling(sandbox, api, tmp_path) as ready:
        yield ready


@contextmanager
def staged(pipeline: Pipeline, api: Api, folder: Path) -> Iterator[Stage]:
    """Set a stage for the block."""
    wiring = Wiring(pipeline, sleep=lambda _: None)
    with dg.DagsterInstance.ephemeral() as instance:
        yield Stage(folder=folder, wiring=wiring, api=api, instance=instance)
    wiring.database.close()
