"""The site builds without a warning, and a page of it asks nobody else for anything."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ticket_pipeline_tests.docs.pages import ROOT

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build it."""
    folder = tmp_path_factory.mktemp("site")
    strictly = ["-W", "--keep-going", "--fresh-env", "-q", "-d", str(folder / "trees")]
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", *strictly, str(DOCS), str(folder / "html")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder / "html"


class _Loads(HTMLParser):
    """What a page loads by itself; links that people follow are none."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        source = given.get("src") or (given.get("href") if tag == "link" else None)
        self.found += [source] if source else []


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 10
    for page in pages:
        reader = _Loads()
        reader.feed(page.read_text(encoding="utf-8"))
        assert [each for each in reader.found if re.match(r"(https?:)?//", each)] == [], page.name


def test_no_style_sheet_and_no_script_loads_anything_from_elsewhere(site: Path) -> None:
    for file in [*site.rglob("*.css"), *site.rglob("*.js")]:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"(url\(|@import|import\(|fetch\()\s*['\"]?(https?:)?//", text), file.name


def test_every_page_is_in_the_table_of_contents(site: Path) -> None:
    index = (site / "index.html").read_text(encoding="utf-8")
    missing = [page.stem for page in DOCS.glob("*.md") if f'href="{page.stem}.html"' not in index]
    assert [page for page in missing if page != "index"] == []


def test_a_block_that_is_a_file_shows_its_name_above_it(site: Path) -> None:
    declared = {
        (page.stem, name)
        for page in DOCS.glob("*.md")
        for name in re.findall(r"^```\w+ (\S+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert ("component", "src/shop/definitions.py") in declared
    shown = {
        (page.stem, name)
        for page in site.glob("*.html")
        for name in re.findall(r'code-block-caption"><span class="caption-text">([^<]+)', page.read_text("utf-8"))
    }
    assert shown == declared
