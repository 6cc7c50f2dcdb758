"""Other people's sensors do not wait for ours: an evaluation waits only where the daemon has threads for it."""

from types import SimpleNamespace
from typing import Any, cast

import dagster as dg
import pytest

from ticket_pipeline.orchestration import long_polls
from ticket_pipeline.orchestration.long_polls import places_under
from ticket_pipeline.orchestration.webhook_inbox import webhook_sensor
from ticket_pipeline_tests.orchestration.stage import Stage


class Waited(Exception):  # noqa: N818 - it is no error
    """An evaluation was about to wait."""


def instance(settings: dict[str, Any]) -> dg.DagsterInstance:
    return cast("dg.DagsterInstance", SimpleNamespace(get_settings={"sensors": settings}.__getitem__))


@pytest.mark.parametrize(
    ("settings", "places"),
    [
        ({}, 0),
        ({"use_threads": False, "num_workers": 8}, 0),
        ({"use_threads": True, "num_workers": 1}, 0),
        ({"use_threads": True, "num_workers": 2}, 1),
        ({"use_threads": True, "num_workers": 8}, 4),
    ],
)
def test_half_of_the_daemons_threads_may_wait_and_none_where_it_has_none(settings: dict[str, Any], places: int) -> None:
    assert places_under(instance(settings)) == places


def test_threads_without_a_number_are_as_many_as_python_makes() -> None:
    assert places_under(instance({"use_threads": True})) >= 2


@pytest.mark.parametrize("settings", [{}, {"use_threads": False, "num_workers": 8}], ids=["no settings", "no threads"])
def test_without_threads_the_webhook_sensor_looks_once(
    settings: dict[str, Any], stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_to_wait(monkeypatch)
    assert evaluated(settings, stage, monkeypatch).skip_reason is not None


def test_with_threads_it_waits(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_to_wait(monkeypatch)
    with pytest.raises(Waited):
        evaluated({"use_threads": True, "num_workers": 8}, stage, monkeypatch)


def refuse_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(seconds: float) -> None:
        raise Waited(seconds)

    monkeypatch.setattr(long_polls, "time", SimpleNamespace(sleep=wait, monotonic=lambda: 0.0))


def evaluated(settings: dict[str, Any], stage: Stage, monkeypatch: pytest.MonkeyPatch) -> dg.SensorResult:
    monkeypatch.setattr(stage.instance, "get_settings", {"sensors": settings}.__getitem__)
    with dg.build_sensor_context(instance=stage.instance) as context:
        result = webhook_sensor(stage.parts)(context)
    assert isinstance(result, dg.SensorResult)
    return result
