"""The audience `ghost`, against a stub of its Admin API."""

import logging
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
import requests
from pydantic import SecretStr

from ticket_pipeline.audiences.ghost import Config, GhostAudience, connect
from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.model.finding import Level
from ticket_pipeline_tests.audiences.contract import AudienceContract
from ticket_pipeline_tests.audiences.ghost_stub import KEY_ID, SECRET, URL, GhostStub, answer, error
from ticket_pipeline_tests.audiences.people import (
    ANNA,
    BEN,
    CHLOE,
    DIRK,
    PENDING,
    SUBSCRIBED,
    SUPPRESSED,
    UNSUBSCRIBED,
    Person,
    crowd,
)


class Site:
    """A Ghost and an audience connected to it."""

    def __init__(self, **settings: Any) -> None:
        self.ghost = GhostStub()
        self.slept: list[float] = []
        session = requests.Session()
        session.mount("https://", self.ghost)
        config = Config(url=URL, admin_api_key=SecretStr(f"{KEY_ID}:{SECRET}"), **settings)
        self.audience = GhostAudience(config, session, sleep=self.slept.append)
        self.hold = self.ghost.hold

    def fold_odd_status(self) -> None:
        self.hold([Person(email="odd@example.org", opt_ins=("gala",))])
        self.ghost.members[0]["subscribed"] = "perhaps"

    def fail_midway(self) -> None:
        self.ghost.steps = [_pass, _pass, _pass, *[_unwell] * 99]


def _pass(_: requests.PreparedRequest) -> None:
    return None


def _unwell(request: requests.PreparedRequest) -> requests.Response:
    return error(request, 503, "Ghost is starting")


@pytest.fixture
def site() -> Site:
    return Site()


class TestContract(AudienceContract):
    """Ghost keeps the contract."""

    secrets: ClassVar[tuple[str, ...]] = (SECRET, KEY_ID)
    many = 5_000

    @pytest.fixture
    def tool(self, site: Site) -> Site:
        return site


def test_newsletters_and_labels_are_marks_bare_and_by_kind(site: Site) -> None:
    site.hold([Person(email="a@example.org", opt_ins=("jazz",))])
    site.ghost.members[0]["newsletters"] = [{"id": each["id"]} for each in site.ghost.newsletters]
    (found,) = site.audience.subscribers()
    assert found.opt_ins == {"jazz", "label:jazz", "weekly", "newsletter:weekly", "gala", "newsletter:gala"}


def test_a_newsletter_that_came_since_is_looked_up_once(site: Site) -> None:
    site.hold([ANNA, CHLOE])
    ids = [each.id for each in site.audience.subscribers()]
    site.ghost.newsletters.append({"id": "7" * 24, "slug": "new", "name": "New", "status": "active"})
    for member in site.ghost.members:
        member["newsletters"] = [{"id": "7" * 24}]
    site.ghost.asked.clear()
    assert all("newsletter:new" in each.opt_ins for each in site.audience.consent(ids))
    assert sum("/newsletters/" in url for url in site.ghost.asked) == 1


def test_the_unsubscribe_url_of_ghost_is_kept(site: Site) -> None:
    site.hold([ANNA])
    (found,) = site.audience.subscribers()
    assert found.unsubscribe_url == f"{URL}/unsubscribe/?uuid={found.id}&key=k"


@pytest.mark.parametrize(
    ("tampered", "status"),
    [
        ({}, SUBSCRIBED),
        ({"subscribed": False}, UNSUBSCRIBED),
        ({"subscribed": None}, PENDING),
        ({"subscribed": 1}, PENDING),
        ({"email_suppression": {"suppressed": True, "info": {"reason": "spam"}}}, SUPPRESSED),
        ({"email_suppression": {"suppressed": True}, "subscribed": False}, SUPPRESSED),
        ({"email_suppression": {"suppressed": None}}, PENDING),
        ({"email_suppression": None}, PENDING),
        ({"email_suppression": None, "subscribed": False}, UNSUBSCRIBED),
    ],
)
def test_only_who_is_clearly_subscribed_and_not_suppressed_is(
    site: Site, tampered: dict[str, Any], status: str
) -> None:
    site.hold([ANNA])
    site.ghost.members[0].update(tampered)
    (found,) = site.audience.subscribers()
    assert found.status == status


def test_one_apostrophe_on_a_page_makes_nobody_less_suppressed(site: Site) -> None:
    odd = [Person(email="o'brien@example.org"), Person(email="o'hara@example.org", status=SUPPRESSED)]
    site.hold([DIRK, *crowd(120), *odd, BEN])
    found = list(site.audience.subscribers())
    assert [each.id for each in found] == sorted(each["id"] for each in site.ghost.members)
    statuses = {each.email: each.status for each in found if each.email and not each.email.startswith("p")}
    wanted = {DIRK.email: SUPPRESSED, "o'brien@example.org": SUBSCRIBED, "o'hara@example.org": SUPPRESSED}
    assert statuses == {**wanted, BEN.email: UNSUBSCRIBED}
    again = site.audience.consent([each.id for each in found])
    assert {each.id: each.status for each in again} == {each.id: each.status for each in found}


def test_who_leaves_between_two_looks_at_a_page_is_left_out(site: Site) -> None:
    site.hold([ANNA, Person(email="o'brien@example.org")])
    odd = site.ghost.member("o'brien@example.org")

    def leave(_: requests.PreparedRequest) -> None:
        site.ghost.members.remove(odd)

    site.ghost.steps = [_pass, _pass, leave]
    assert [each.email for each in site.audience.subscribers()] == [ANNA.email]


