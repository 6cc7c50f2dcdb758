"""What the guide to announcements says exists, and its example works."""

import re
from pathlib import Path

import pytest

import ticket_pipeline
from ticket_pipeline import audiences, channels, config, kinds
from ticket_pipeline.audiences._rows import OPTIONAL, REQUIRED
from ticket_pipeline.channels.web_push import Config
from ticket_pipeline.model.subscriber import SubscriberStatus
from ticket_pipeline.yaml_source import read_yaml

PACKAGE = Path(ticket_pipeline.__file__).parent
GUIDE = (PACKAGE.parent / "docs" / "announcements.md").read_text(encoding="utf-8")
PEM = """-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIExtBW6chhthg2T1gr4Vaq8+2oX77B0nTtnWfyARKtFFoAoGCCqGSM49
AwEHoUQDQgAEBHqgJJO5kU0Ay8mvJTyAbnNNgLeE3Q2k5h3o8hnyfIq0uLdI0Jf9
-----END EC PRIVATE KEY-----"""


@pytest.mark.parametrize("kind", [*kinds.names(audiences), *kinds.names(channels)])
def test_every_kind_is_explained(kind: str) -> None:
    assert f"| `{kind}` |" in GUIDE or f"**`{kind}`**" in GUIDE or f"`{kind}` keeps" in GUIDE


def test_every_status_and_every_template_is_named() -> None:
    templates = {each.name for each in (PACKAGE / "messages" / "templates").glob("sale_start*")}
    assert templates == set(re.findall(r"`(sale_start\.[a-z_.]+)`", GUIDE)) - {"sale_start.de.html"}
    assert [each for each in SubscriberStatus if f"`{each}`" not in GUIDE] == []


def test_the_columns_of_a_csv_exist() -> None:
    (said,) = re.findall(r"A CSV has the columns `([a-z_,]+)`", GUIDE)
    assert set(said.split(",")) <= {*REQUIRED, *OPTIONAL}
