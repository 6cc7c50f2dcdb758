"""The audience `brevo`, against a stub written from its documentation."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
import requests
from pydantic import SecretStr

from ticket_pipeline.audiences.brevo import BrevoAudience, Config, connect
from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.model.finding import Level
from ticket_pipeline.model.subscriber import SubscriberStatus
from ticket_pipeline_tests.audiences.brevo_stub import KEY, BrevoStub, error
from ticket_pipeline_tests.audiences.contract import AudienceContract
from ticket_pipeline_tests.audiences.ghost_stub import answer
from ticket_pipeline_tests.audiences.people import ANNA, BEN, CHLOE, PENDING, SUBSCRIBED, UNSUBSCRIBED, Person, crowd


class Account:
    """A Brevo and an audience connected to it."""

    def __init__(self, key: str = KEY, **settings: Any) -> None:
        self.brevo = BrevoStub()
        self.slept: list[float] = []
        session = requests.Session()
        session.mount("https://", self.brevo)
        self.audience = BrevoAudience(Config(api_key=SecretStr(key), **settings), session, sleep=self.slept.append)
        self.hold = self.brevo.hold

    def fold_odd_status(self) -> None:
        self.hold([Person(email="odd@example.org", opt_ins=("gala",))])
        next(iter(self.brevo.contacts.values()))["emailBlacklisted"] = "perhaps"

    def fail_midway(self) -> None:
        self.brevo.steps = [_pass, _pass, *[_unwell] * 99]


def _pass(_: requests.PreparedRequest) -> None:
    return None


def _unwell(request: requests.PreparedRequest) -> requests.Response:
    return error(request, 503, "unavailable", "for anna@example.org")


def _gone(request: requests.PreparedRequest) -> requests.Response:
    return error(request, 404, "document_not_found", "Contact does not exist")


@pytest.fixture
def account() -> Account:
    return Account()


class TestContract(AudienceContract):
    """Brevo keeps the contract, but does not tell the suppressed from those who left."""

    secrets: ClassVar[tuple[str, ...]] = (KEY,)
    many = 5_000
    suppressed: ClassVar[SubscriberStatus] = UNSUBSCRIBED

    @pytest.fixture
    def tool(self, account: Account) -> Account:
        return account


@pytest.mark.parametrize(
    ("tampered", "status"),
    [
        ({}, SUBSCRIBED),
        ({"emailBlacklisted": True}, UNSUBSCRIBED),
        ({"emailBlacklisted": None}, PENDING),
        ({"emailBlacklisted": 0}, PENDING),
        ({"listUnsubscribed": [7]}, SUBSCRIBED),
    ],
)
def test_only_who_is_clearly_not_blocked_may_be_told(account: Account, tampered: dict[str, Any], status: str) -> None:
    account.hold([ANNA])
    account.brevo.contacts[1].update(tampered)
    (found,) = account.audience.subscribers()
    assert found.status == status


def test_lists_and_true_attributes_are_marks(account: Account) -> None:
    account.hold([CHLOE])
    account.brevo.contacts[1]["attributes"] |= {"VIP": True, "PRESS": False, "NOTE": "true"}
    (found,) = account.audience.subscribers()
    assert found.opt_ins == {
        *("everybody", "list:everybody", "list:1", "jazz", "list:jazz", "list:3"),
        "attribute:VIP",
    }


def test_a_list_that_was_left_is_no_mark(account: Account) -> None:
    account.hold([CHLOE])
    account.brevo.contacts[1] |= {"listIds": [1], "listUnsubscribed": [3]}
    (found,) = account.audience.subscribers()
    assert "jazz" not in found.opt_ins


def test_a_list_that_came_since_is_looked_up_once(account: Account) -> None:
    account.hold([ANNA, BEN])
    ids = [each.id for each in account.audience.subscribers()]
    account.brevo.lists[9] = "new"
    for contact in account.brevo.contacts.values():
        contact["listIds"] = [9]
    account.brevo.asked.clear()
    assert all("new" in each.opt_ins for each in account.audience.consent(ids))
    assert sum("/lists" in url for url in account.brevo.asked) == 1


def test_more_lists_than_a_page_are_all_named(account: Account) -> None:
    account.brevo.lists = {each: f"list {each}" for each in range(1, 124)}
    account.hold([ANNA])
    account.brevo.contacts[1]["listIds"] = [1, 77, 123]
    (found,) = account.audience.subscribers()
    assert {"list 1", "list 77", "list 123"} <= found.opt_ins


def test_only_the_contacts_of_one_list_where_it_is_declared() -> None:
    account = Account(list_id=3)
    account.hold([ANNA, BEN, CHLOE])
    assert {each.email for each in account.audience.subscribers()} == {ANNA.email, CHLOE.email}
    account.brevo.contacts[1] |= {"listIds": [], "listUnsubscribed": [3]}
    account.brevo.contacts[3] |= {"listIds": [1]}
    assert {each.email: each.status for each in account.audience.consent(["1", "2", "3"])} == {ANNA.email: UNSUBSCRIBED}


def test_a_list_that_is_not_there_is_a_setting_to_mend() -> None:
    account = Account(list_id=44)
    assert [each.level for each in account.audience.check()] == [Level.OK, Level.ERROR]


def test_twenty_contacts_are_asked_for_at_once(account: Account) -> None:
    account.hold(crowd(45))
    ids = [each.id for each in account.audience.subscribers()]
    account.brevo.asked.clear()
    assert len(list(account.audience.consent(ids))) == 45
    assert len(account.brevo.asked) == 3


def test_a_handful_that_is_refused_for_one_who_is_gone_is_asked_for_one_by_one(account: Account) -> None:
    account.hold([ANNA, CHLOE])
    account.brevo.steps = [_gone, _gone]
    assert [each.email for each in account.audience.consent(["1", "2"])] == [CHLOE.email]


def test_contacts_nobody_asked_for_are_an_error(account: Account) -> None:
    account.hold([ANNA, CHLOE])
    everybody = {"count": 2, "contacts": list(account.brevo.contacts.values())}
    account.brevo.steps = [lambda request: answer(request, everybody)]
    with pytest.raises(ConfigError, match="nobody asked for"):
        list(account.audience.consent(["1"]))


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (lambda request: error(request, 401, "unauthorized", "Key not found"), ConfigError),
        (lambda request: error(request, 403, "permission_denied", "no"), ConfigError),
        (lambda request: error(request, 400, "out_of_range", "anna@example.org"), ConfigError),
        (_gone, ConfigError),
        (lambda request: answer(request, None, raw=b"<html>"), TransientError),
        (lambda request: answer(request, {"count": 5}), TransientError),
        (lambda request: answer(request, {"contacts": []}), ConfigError),
        (lambda request: answer(request, {"contacts": [3], "count": 1}), ConfigError),
        (lambda request: answer(request, {"contacts": [{"id": "x"}], "count": 1}), ConfigError),
        (_unwell, TransientError),
    ],
)
def test_what_is_not_a_whole_page_is_an_error(
    account: Account, step: Callable[[requests.PreparedRequest], requests.Response], kind: type[Exception]
) -> None:
    account.hold([ANNA])
    account.brevo.steps = [_pass, *[step] * 20]
    with pytest.raises(kind) as caught:
        list(account.audience.subscribers())
    assert not [part for part in (KEY, "Secret", "@") if part in str(caught.value)]


def test_brevo_s_own_header_says_how_long_to_stay_away(account: Account) -> None:
    account.hold([ANNA])

    def slow(request: requests.PreparedRequest) -> requests.Response:
        return answer(request, {"code": "too_many_requests"}, status=429, x_sib_ratelimit_reset="9")

    account.brevo.steps = [slow]
    assert len(list(account.audience.subscribers())) == 1
    assert [9 <= each <= 10 for each in account.slept] == [True]


def test_a_wrong_key_is_a_setting_to_mend() -> None:
    (finding,) = Account("xkeysib-wrong").audience.check()
    assert (finding.level, "api_key" in finding.seen, "wrong" in finding.seen) == (Level.ERROR, True, False)


@pytest.mark.parametrize("key", ["", "line\nbreak", "ключ", "two words"])
def test_a_key_that_cannot_stand_in_a_header_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ConfigError, match="api_key") as caught:
        connect(Config(api_key=SecretStr(key)))
    assert not key or key not in str(caught.value)