def test_a_filter_of_the_owners_is_kept_whole() -> None:
    site = Site(filter="label:jazz,subscribed:false")
    site.hold([ANNA, BEN, CHLOE, DIRK])
    found = {each.email: each.id for each in site.audience.subscribers()}
    assert found.keys() == {ANNA.email, BEN.email, CHLOE.email}
    dirk = site.ghost.member(DIRK.email)["id"]
    assert {each.email for each in site.audience.consent([dirk, found[BEN.email]])} == {BEN.email}
    assert not [url for url in site.ghost.asked if "+" in url]


def test_a_filter_that_ghost_cannot_read_is_a_setting_to_mend() -> None:
    site = Site(filter="label:jazz)")
    with pytest.raises(ConfigError, match="Error parsing filter"):
        list(site.audience.subscribers())


def test_who_joins_or_leaves_while_pages_are_read_moves_nobody_else(site: Site) -> None:
    site.hold(crowd(250))
    everybody = sorted(each["id"] for each in site.ghost.members)
    reading = site.audience.subscribers()
    found = [next(reading).id]
    gone = everybody[150]
    site.ghost.members = [each for each in site.ghost.members if each["id"] not in {everybody[0], gone}]
    site.ghost.members.append({**site.ghost.members[0], "id": "f" * 24})
    found += [each.id for each in reading]
    assert found == [each for each in everybody if each != gone] + ["f" * 24]


def test_a_page_is_asked_for_once(site: Site) -> None:
    site.hold(crowd(250))
    assert sum(1 for _ in site.audience.subscribers()) == 250
    assert sum("/members/" in url for url in site.ghost.asked) == 3


def _short(request: requests.PreparedRequest) -> requests.Response:
    pagination = {"page": 1, "limit": 100, "pages": 1, "total": 5}
    return answer(request, {"members": [], "meta": {"pagination": pagination}})


def _same_page(request: requests.PreparedRequest) -> requests.Response:
    pagination = {"page": 1, "limit": 1, "pages": 9, "total": 9}
    return answer(request, {"members": [{"id": "a" * 24}], "meta": {"pagination": pagination}})


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (_short, TransientError),
        (lambda request: answer(request, None, raw=b'{"members": [{"id": "5f'), TransientError),
        (lambda request: answer(request, {"members": [ANNA.email]}), ConfigError),
        (lambda request: answer(request, {"members": []}), ConfigError),
        (lambda request: answer(request, []), ConfigError),
        (lambda request: answer(request, None, raw=b"<html>"), TransientError),
        (lambda request: answer(request, None, status=301, Location="https://x.test"), ConfigError),
        (lambda request: answer(request, None, status=404, raw=b"nothing here"), ConfigError),
        (lambda request: error(request, 404, "Resource not found"), ConfigError),
        (lambda request: error(request, 401, "Unknown Admin API Key"), ConfigError),
        (lambda request: error(request, 403, "Authorization failed"), ConfigError),
        (_same_page, ConfigError),
        (_unwell, TransientError),
    ],
)
def test_what_is_not_a_whole_page_is_an_error(
    site: Site, step: Callable[[requests.PreparedRequest], requests.Response], kind: type[Exception]
) -> None:
    site.hold([ANNA])
    site.ghost.steps = [_pass, *[step] * 20]
    with pytest.raises(kind) as caught:
        list(site.audience.subscribers())
    assert not [part for part in (SECRET, KEY_ID, "Ghost ey", "@") if part in str(caught.value)]


def test_a_bad_moment_is_waited_for(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    site.hold([ANNA])

    def cut(_: requests.PreparedRequest) -> requests.Response:
        raise requests.ConnectionError("cut")

    site.ghost.steps = [_pass, _unwell, lambda request: answer(request, None, status=429, Retry_After="7"), cut]
    assert [each.email for each in site.audience.subscribers()] == [ANNA.email]
    assert len(site.slept) == 3
    assert 7 <= site.slept[1] <= 8
    assert not [part for part in (SECRET, "anna") if part in caplog.text]


def test_a_long_wait_is_left_to_the_caller(site: Site) -> None:
    site.ghost.steps = [lambda request: answer(request, None, status=429, Retry_After="3600")] * 9
    with pytest.raises(TransientError) as caught:
        list(site.audience.subscribers())
    assert (caught.value.retry_after, site.slept) == (3600.0, [])


def test_each_call_bears_a_fresh_token_and_a_login_in_the_home_folder_does_not_replace_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests.sessions, "get_netrc_auth", lambda _: ("somebody", "else"))
    site.hold([ANNA])
    assert len(list(site.audience.subscribers())) == 1


def test_a_wrong_secret_is_a_setting_to_mend() -> None:
    session = requests.Session()
    session.mount("https://", GhostStub())
    wrong = GhostAudience(Config(url=URL, admin_api_key=SecretStr(f"{KEY_ID}:{'cd' * 32}")), session)
    (finding,) = wrong.check()
    assert (finding.level, "admin_api_key" in finding.seen, "cdcd" in finding.seen) == (Level.ERROR, True, False)


@pytest.mark.parametrize("key", ["", "secret-of-mine", "ab" * 13, f"{KEY_ID}:{SECRET}0"])
def test_a_key_of_another_form_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ConfigError, match="id:secret") as caught:
        connect(Config(url=URL, admin_api_key=SecretStr(key)))
    assert not key or key not in str(caught.value)


def test_the_settings_show_no_key() -> None:
    assert SECRET not in repr(Config(url=URL, admin_api_key=SecretStr(f"{KEY_ID}:{SECRET}")))


def test_a_folder_is_part_of_the_place(site: Site) -> None:
    assert site.audience.identity == "ghost:news.test/blog"
