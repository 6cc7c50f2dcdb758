"""A person at a terminal."""

from pathlib import Path

import pytest

from ticket_pipeline_tests.commands.terminal import Person
from ticket_pipeline_tests.sandbox.api import Api
from ticket_pipeline_tests.sandbox.conftest import api, clock, sandbox, started

__all__ = ["api", "clock", "person", "sandbox", "started"]


@pytest.fixture
def person(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    """Sit down in an empty folder with a pipeline.yaml."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TICKET_PIPELINE_CONFIG", raising=False)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    somebody = Person(tmp_path, api)
    somebody.declare()
    return somebody
