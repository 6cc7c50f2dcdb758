"""Unsubscribing, as a browser and a mail program do it."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from ticket_pipeline.server import ServerParts
from ticket_pipeline.store import suppressions
from ticket_pipeline.store.database import Database
from ticket_pipeline.unsubscribe.links import UnsubscribeLinks
from ticket_pipeline.unsubscribe.routes import UnsubscribeParts, unsubscribe_routes
from ticket_pipeline_tests.flows.announcing import People
from ticket_pipeline_tests.store.bodies import NOON
from ticket_pipeline_tests.webhooks.running import Client, impatient, locked, serving

SITE = "box_office"
SECRET = "a secret"  # noqa: S105 - of this test
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    opened = impatient(path)
    yield opened
    opened.close()


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def parts(database: Database, people: People) -> UnsubscribeParts:
    return UnsubscribeParts(database=database, audiences={SITE: people}, secret=SECRET, clock=lambda: NOON)


@pytest.fixture
def client(parts: UnsubscribeParts) -> Iterator[Client]:
    with serving(ServerParts(database=parts.database, endpoints=[], routes=unsubscribe_routes(parts))) as client:
        yield client


def link(base: str = "", *, recipient: str = "ann", site: str = SITE, secret: str = SECRET) -> str:
    return UnsubscribeLinks(site=site, url=base, secret=secret)(recipient, "ann@example.org")


def listed(database: Database) -> set[str]:
    with database.reading() as tx:
        return suppressions.suppressed(tx, SITE, ["ann", "ben"])


def test_looking_at_the_page_changes_nothing(client: Client, database: Database, people: People) -> None:
    answer = client.get(link())
    assert answer.status_code == 200
    assert '<form method="post"><button type="submit">Unsubscribe</button></form>' in answer.text
    assert client.session.head(client.base + link(), timeout=10).status_code == 200
    assert (listed(database), people.unsubscribed) == (set(), [])


def test_the_one_click_of_a_mail_program_unsubscribes(client: Client, database: Database, people: People) -> None:
    answer = requests.post(client.base + link(), data=ONE_CLICK, timeout=10, allow_redirects=False)
    assert (answer.status_code, answer.cookies.get_dict()) == (200, {})
    assert (listed(database), people.unsubscribed) == ({"ann"}, ["ann@example.org"])


@pytest.mark.parametrize("body", [b"", b"List-Unsubscribe=One-Click", b"x" * 300_000])
def test_whatever_is_posted_to_the_link_unsubscribes(client: Client, database: Database, body: bytes) -> None:
    assert client.post(body, link())[0] == 200
    assert listed(database) == {"ann"}


def test_repeating_it_is_fine_and_asks_the_tool_no_more(client: Client, people: People) -> None:
    assert [client.post(b"", link())[0] for _ in range(3)] == [200] * 3
    assert people.unsubscribed == ["ann@example.org"]


def test_a_tool_that_is_down_does_not_matter_and_is_asked_by_the_next_click(
    client: Client, database: Database, people: People, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    people.failing = 1
    assert client.post(b"", link())[0] == 200
    assert (listed(database), people.unsubscribed) == ({"ann"}, [])
    assert client.post(b"", link())[0] == 200
    assert people.unsubscribed == ["ann@example.org"]
    words = [each.getMessage() for each in caplog.records]
    assert "unsubscription_not_passed_on" in words
    assert "example" not in "".join(str(vars(each)) for each in caplog.records if each.name.startswith("ticket"))


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("token", ["1", "1" + "A" * 100, "x", "%00", "1" + "A" * 4000])
def test_what_is_no_token_of_ours_is_404_and_changes_nothing(
    client: Client, database: Database, method: str, token: str
) -> None:
    answer = client.session.request(method, f"{client.base}/unsubscribe/{token}", timeout=10)
    assert answer.status_code == 404
    assert listed(database) == set()


def test_a_token_of_another_secret_is_none_of_ours(client: Client, database: Database) -> None:
    assert client.post(b"", link(secret=SECRET * 2))[0] == 404
    assert listed(database) == set()


def test_whoever_guesses_tokens_is_slowed_down_and_who_has_one_is_not(client: Client) -> None:
    answers = [client.get(f"/unsubscribe/1{number}") for number in range(250)]
    assert {each.status_code for each in answers} == {404, 429}
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert client.post(b"", link())[0] == 200


def test_a_site_that_announces_no_more_is_still_unsubscribed_from(parts: UnsubscribeParts, database: Database) -> None:
    bare = replace(parts, audiences={})
    with serving(ServerParts(database=database, endpoints=[], routes=unsubscribe_routes(bare))) as client:
        assert client.post(b"", link())[0] == 200
    assert listed(database) == {"ann"}


def test_it_is_not_said_to_be_done_before_it_is_durable(client: Client, path: Path, database: Database) -> None:
    with locked(path):
        status, text = client.post(b"", link())
    assert status == 503
    assert "try again" in text
    assert listed(database) == set()


def test_the_pages_name_nobody_and_are_kept_by_nobody(client: Client) -> None:
    answers = [client.get(link()), client.session.post(client.base + link(), timeout=10), client.get("/unsubscribe/1x")]
    for each in answers:
        assert "ann" not in each.text.replace("cannot", "")
        assert each.headers["Cache-Control"] == "no-store"
        assert each.headers["Referrer-Policy"] == "no-referrer"
        assert "script" not in each.headers["Content-Security-Policy"]
        assert each.headers["X-Robots-Tag"] == "noindex"
