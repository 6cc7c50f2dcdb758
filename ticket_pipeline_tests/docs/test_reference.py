"""What the pages say of commands, settings and the mapping is what the code does."""

import re
from pathlib import Path

import click
import pytest

from docs.generate.pages import generated, renewed
from ticket_pipeline import audiences, channels, destinations, kinds
from ticket_pipeline.cli import main
from ticket_pipeline.mapping.transforms import TRANSFORMS
from ticket_pipeline_tests.docs.pages import PAGES, ROOT

DOCS = ROOT / "docs"
PACKAGES = {"destinations": destinations, "audiences": audiences, "channels": channels}
KINDS = [(name, kind) for name, package in PACKAGES.items() for kind in kinds.kinds(package)]


@pytest.mark.parametrize("page", [page for page in PAGES if generated(page.read_text())], ids=lambda page: page.name)
def test_a_generated_part_is_what_the_code_says_now(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert renewed(text) == text, "run `make docs`"


@pytest.mark.parametrize(("package", "kind"), KINDS)
def test_every_kind_has_a_section_with_its_settings(package: str, kind: str) -> None:
    text = (DOCS / f"{package}.md").read_text(encoding="utf-8")
    assert f"\n## `{kind}`\n" in text
    assert f"settings {package}.{kind}" in generated(text)


def test_every_destinations_default_mapping_is_shown() -> None:
    shown = generated((DOCS / "mapping.md").read_text(encoding="utf-8"))
    assert {f"mapping default {kind}" for kind in kinds.kinds(destinations)} <= set(shown)


def test_every_converter_is_explained() -> None:
    text = (DOCS / "mapping.md").read_text(encoding="utf-8")
    assert [name for name in TRANSFORMS if f"\n| `{name}` | " not in text] == []


def _options(name: str) -> set[str]:
    command = main.commands[name]
    nested = command.commands.values() if isinstance(command, click.Group) else ()
    found = [each for one in (command, *nested) for each in one.params if isinstance(each, click.Option)]
    return {"--help", *(option for each in found for option in each.opts)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_exists_with_its_options(page: Path) -> None:
    named = re.findall(r"ticket-pipeline (?=[a-z-]+)([a-z-]+)([^`\n|&;]*)", page.read_text(encoding="utf-8"))
    for name, rest in named:
        if name not in main.commands:
            assert _is_prose(rest) or name.startswith("--"), f"{page.name}: ticket-pipeline {name}"
            continue
        options = set(re.findall(r"(?<= )--[a-z-]+", rest.partition("#")[0]))
        assert options <= _options(name), f"{page.name}: ticket-pipeline {name}{rest}"


def _is_prose(rest: str) -> bool:
    return rest.startswith((" ", ",", ".")) and not rest.strip().startswith("-")


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {name for name in main.commands if f"`{name}`" not in readme and f"`{name}," not in readme} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for targets in re.findall(r"`(?:\$ )?make ([a-z -]+)`|^\$ make ([a-z -]+)$", page.read_text(), re.MULTILINE):
        for target in "".join(targets).split():
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page.name}: make {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    made = set(re.findall(r"^```\w+ (\S+)$", text, re.MULTILINE))
    named = set(re.findall(r"`((?:ticket_pipeline(?:_tests)?|deploy|bench|examples)/[\w./-]+)`", text))
    assert [each for each in named - made if not (ROOT / each).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [each for each in links if not (page.parent / each).exists()] == []


@pytest.mark.parametrize("page", ["pipeline-yaml.md", "destinations.md", "audiences.md", "channels.md"])
def test_every_setting_says_what_it_means(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    rows = [line for table in text.split("| key | takes |")[1:] for line in table.partition("\n\n")[0].splitlines()[2:]]
    assert rows
    assert [row for row in rows if row.endswith("|  |")] == []
