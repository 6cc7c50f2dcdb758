"""The schema by which `dg` checks attributes says what the settings say, and names the one value that is off."""

from importlib import import_module
from typing import Any

import pytest
import yaml
from dagster.components.list import list_all_components_schema
from dagster_shared.yaml_utils.sample_yaml import generate_sample_yaml

from ticket_pipeline.config import packaged
from ticket_pipeline.defs_yaml import TYPE
from ticket_pipeline.orchestration.component import Attributes
from ticket_pipeline.orchestration.component_schema import attributes_schema
from ticket_pipeline.settings import SitePipeline

#: What `dg check yaml` validates with; it has no types.
Draft202012Validator = import_module("jsonschema").Draft202012Validator

WHOLE = """
site: box_office
state: sqlite:///state.db
server: {public_url: https://tickets.example.org, allowed_origins: ["*"], webhook_expiry_tolerance: 48h}
wix:
  auth: {kind: app, app_id: a, app_secret: psst, instance_id: i}
  webhook_public_key: [one, two]
  requests_per_minute: 100
sync:
  destination: {kind: sql, url: "sqlite:///ticketing.db", table: tickets}
  mapping: {title: name, price: {from: price.value, as: decimal}, policy: null}
  on_delete: delete
  max_delete_fraction: 0.5
counters: {definitions: [one, two], low_stock: 3}
announcements:
  audience: {kind: csv, path: subscribers.csv, opt_in: "event:{event.slug}"}
  channels:
    - {kind: smtp, url: "smtp://127.0.0.1:25", sender: "Box Office <tickets@example.org>"}
  late_limit: 2h
"""
TEMPLATE = "{{ env.SOMETHING }}"


def whole() -> dict[str, Any]:
    attributes: dict[str, Any] = yaml.safe_load(WHOLE)
    return attributes


def mistakes(attributes: Any) -> dict[str, str]:
    """Say what is wrong, by place."""
    found = Draft202012Validator(attributes_schema()).iter_errors(attributes)
    return {".".join(map(str, each.absolute_path)): each.message for each in found}


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """List the places of all values below the top."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, child in inside for place in ((*path, key), *places(child, (*path, key)))]


def put(attributes: Any, path: tuple[str | int, ...], value: Any) -> Any:
    *above, last = path
    place = attributes
    for step in above:
        place = place[step]
    place[last] = value
    return attributes


def test_it_is_a_schema_and_takes_what_the_settings_take() -> None:
    Draft202012Validator.check_schema(attributes_schema())
    SitePipeline.model_validate(whole())
    assert mistakes(whole()) == {}


@pytest.mark.parametrize("path", places(yaml.safe_load(WHOLE)), ids=lambda path: ".".join(map(str, path)))
def test_any_value_may_be_a_template_but_a_kind(path: tuple[str | int, ...]) -> None:
    wrong = mistakes(put(whole(), path, TEMPLATE))
    assert list(wrong) == ([".".join(map(str, path))] if path[-1] == "kind" else [])


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("wix.requests_per_minute", "many", "'many' is not of type 'integer'"),
        ("wix.requests_per_minute", 1, "1 is less than the minimum of 4"),
        ("wix.auth.kind", "ap", "'ap' is not one of ['api_key', 'app']"),
        ("wix.auth.app_id", None, "None is not of type 'string'"),
        ("sync.on_delete", "burn", "'burn' is not one of ['archive', 'delete']"),
        ("server.public_url", "ftp://x", "'ftp://x' does not match '^https?://[^\\\\s/]+'"),
        ("announcements.channels.0.kind", "pigeon", "'pigeon' is not one of ['memory', 'smtp', 'web_push']"),
        ("site", 5, "5 is not of type 'string'"),
    ],
)
def test_a_mistake_is_told_of_the_one_value_that_is_wrong(path: str, value: Any, said: str) -> None:
    steps = tuple(int(step) if step.isdigit() else step for step in path.split("."))
    assert mistakes(put(whole(), steps, value)) == {path: said}


def test_an_unknown_key_is_told_where_it_stands_and_no_secret_beside_it_is() -> None:
    wrong = mistakes(put(whole(), ("wix", "auth", "app_pasword"), "x"))
    assert list(wrong) == ["wix.auth"]
    assert "'app_pasword' was unexpected" in wrong["wix.auth"]
    assert "psst" not in str(wrong)


def test_it_stands_in_the_schema_of_all_components_and_makes_a_sample() -> None:
    everything = list_all_components_schema(entry_points=True, extra_modules=())
    assert "WixTickets" in everything["$defs"]
    Draft202012Validator.check_schema(everything)
    sample = yaml.safe_load(generate_sample_yaml(TYPE, Attributes.model_json_schema()))
    assert sample == yaml.safe_load(packaged("component_template.yaml"))
