"""Dagster's home: where it is, what is in it, and that two processes may open a fresh one at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ticket_pipeline.errors import ConfigError
from ticket_pipeline.orchestration.instance import dagster_home, initialised_instance, workspace_file

SHIPPED = workspace_file().parent / "dagster.yaml"
OPEN = """
import sys
from pathlib import Path
from ticket_pipeline.orchestration.instance import dagster_home, initialised_instance
with initialised_instance(dagster_home(sys.argv[1], {})) as instance:
    instance.add_dynamic_partitions("p", [sys.argv[2]])
"""


def test_the_variable_comes_first(tmp_path: Path) -> None:
    assert (
        dagster_home("sqlite:///s.db", {"DAGSTER_HOME": str(tmp_path / "home")}, folder=tmp_path) == tmp_path / "home"
    )


def test_then_this_folder_when_it_is_set_up_for_dagster(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    assert dagster_home("sqlite:////elsewhere/s.db", {}, folder=tmp_path) == tmp_path


@pytest.mark.parametrize(
    ("state", "home"),
    [
        pytest.param("sqlite:///data/state.db", "data/dagster", id="beside the state"),
        pytest.param("postgresql+psycopg://u@h/db", ".ticket-pipeline/dagster", id="here"),
    ],
)
def test_else_a_folder_of_its_own(tmp_path: Path, state: str, home: str) -> None:
    assert dagster_home(state, {}, folder=tmp_path) == tmp_path / home


def test_the_defaults_are_written_once_with_absolute_paths(tmp_path: Path) -> None:
    folder = tmp_path / 'a: "quoted" # folder'
    folder.mkdir()
    home = dagster_home("sqlite:///state.db", {}, folder=folder)
    with initialised_instance(home, capture_output=True) as instance:
        assert home / "storage" in Path(instance.storage_directory()).parents
        assert instance.run_retries_max_retries == 2
        assert not instance.run_retries_retry_on_asset_or_op_failure
        assert instance.run_monitoring_enabled
        assert not instance.telemetry_enabled
    assert (home / "history").is_dir()
    (home / "dagster.yaml").write_text((home / "dagster.yaml").read_text() + "# mine\n")
    assert "# mine" in (dagster_home("sqlite:///state.db", {}, folder=folder) / "dagster.yaml").read_text()


def test_the_shipped_file_keeps_what_must_survive_a_restart_out_of_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dagster.yaml").write_text(SHIPPED.read_text(encoding="utf-8"))
    monkeypatch.chdir(tmp_path)
    with initialised_instance(tmp_path):
        pass
    assert (tmp_path / ".ticket-pipeline" / "dagster" / "history").is_dir()


def test_a_home_that_cannot_be_written_is_opened_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = dagster_home("sqlite:///state.db", {}, folder=tmp_path)
    usual = os.access
    monkeypatch.setattr("os.access", lambda path, mode: path != home and usual(path, mode))
    with initialised_instance(home) as instance:
        assert instance.get_runs_count() == 0
    assert not (home / ".ticket-pipeline.lock").exists()


def test_a_broken_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("storage: {sqlight: {}}\n")
    with (
        pytest.raises(ConfigError, match=r"dagster\.yaml: Dagster cannot start from it"),
        initialised_instance(tmp_path),
    ):
        pass


def test_two_processes_may_open_a_fresh_home_at_once(tmp_path: Path) -> None:
    state = f"sqlite:///{tmp_path}/state.db"
    openers = [
        subprocess.Popen([sys.executable, "-c", OPEN, state, key], cwd=tmp_path, stderr=subprocess.PIPE)
        for key in ("a", "b")
    ]
    said = [opener.communicate(timeout=60)[1].decode() for opener in openers]
    assert [opener.returncode for opener in openers] == [0, 0], said
    with initialised_instance(dagster_home(state, {}, folder=tmp_path)) as instance:
        assert sorted(instance.get_dynamic_partitions("p")) == ["a", "b"]


def test_the_defaults_are_put_in_place_whole_beside_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_text

    def with_another_process_in_between(path: Path, *text: str, **options: str) -> int:
        monkeypatch.setattr(Path, "write_text", write)
        monkeypatch.setattr("os.getpid", lambda: -1)
        dagster_home("sqlite:///state.db", {}, folder=tmp_path)
        return write(path, *text, **options)

    monkeypatch.setattr(Path, "write_text", with_another_process_in_between)
    home = dagster_home("sqlite:///state.db", {}, folder=tmp_path)
    assert [each.name for each in home.iterdir()] == ["dagster.yaml"]
