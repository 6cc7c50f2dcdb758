"""Every example is a good pipeline: it is read whole, its parts connect, and it says which variables it wants."""

import re
from pathlib import Path

import pytest

from ticket_pipeline import config
from ticket_pipeline.wiring import Wiring

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*/pipeline.yaml"))
MADE_UP = {
    "GHOST_ADMIN_API_KEY": f"{'5f' * 12}:{'ab' * 32}",
    "MAILCHIMP_API_KEY": "0123456789abcdef0123456789abcdef-us19",
}


def variables(text: str) -> set[str]:
    """List the variables an example uses, outside its comments."""
    lines = (line.partition(" #")[0] for line in text.splitlines() if not line.startswith("#"))
    return {name for line in lines for name in re.findall(r"\$\{(\w+)\}", line)}


def test_there_are_examples() -> None:
    assert {path.parent.name for path in EXAMPLES} >= {"pretix-ghost", "eventbrite-mailchimp"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_an_example_is_read_and_its_parts_connect(path: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    copy = tmp_path / path.name
    copy.write_text(text, encoding="utf-8")
    made_up = {name: MADE_UP.get(name, "made-up") for name in variables(text)}
    wiring = Wiring(config.load(str(copy), made_up))
    site = wiring.site("box_office")
    destination, audience = path.parent.name.split("-")
    assert site.destination.identity.startswith(destination)
    assert site.audience.identity.startswith(audience)
    assert site.mapping.columns
    site.database.close()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_an_example_says_which_variables_it_wants(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    head = "\n".join(line for line in text.splitlines() if line.startswith("#"))
    assert variables(text) == set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", head))
