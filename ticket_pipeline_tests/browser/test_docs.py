import re
from pathlib import Path

import pytest

import ticket_pipeline
from ticket_pipeline_tests.browser.stub import SCRIPT

PAGE = (Path(ticket_pipeline.__file__).parent.parent / "docs" / "counter.md").read_text(encoding="utf-8")

ATTRIBUTES = sorted(set(re.findall(r"getAttribute\('([a-z-]+)'\)", SCRIPT)))
VARIABLES = sorted(set(re.findall(r"var\((--[a-z-]+)", SCRIPT)))
PARTS = sorted(set(re.findall(r"part: '([a-z]+)'", SCRIPT)))
LANGUAGES = re.findall(r"^    ([a-z]{2}): \['one", SCRIPT, re.MULTILINE)


@pytest.mark.parametrize("attribute", ["definition", "lang", "text-…", *ATTRIBUTES])
def test_every_attribute_is_explained(attribute: str) -> None:
    assert f"\n| `{attribute}` | " in PAGE


def test_no_attribute_is_made_up() -> None:
    table = PAGE.partition("| attribute |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `([a-z-]+)`", table, re.MULTILINE)) == {"definition", "lang", *ATTRIBUTES}


def test_variables_parts_and_languages_are_named() -> None:
    assert [each for each in VARIABLES if each not in PAGE] == []
    assert set(PARTS) == set(re.findall(r"parts: ([a-z, ]+) \*/", PAGE)[0].split(", "))
    assert ", ".join(f"`{each}`" for each in LANGUAGES) in PAGE
