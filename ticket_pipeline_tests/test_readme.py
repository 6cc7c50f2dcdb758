"""What README says exists, and its examples work."""

import re
from pathlib import Path

import click

from ticket_pipeline import config
from ticket_pipeline.cli import main
from ticket_pipeline.yaml_source import read_yaml
from ticket_pipeline_tests.sandbox.api import Api
from ticket_pipeline_tests.sandbox.conftest import api, clock, sandbox, started

__all__ = ["api", "clock", "sandbox", "started"]

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _options(name: str) -> set[str]:
    command = main.commands[name]
    return {option for each in command.params if isinstance(each, click.Option) for option in each.opts}


def test_every_command_in_the_readme_exists_with_its_options() -> None:
    used = re.findall(r"ticket-pipeline ([a-z-]+)((?: --[a-z-]+)*)", README)
    assert used
    for name, options in used:
        assert name in main.commands, name
        assert set(options.split()) <= _options(name), (name, options)


def test_every_command_is_in_the_readme() -> None:
    assert {name for name in main.commands if f"`{name}`" not in README and f"`{name}," not in README} == set()


def test_every_make_target_in_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make (run|test|lint|bench)\b", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_pipeline_in_the_readme_is_a_good_one(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    source = read_yaml(text, name="README.md", environment={"WIX_API_KEY": "k", "WIX_SITE_ID": "s"})
    assert list(config.validate(source, folder=tmp_path).sites) == ["box_office"]


def test_the_ticket_that_the_readme_edits_is_in_the_sandbox(api: Api) -> None:
    for definition_id in re.findall(r"sandbox-do edit ([0-9a-f-]{36})", README):
        assert "fixedPrice" in api.get(definition_id)["pricingMethod"]


def test_every_file_the_readme_names_is_there() -> None:
    for name in re.findall(r"`(ticket_pipeline(?:_tests)?/[\w/.]+)`", README):
        assert (ROOT / name).exists(), name
