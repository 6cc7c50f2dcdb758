"""What the guide to announcements says exists, and its example works."""

import re
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import ticket_pipeline
from ticket_pipeline import audiences, channels, config, kinds
from ticket_pipeline.audiences._rows import OPTIONAL, REQUIRED
from ticket_pipeline.model.subscriber import SubscriberStatus
from ticket_pipeline.yaml_source import read_yaml

PACKAGE = Path(ticket_pipeline.__file__).parent
GUIDE = (PACKAGE.parent / "docs" / "announcements.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", [*kinds.kinds(audiences), *kinds.kinds(channels)])
def test_every_kind_is_explained(kind: str) -> None:
    assert f"| `{kind}` |" in GUIDE or f"**`{kind}`**" in GUIDE or f"`{kind}` keeps" in GUIDE


def test_every_status_and_every_template_is_named() -> None:
    templates = {each.name for each in (PACKAGE / "messages" / "templates").glob("sale_start*")}
    assert templates == set(re.findall(r"`(sale_start\.[a-z_.]+)`", GUIDE)) - {"sale_start.de.html"}
    assert [each for each in SubscriberStatus if f"`{each}`" not in GUIDE] == []


def test_the_columns_of_a_csv_exist() -> None:
    (said,) = re.findall(r"A CSV has the columns `([a-z_,]+)`", GUIDE)
    assert set(said.split(",")) <= {*REQUIRED, *OPTIONAL}


def test_the_example_is_a_good_one_with_a_key_as_openssl_makes_it(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    (text,) = re.findall(r"```yaml pipeline.yaml\n(.*?)```", GUIDE, re.DOTALL)
    declared = yaml.safe_load(text)
    declared["sites"]["box_office"]["wix"] = {"auth": {"kind": "api_key", "api_key": "k", "site_id": "s"}}
    environment = {"SMTP_PASSWORD": "a secret", "VAPID_PRIVATE_KEY": pem}
    source = read_yaml(yaml.safe_dump(declared), name="announcements.md", environment=environment)
    announcements = config.validate(source, folder=tmp_path).sites["box_office"].announcements
    assert announcements is not None
    assert [each.kind for each in announcements.channels] == ["smtp", "web_push"]
