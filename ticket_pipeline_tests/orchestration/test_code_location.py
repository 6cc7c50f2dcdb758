"""The code location loads whole, opens nothing, and is called the same wherever it is started from."""

import tomllib
from pathlib import Path

import dagster as dg
import pytest

from ticket_pipeline import definitions
from ticket_pipeline.config import CONFIG_VARIABLE
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.orchestration.code_location import LOCATION, build
from ticket_pipeline.orchestration.instance import workspace_file
from ticket_pipeline.settings import Pipeline
from ticket_pipeline.wiring import Wiring
from ticket_pipeline.yaml_source import read_yaml
from ticket_pipeline_tests.orchestration.stage import declared

ROOT = Path(__file__).parents[2]


def two_sites(folder: Path) -> Pipeline:
    one = declared("http://127.0.0.1:9", folder)
    return one.model_copy(update={"sites": {"east": one.sites["box_office"], "west": one.sites["box_office"]}})


def test_the_whole_location_loads_and_opens_nothing(tmp_path: Path) -> None:
    dg.Definitions.validate_loadable(build(Wiring(two_sites(tmp_path))))
    assert list(tmp_path.iterdir()) == []


def test_sites_keep_apart(tmp_path: Path) -> None:
    repository = build(Wiring(two_sites(tmp_path))).get_repository_def()
    graph = repository.asset_graph
    keys = graph.get_all_asset_keys()
    assert {key.path[0] for key in keys} == {"east", "west"}
    assert len(keys) == 10
    assert {graph.get(key).group_name for key in keys if key.path[0] == "east"} == {"east"}
    partitions = {graph.get(key).partitions_def for key in keys} - {None}
    assert {str(each.name) for each in partitions if isinstance(each, dg.DynamicPartitionsDefinition)} == {
        "east_events",
        "west_events",
    }


def test_every_asset_says_what_it_is(tmp_path: Path) -> None:
    graph = build(Wiring(two_sites(tmp_path))).get_repository_def().asset_graph
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert node.owners == [f"team:{key.path[0]}"]
        assert node.kinds
        assert node.code_version
        assert "dagster/column_schema" in node.metadata


def test_a_new_mapping_is_a_new_code_version(tmp_path: Path) -> None:
    def version(**sync: object) -> str | None:
        graph = build(Wiring(declared("http://127.0.0.1:9", tmp_path, **sync))).get_repository_def().asset_graph
        return graph.get(dg.AssetKey(["box_office", "external_records"])).code_version

    assert version() == version()
    assert version() != version(mapping={"title": "event.title"})


def test_it_runs_by_itself(tmp_path: Path) -> None:
    repository = build(Wiring(two_sites(tmp_path))).get_repository_def()
    assert {each.name for each in repository.schedule_defs} == {
        f"{site}_{job}_schedule" for site in ("east", "west") for job in ("refresh_events", "reconcile", "retain")
    }
    assert all(each.default_status is dg.DefaultScheduleStatus.RUNNING for each in repository.schedule_defs)
    assert all(each.execution_timezone == "UTC" for each in repository.schedule_defs)
    assert all(each.default_status is dg.DefaultSensorStatus.RUNNING for each in repository.sensor_defs)


def test_a_mistake_in_the_pipeline_is_shown_as_its_sentence_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pipeline.yaml"
    file.write_text("state: sqlite:///state.db\nsites: {box_office: {wix: {auth: {kind: api_keyy, api_key: psst}}}}\n")
    monkeypatch.setenv(CONFIG_VARIABLE, str(file))
    with pytest.raises(ConfigError, match="unknown kind 'api_keyy'; did you mean 'api_key'") as caught:
        definitions.defs()
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_the_location_has_one_name_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["dg"]["project"]["code_location_name"] == LOCATION
    text = workspace_file().read_text(encoding="utf-8")
    (loaded,) = read_yaml(text, name="workspace.yaml", environment={}).data["load_from"]
    assert loaded["python_module"] == {"module_name": "ticket_pipeline.definitions", "location_name": LOCATION}
