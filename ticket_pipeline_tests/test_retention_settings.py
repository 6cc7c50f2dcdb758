"""How long things are kept: in words, with floors, and as the guide and the template say."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

import ticket_pipeline
from ticket_pipeline import config
from ticket_pipeline.errors import ConfigError
from ticket_pipeline.model.retention import Kept
from ticket_pipeline.retention_settings import RetentionSettings
from ticket_pipeline.settings import Pipeline
from ticket_pipeline.yaml_source import read_yaml

ROOT = Path(ticket_pipeline.__file__).parent.parent
GUIDE = (ROOT / "docs" / "retention.md").read_text(encoding="utf-8")
SITE = """
sites:
  box_office:
    wix: {auth: {kind: api_key, api_key: k, site_id: s}}
    counters: {}
"""


def declared(retention: str, folder: Path) -> Pipeline:
    source = read_yaml(f"retention: {retention}{SITE}", name="pipeline.yaml", environment={})
    return config.validate(source, folder=folder)


def test_ages_are_written_like_other_durations(tmp_path: Path) -> None:
    retention = declared("{inbox: 10d, reports: 36h}", tmp_path).retention
    assert (retention.inbox, retention.reports) == (timedelta(days=10), timedelta(hours=36))
    assert retention.receipts == RetentionSettings().receipts


@pytest.mark.parametrize(
    ("setting", "floor"), [("inbox", "7d"), ("receipts", "7d"), ("runs", "1d"), ("counter_history", "1d")]
)
def test_an_age_has_a_floor(setting: str, floor: str, tmp_path: Path) -> None:
    declared(f"{{{setting}: {floor}}}", tmp_path)
    with pytest.raises(ConfigError, match=rf"retention.{setting}: '23h' is not allowed; allowed: {floor} or more"):
        declared(f"{{{setting}: 23h}}", tmp_path)


def test_an_age_of_a_thousand_years_keeps_for_good(tmp_path: Path) -> None:
    said = ", ".join(f"{setting}: 999999d" for setting in RetentionSettings.model_fields)
    ages = declared(f"{{{said}}}", tmp_path).retention.ages(late_limit=timedelta(0), expiry_tolerance=timedelta(0))
    for age in (*ages.of_state.values(), ages.runs, ages.reports):
        assert datetime(2026, 11, 23, tzinfo=UTC) - age < datetime(1970, 1, 1, tzinfo=UTC)


def test_what_is_kept_for_good_cannot_be_declared(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown setting 'tombstones'"):
        declared("{tombstones: 30d}", tmp_path)


def test_every_age_is_of_something_and_everything_has_an_age() -> None:
    assert {*Kept, "runs", "reports"} == set(RetentionSettings.model_fields)


@pytest.mark.parametrize("text", [GUIDE, config.packaged("pipeline_template.yaml").replace("\n# ", "\n")])
def test_the_template_and_the_guide_say_the_defaults(text: str) -> None:
    (said,) = re.findall(r"^retention:\n((?: +\w+: \w+ .*\n)+)", text, re.MULTILINE)
    assert RetentionSettings.model_validate(yaml.safe_load(said)) == RetentionSettings()
    assert set(yaml.safe_load(said)) == set(RetentionSettings.model_fields)
