"""What lies in `deploy/` for Celery is what the project ships but for what has to differ, and what its page says."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster_celery.cli import get_validated_config

from ticket_pipeline.orchestration.instance import workspace_file

ROOT = workspace_file().parent
MANY, ONE = ROOT / "deploy" / "celery", ROOT / "deploy" / "celery-one-machine"
PAGE = (ROOT / "docs" / "many-machines.md").read_text(encoding="utf-8")


def settings(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((folder / "dagster.yaml").read_text(encoding="utf-8"))
    return read


def test_on_many_machines_dagster_is_set_up_as_it_ships_but_for_storage_and_launcher() -> None:
    shipped, many = settings(ROOT), settings(MANY)
    assert list(shipped.pop("storage")) == ["sqlite"]
    assert list(many.pop("storage")) == ["postgres"]
    assert many.pop("run_launcher")["class"] == "CeleryRunLauncher"
    assert many == shipped


def test_with_files_for_a_broker_it_is_set_up_as_it_ships_but_for_the_launcher() -> None:
    one = settings(ONE)
    assert one.pop("run_launcher")["class"] == "CeleryRunLauncher"
    assert one == settings(ROOT)


@pytest.mark.parametrize("folder", [pytest.param(MANY, id="many machines"), pytest.param(ONE, id="one machine")])
def test_workers_look_where_the_launcher_puts_its_tasks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BROKER", "RESULTS"):
        monkeypatch.setenv(f"TICKET_PIPELINE_{name}", f"redis://{name.lower()}/0")
    worker = yaml.safe_load((folder / "worker.yaml").read_text(encoding="utf-8"))["execution"]["config"]
    launcher = settings(folder)["run_launcher"]["config"]
    assert (worker["broker"], worker["backend"]) == (launcher["broker"], launcher["backend"])
    options = "broker_transport_options"
    assert worker["config_source"].get(options) == launcher.get("config_source", {}).get(options)
    assert get_validated_config(str(folder / "worker.yaml"))["backend"] == "redis://results/0"


def test_the_page_shows_the_processes_as_they_are() -> None:
    shown = re.findall(r"^```yaml\n(webserver:.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert shown == [(MANY / "Procfile").read_text(encoding="utf-8")]


def test_the_page_names_each_variable_that_is_read() -> None:
    read = "".join(each.read_text(encoding="utf-8") for folder in (MANY, ONE) for each in folder.iterdir())
    for name in re.findall(r"\{env: (\w+)\}", read):
        assert f"$ export {name}=" in PAGE
