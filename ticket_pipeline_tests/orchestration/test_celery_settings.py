"""What lies in `deploy/` for Celery is what the project ships but for what has to differ, and what its page says."""

import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from ticket_pipeline.orchestration.instance import workspace_file

ROOT = workspace_file().parent
MANY, ONE = ROOT / "deploy" / "celery", ROOT / "deploy" / "celery-one-machine"
#: What Celery reads a worker's command with; it has no types.
worker = import_module("celery.bin.worker").worker
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
    told = runpy.run_path(str(folder / "dagster_celery_config.py"))
    launcher = settings(folder)["run_launcher"]["config"]
    assert (told["broker_url"], told["result_backend"]) == (address(launcher["broker"]), "redis://results/0")
    assert address(launcher["backend"]) == "redis://results/0"
    options = "broker_transport_options"
    assert told.get(options) == launcher.get("config_source", {}).get(options)


@pytest.mark.parametrize("folder", [pytest.param(MANY, id="many machines"), pytest.param(ONE, id="one machine")])
def test_celery_reads_its_settings_in_the_folder_where_it_is_started(folder: Path, tmp_path: Path) -> None:
    """The app is Dagster's, and so is the name under which it looks for them."""
    shutil.copy(folder / "dagster_celery_config.py", tmp_path)
    variables = {"TICKET_PIPELINE_BROKER": "redis://broker/0", "TICKET_PIPELINE_RESULTS": "redis://results/0"}
    command = [str(Path(sys.executable).parent / "celery"), "--app", option("--app"), "report"]
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=True)
    assert "result_backend: 'redis://results/0'" in done.stdout
    assert "worker_prefetch_multiplier: 1" in done.stdout


def test_a_workers_command_has_only_options_there_are_and_takes_what_is_launched() -> None:
    _, _, app, name, *arguments = command()
    assert (app, name) == ("dagster_celery.app", worker.name)
    assert {each for each in arguments if each.startswith("--")} <= {each for one in worker.params for each in one.opts}
    for folder in (MANY, ONE):
        assert settings(folder)["run_launcher"]["config"]["default_queue"] == option("--queues")


def command() -> list[str]:
    """Give the command by which a worker is started."""
    return shlex.split(yaml.safe_load((MANY / "Procfile").read_text(encoding="utf-8"))["worker"])


def option(name: str) -> str:
    """Give what a worker's command says of an option."""
    return command()[command().index(name) + 1]


def address(told: str | dict[str, str]) -> str:
    """Read an address of Dagster's settings, which may be a variable's."""
    return told if isinstance(told, str) else os.environ[told["env"]]


def test_the_page_shows_the_processes_as_they_are() -> None:
    shown = re.findall(r"^```yaml\n(webserver:.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert shown == [(MANY / "Procfile").read_text(encoding="utf-8")]


def test_the_page_names_each_variable_that_is_read() -> None:
    read = "".join(each.read_text(encoding="utf-8") for folder in (MANY, ONE) for each in folder.iterdir())
    for name in re.findall(r"TICKET_PIPELINE_\w+", read):
        assert f"$ export {name}=" in PAGE
