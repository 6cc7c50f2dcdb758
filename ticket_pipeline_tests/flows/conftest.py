"""The sandbox of the sandbox's own tests, and a stage on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline_tests.flows.stage import Stage, build
from ticket_pipeline_tests.sandbox.api import Api
from ticket_pipeline_tests.sandbox.conftest import api, clock, sandbox, started

__all__ = ["api", "clock", "sandbox", "stage", "started"]


@pytest.fixture
def stage(sandbox: RunningSandbox, api: Api, tmp_path: Path) -> Iterator[Stage]:
    """Set a stage with an empty state."""
    ready = build(sandbox, api, f"sqlite:///{tmp_path}/state.db")
    yield ready
    ready.site.database.close()
