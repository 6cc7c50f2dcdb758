"""The audience `mailchimp`, against a stub written from its documentation."""

import logging
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
import requests
from pydantic import SecretStr

from ticket_pipeline.audiences.mailchimp import Config, MailchimpAudience, connect
from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.model.finding import Level
from ticket_pipeline_tests.audiences.contract import AudienceContract
from ticket_pipeline_tests.audiences.ghost_stub import answer
from ticket_pipeline_tests.audiences.mailchimp_stub import KEY, LIST, MailchimpStub, problem
from ticket_pipeline_tests.audiences.people import (
    ANNA,
    BEN,
    DIRK,
    PENDING,
    SUBSCRIBED,
    SUPPRESSED,
    UNSUBSCRIBED,
    Person,
    crowd,
)


class Account:
    """A Mailchimp and an audience connected to it."""

    def __init__(self, key: str = KEY) -> None:
        self.mailchimp = MailchimpStub()
        self.slept: list[float] = []
        session = requests.Session()
        session.mount("https://", self.mailchimp)
        self.audience = MailchimpAudience(
            Config(api_key=SecretStr(key), list_id=LIST), session, sleep=self.slept.append
        )
        self.hold = self.mailchimp.hold

    def fold_odd_status(self) -> None:
        self.hold([Person(email="odd@example.org", opt_ins=("gala",), status="perhaps")])

    def fail_midway(self) -> None:
        self.mailchimp.steps = [*[_pass] * 4, *[_unwell] * 99]


def _pass(_: requests.PreparedRequest) -> None:
    return None


def _unwell(request: requests.PreparedRequest) -> requests.Response:
    return problem(request, 500, "Internal Server Error")


@pytest.fixture
def account() -> Account:
    return Account()


class TestContract(AudienceContract):
    """Mailchimp keeps the contract."""

    secrets: ClassVar[tuple[str, ...]] = (KEY,)
    many = 5_000

    @pytest.fixture
    def tool(self, account: Account) -> Account:
        return account


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("subscribed", SUBSCRIBED),
        ("pending", PENDING),
        ("unsubscribed", UNSUBSCRIBED),
        ("transactional", UNSUBSCRIBED),
        ("archived", UNSUBSCRIBED),
        ("cleaned", SUPPRESSED),
        ("invented", PENDING),
        (None, PENDING),
    ],
)
def test_only_subscribed_members_may_be_told(account: Account, said: str | None, status: str) -> None:
    account.hold([ANNA])
    (member,) = account.mailchimp.members.values()
    member["status"] = said
    (found,) = account.audience.consent([member["id"]])
    assert found.status == status


def test_interests_and_tags_are_marks_bare_and_by_kind(account: Account) -> None:
    account.hold([ANNA])
    (found,) = account.audience.subscribers()
    assert found.opt_ins == {"gala", "interest:gala", "interest:i1", "jazz", "tag:jazz"}


def test_an_interest_that_came_since_is_looked_up_once(account: Account) -> None:
    account.hold([ANNA, BEN])
    ids = [each.id for each in account.audience.subscribers()]
    account.mailchimp.categories["c2"]["i9"] = "new"
    for member in account.mailchimp.members.values():
        member["interests"] = {"i9": True}
    account.mailchimp.asked.clear()
    assert all("interest:new" in each.opt_ins for each in account.audience.consent(ids))
    assert sum("/interest-categories?" in url for url in account.mailchimp.asked) == 1


def test_an_archived_member_is_not_listed(account: Account) -> None:
    account.hold([ANNA, BEN])
    next(iter(account.mailchimp.members.values()))["status"] = "archived"
    assert [each.email for each in account.audience.subscribers()] == [BEN.email]


def test_who_leaves_while_pages_are_read_pulls_nobody_past_us(account: Account) -> None:
    account.hold(crowd(2_500))
    everybody = list(account.mailchimp.members)
    reading = account.audience.subscribers()
    found = [next(reading).id]
    for gone in everybody[:30]:
        del account.mailchimp.members[gone]
    found += [each.id for each in reading]
    assert found == everybody


