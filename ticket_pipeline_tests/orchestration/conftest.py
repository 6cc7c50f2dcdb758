"""A stage, on the sandbox of the sandbox's own tests."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline.wiring import Wiring
from ticket_pipeline_tests.orchestration.stage import Stage, declared
from ticket_pipeline_tests.sandbox.api import Api
from ticket_pipeline_tests.sandbox.conftest import api, sandbox, started

__all__ = ["api", "sandbox", "stage", "started"]


@pytest.fixture
def stage(sandbox: RunningSandbox, api: Api, tmp_path: Path) -> Iterator[Stage]:
    """Set a stage with an empty state and an empty ticketing system."""
    wiring = Wiring(declared(sandbox.base_url, tmp_path), sleep=lambda _: None)
    with dg.DagsterInstance.ephemeral() as instance:
        yield Stage(folder=tmp_path, wiring=wiring, api=api, instance=instance)
    wiring.database.close()
