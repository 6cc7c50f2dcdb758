"""Every block of code is what it says it is: a pipeline that could be declared, JSON, HTML, Python, or a command."""

import ast
import json
import re
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from ticket_pipeline import config
from ticket_pipeline.settings import Pipeline
from ticket_pipeline.yaml_source import Source, read_yaml
from ticket_pipeline_tests.docs.made_up import VARIABLES
from ticket_pipeline_tests.docs.pages import Block, every_block

#: Of no language that anybody could check here, or checked by the tests of what they are about.
_SHOWN = {"", "console", "sh", "text", "css", "js", "{toctree}"}
#: Elements that have no end.
_VOID = {"br", "img", "input", "link", "meta"}
#: Blocks that show what is refused, and what only works where the page has made the kind.
_NOT_BY_ITSELF = ("tabel:", "kind: json_file")


def of(*languages: str) -> list[Any]:
    """Give the blocks of these languages."""
    return [pytest.param(block, id=block.place) for block in every_block() if block.language in languages]


@pytest.mark.parametrize("block", of("yaml"))
def test_a_pipeline_that_is_shown_could_be_declared(block: Block, tmp_path: Path) -> None:
    if any(each in block.text for each in _NOT_BY_ITSELF):
        return
    source = read_yaml(block.text, name=block.page, environment=_environment(block.text))
    if isinstance(source.data, dict) and set(source.data) <= set(Pipeline.model_fields):
        _complete(source)
        assert config.validate(source, folder=tmp_path).sites


def _environment(text: str) -> dict[str, str]:
    """Set every variable that a text names."""
    return {name: VARIABLES.get(name, "made-up") for name in re.findall(r"\$\{(\w+)", text)}


def _complete(source: Source) -> None:
    """Add what a fragment leaves out."""
    sites = source.data.setdefault("sites", {"box_office": {}})
    for site in sites.values():
        site.setdefault("wix", {"auth": {"kind": "api_key", "api_key": "key", "site_id": "site"}})
        site["wix"].setdefault("auth", {"kind": "api_key", "api_key": "key", "site_id": "site"})
        if not set(site) - {"wix"}:
            site["counters"] = {"definitions": "all"}


@pytest.mark.parametrize("block", of("json"))
def test_json_is_json(block: Block) -> None:
    json.loads(block.text)


@pytest.mark.parametrize("block", of("python"))
def test_python_is_python(block: Block) -> None:
    ast.parse(block.text, filename=block.place)


class _Tags(HTMLParser):
    """Follows what is opened and closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        _ = attrs
        self.open += [tag] if tag not in _VOID else []

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("block", of("html"))
def test_html_closes_what_it_opens(block: Block) -> None:
    tags = _Tags()
    tags.feed(block.text)
    assert tags.open == []


@pytest.mark.parametrize("block", of("toml"))
def test_toml_is_toml(block: Block) -> None:
    tomllib.loads(block.text)


def test_there_is_no_other_language() -> None:
    known = _SHOWN | {"yaml", "json", "python", "html", "toml"}
    assert [(block.place, block.language) for block in every_block() if block.language not in known] == []


def test_a_command_of_ours_stands_where_it_is_run() -> None:
    """A block without prompts is typed by nobody: `sh` is for what is not ours."""
    ours = re.compile(r"^\s*(\$ )?ticket-pipeline ", re.MULTILINE)
    stray = [
        block.place
        for block in every_block()
        if block.language != "console" and not _is_usage(block) and ours.search(block.text)
    ]
    assert stray == []


def _is_usage(block: Block) -> bool:
    return block.page == "command-line.md" and block.language == "text"


def test_yaml_that_is_no_pipeline_is_still_yaml() -> None:
    for block in every_block():
        if block.language == "yaml":
            list(yaml.compose_all(block.text, Loader=yaml.SafeLoader))