def test_a_list_that_moves_too_far_while_it_is_read_is_an_error(account: Account) -> None:
    account.hold(crowd(2_500))
    reading = account.audience.subscribers()
    next(reading)
    for gone in list(account.mailchimp.members)[:200]:
        del account.mailchimp.members[gone]
    with pytest.raises(TransientError, match="changed while it was read"):
        list(reading)


def test_an_order_that_hides_somebody_behind_a_repetition_is_an_error(account: Account) -> None:
    account.hold(crowd(1_500))
    reading = account.audience.subscribers()
    next(reading)
    first, last = [list(account.mailchimp.members.values())[at] for at in (10, 1_490)]
    first["timestamp_opt"], last["timestamp_opt"] = last["timestamp_opt"], first["timestamp_opt"]
    with pytest.raises(TransientError, match="somebody may be missed"):
        list(reading)


def test_a_cleaned_member_is_not_touched_by_an_unsubscription(account: Account) -> None:
    account.hold([DIRK])
    (member,) = account.mailchimp.members
    account.audience.unsubscribe(member)
    assert not [each for each in account.mailchimp.asked if each.startswith("PATCH")]


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (lambda request: problem(request, 401, "API Key Invalid"), ConfigError),
        (lambda request: problem(request, 403, "Forbidden"), ConfigError),
        (lambda request: problem(request, 404, "Resource Not Found"), ConfigError),
        (lambda request: answer(request, None, status=403, raw=b"<html>Access Denied"), TransientError),
        (lambda request: answer(request, None, status=429), TransientError),
        (lambda request: answer(request, None, raw=b'{"members": [{"id": "5f'), TransientError),
        (lambda request: answer(request, {"members": [ANNA.email], "total_items": 1}), ConfigError),
        (lambda request: answer(request, {"members": []}), ConfigError),
        (lambda request: answer(request, {"members": [], "total_items": 7}), TransientError),
        (lambda request: answer(request, []), ConfigError),
        (lambda request: answer(request, None, status=301, Location="https://x.test"), ConfigError),
        (_unwell, TransientError),
    ],
)
def test_what_is_not_a_whole_page_is_an_error(
    account: Account, step: Callable[[requests.PreparedRequest], requests.Response], kind: type[Exception]
) -> None:
    account.hold([ANNA])
    account.mailchimp.steps = [*[_pass] * 3, *[step] * 20]
    with pytest.raises(kind) as caught:
        list(account.audience.subscribers())
    assert not [part for part in (KEY, KEY[:8], "@") if part in str(caught.value)]


def test_a_bad_moment_is_waited_for(account: Account, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    account.hold([ANNA])

    def cut(_: requests.PreparedRequest) -> requests.Response:
        raise requests.ConnectionError("cut")

    account.mailchimp.steps = [_unwell, lambda request: answer(request, None, status=429, Retry_After="7"), cut]
    assert [each.email for each in account.audience.subscribers()] == [ANNA.email]
    assert len(account.slept) == 3
    assert 7 <= account.slept[1] <= 8
    assert not [part for part in (KEY, "anna") if part in caplog.text]


def test_a_wrong_key_is_a_setting_to_mend() -> None:
    (finding,) = Account("fedcba9876543210-us19").audience.check()
    assert (finding.level, "api_key" in finding.seen, "fedcba" in finding.seen) == (Level.ERROR, True, False)


@pytest.mark.parametrize(
    "key", ["", "secret-of-mine", "0123456789abcdef0123456789abcdef", "x@evil.test/-us19", f"{KEY}/"]
)
def test_a_key_of_another_form_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ConfigError, match="data center") as caught:
        connect(Config(api_key=SecretStr(key), list_id=LIST))
    assert not key or key not in str(caught.value)


def test_the_settings_show_no_key() -> None:
    config: Any = Config(api_key=SecretStr(KEY), list_id=LIST)
    assert KEY not in repr(config)
    assert connect(config).identity == f"mailchimp:us19/{LIST}"
