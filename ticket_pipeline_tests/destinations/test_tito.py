"""The destination `tito`, against a stub written from its documentation."""

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any, ClassVar

import pytest
import requests
from pydantic import SecretStr, ValidationError

from ticket_pipeline.destinations import tito
from ticket_pipeline.destinations.base import Destination
from ticket_pipeline.destinations.tito import Config, Tito, connect
from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.mapping.mapping import build_mapping
from ticket_pipeline.mapping.rules import ID_FIELD
from ticket_pipeline.model.change import Action
from ticket_pipeline.model.finding import Level
from ticket_pipeline.model.record import Record
from ticket_pipeline_tests.audiences.ghost_stub import answer
from ticket_pipeline_tests.destinations.changes import create, removal, update, wix_id
from ticket_pipeline_tests.destinations.hosted_contract import HostedContract
from ticket_pipeline_tests.destinations.tito_stub import ACCOUNT, TOKEN, TitoStub, unprocessable
from ticket_pipeline_tests.mapping.tickets import event, fixed, guest, options, ticket

MAPPING = build_mapping(tito.DEFAULT_MAPPING)


class Account(Tito):
    """A destination connected to a Tito of its own."""

    def __init__(self, stub: TitoStub | None = None, token: str = TOKEN) -> None:
        self.tito = stub or TitoStub()
        self.slept: list[float] = []
        session = requests.Session()
        session.mount("https://", self.tito)
        config = Config(account=ACCOUNT, token=SecretStr(token), events={"gala": "gala-2026", "other-id": "jazz"})
        super().__init__(config, MAPPING, session, sleep=self.slept.append)


@pytest.fixture
def account() -> Account:
    return Account()


def record(**changes: Any) -> Record:
    return MAPPING.record(ticket(**{"id": wix_id(), **changes}), event())


class TestContract(HostedContract):
    """Tito keeps the contract."""

    kind: ClassVar[ModuleType] = tito

    @pytest.fixture
    def destination(self, account: Account) -> Account:
        return account

    def writes(self, destination: Destination) -> int:
        assert isinstance(destination, Account)
        return destination.tito.writes

    def refuse(self, _: Destination, record: Record) -> Record:
        return replace(record, fields={**record.fields, "name": " "})


def test_the_wix_id_is_sent_when_a_release_is_made_and_never_again(account: Account) -> None:
    wanted = record()
    (made,) = account.apply([create(wanted)])
    assert [each["metadata"] for each in account.tito.releases] == [{ID_FIELD: wanted.definition_id}]
    list(account.apply([update(wanted, next(account.find())), create(wanted)]))
    account.tito.releases[0]["metadata"]["theirs"] = 7
    list(account.apply([update(replace(wanted, fields={**wanted.fields, "name": "New"}), next(account.find()))]))
    assert [each["metadata"] for each in account.tito.releases] == [{ID_FIELD: wanted.definition_id, "theirs": 7}]
    assert made.external_id == f"gala-2026/{account.tito.releases[0]['slug']}"


def test_what_is_not_ours_keeps_its_values(account: Account) -> None:
    wanted = record()
    list(account.apply([create(wanted)]))
    account.tito.releases[0] |= {"max_tickets_per_person": 4, "success_message": "Hello"}
    list(account.apply([update(replace(wanted, fields={**wanted.fields, "name": "New"}), next(account.find()))]))
    (release,) = account.tito.releases
    assert (release["title"], release["max_tickets_per_person"], release["success_message"]) == ("New", 4, "Hello")


@pytest.mark.parametrize("hidden", [False, True])
def test_a_visible_ticket_is_on_sale_and_a_hidden_one_secret_and_off_sale(account: Account, hidden: bool) -> None:
    wanted = record(hidden=not hidden)
    list(account.apply([create(wanted)]))
    list(account.apply([update(replace(wanted, fields={**wanted.fields, "hidden": hidden}), next(account.find()))]))
    (release,) = account.tito.releases
    assert (release["secret"], release["state_name"]) == (hidden, "off_sale" if hidden else "on_sale")


@pytest.mark.parametrize(("by_period", "hidden"), [({}, True), ({"upcoming": True}, False), ({"expired": True}, False)])
def test_taken_off_sale_by_hand_is_hidden_and_by_its_period_is_not(
    account: Account, by_period: dict[str, bool], hidden: bool
) -> None:
    list(account.apply([create(record())]))
    account.tito.releases[0] |= {"state_name": "off_sale", **by_period}
    assert next(account.find()).fields["hidden"] is hidden


@pytest.mark.parametrize("upcoming", [False, True])
@pytest.mark.parametrize("calls", [2, 3, 4])
def test_a_create_that_is_cut_off_anywhere_is_found_and_finished(account: Account, calls: int, upcoming: bool) -> None:
    def lost(_: requests.PreparedRequest) -> requests.Response:
        raise requests.ReadTimeout("nobody knows")

    wanted = create(record())
    account.tito.upcoming = upcoming
    account.tito.steps = [*[lambda _: None] * calls, *[lost] * 99]
    with pytest.raises(TransientError):
        list(account.apply([wanted]))
    account.tito.steps = []
    assert all(each.fields["hidden"] for each in account.find())
    list(account.apply([wanted]))
    (release,) = account.tito.releases
    assert (release["secret"], release["state_name"]) == (False, "on_sale")


def test_a_create_of_which_nobody_knows_whether_it_arrived_is_not_sent_again(account: Account) -> None:
    def late(request: requests.PreparedRequest) -> requests.Response:
        account.tito.answer(request)
        raise requests.ReadTimeout("after the write")

    wanted = create(record())
    account.tito.steps = [lambda _: None, lambda _: None, late]
    with pytest.raises(TransientError):
        list(account.apply([wanted]))
    assert account.slept == []
    (outcome,) = account.apply([wanted])
    assert (len(account.tito.releases), outcome.refused) == (1, False)


def test_a_create_that_was_turned_away_for_too_many_calls_is_sent_again(account: Account) -> None:
    account.tito.steps = [lambda _: None, lambda _: None, lambda request: answer(request, None, status=429)]
    (outcome,) = account.apply([create(record())])
    assert (outcome.refused, len(account.slept), len(account.tito.releases)) == (False, 1, 1)


def test_an_archived_release_is_found_though_tito_hides_it(account: Account) -> None:
    wanted = record()
    list(account.apply([create(wanted)]))
    list(account.apply([removal(Action.ARCHIVE, wanted, next(account.find()))]))
    assert [each.archived for each in account.find([wanted.definition_id])] == [True]


def test_a_list_that_hides_releases_is_an_error_and_no_reason_for_twins(account: Account) -> None:
    list(account.apply([create(record()), create(record())]))

    def short(request: requests.PreparedRequest) -> requests.Response:
        return answer(request, {"releases": [], "meta": {"next_page": None, "overall_total": 2}})

    account.tito.steps = [short] * 9
    with pytest.raises(TransientError, match="not all releases"):
        list(account.find())


def test_more_releases_than_a_page_are_read_whole(account: Account) -> None:
    account.tito.page = 2
    list(account.apply([create(record()) for _ in range(5)]))
    assert len(list(account.find())) == 5


def test_what_has_sold_is_archived_rather_than_deleted(account: Account) -> None:
    wanted = record()
    list(account.apply([create(wanted)]))
    held = next(account.find())
    account.tito.sold.add(held.external_id.partition("/")[2])
    (outcome,) = account.apply([removal(Action.DELETE, wanted, held)])
    assert (outcome.refused, [each["archived"] for each in account.tito.releases]) == (False, [True])


def test_what_sells_between_the_look_and_the_deletion_is_archived(account: Account) -> None:
    wanted = record()
    list(account.apply([create(wanted)]))
    held = next(account.find())
    refuse: Callable[..., Any] = lambda request: unprocessable(request, base="has sold")  # noqa: E731
    account.tito.steps = [lambda _: None, lambda _: None, refuse]
    (outcome,) = account.apply([removal(Action.DELETE, wanted, held)])
    assert (outcome.refused, [each["archived"] for each in account.tito.releases]) == (False, [True])


def test_a_guest_price_is_a_donation_with_its_minimum(account: Account) -> None:
    list(account.apply([create(record(pricing=guest("5.00")))]))
    (release,) = account.tito.releases
    assert (release["donation"], release["min_donation"], release["price"]) == (True, 5, None)


def test_a_price_in_another_currency_is_refused(account: Account) -> None:
    (outcome,) = account.apply([create(record(pricing=fixed("5", "USD")))])
    assert (outcome.code, "EUR" in str(outcome.reason), account.tito.writes) == ("currency", True, 0)


def test_several_prices_are_sold_at_the_lowest_where_that_is_declared(account: Account) -> None:
    mapping = build_mapping(tito.DEFAULT_MAPPING, {"price_options": None})
    wanted = mapping.record(ticket(pricing=options(("a", "Adult", "20"), ("b", "Child", "9.50"))), event())
    (outcome,) = account.apply([create(wanted)])
    assert (outcome.refused, str(account.tito.releases[0]["price"])) == (False, "9.50")


def test_a_reason_is_told_in_tito_s_words(account: Account) -> None:
    (outcome,) = account.apply([create(record(pricing=fixed("-1")))])
    assert (outcome.code, "price must be greater" in str(outcome.reason)) == ("refused", True)


def test_a_release_does_not_move_between_events(account: Account) -> None:
    wanted = record()
    list(account.apply([create(wanted)]))
    moved = replace(wanted, fields={**wanted.fields, "event_slug": "other-id"})
    (outcome,) = account.apply([update(moved, next(account.find()))])
    assert outcome.code == "moved"


def test_what_is_lost_is_told() -> None:
    lost = Account().losses(record(policy_text="No refunds", fee_type="FEE_ADDED_AT_CHECKOUT"))
    assert ["fee" in each or "policy" in each for each in lost] == [True, True]
    assert Account().losses(record()) == ()


def test_a_check_looks_at_account_and_events(account: Account) -> None:
    assert [each.level for each in account.check()] == [Level.OK] * 3
    del account.tito.events["jazz"]
    other = Account(account.tito)
    assert [each.level for each in other.check()] == [Level.OK, Level.OK, Level.ERROR]
    assert account.tito.writes == 0


def test_a_wrong_token_is_a_setting_to_mend() -> None:
    account = Account(token="wrong_token_of_mine")  # noqa: S106 - wrong on purpose
    (finding,) = account.check()
    assert (finding.level, "token" in finding.seen, "wrong_token" in finding.seen) == (Level.ERROR, True, False)
    with pytest.raises(ConfigError):
        list(account.apply([create(record())]))


@pytest.mark.parametrize(("override", "words"), [({"titel": "name"}, "titel"), ({"price": "name"}, "price")])
def test_a_field_without_a_place_is_refused(override: dict[str, str], words: str) -> None:
    config = Config(account=ACCOUNT, token=SecretStr(TOKEN), events={"gala": "gala"})
    with pytest.raises(ConfigError, match=words):
        connect(config, build_mapping(tito.DEFAULT_MAPPING, override))
    with pytest.raises(ConfigError, match="needs this field"):
        connect(config, build_mapping(tito.DEFAULT_MAPPING, {"price": None}))


def test_the_settings_show_no_token_and_want_an_event() -> None:
    config = Config(account=ACCOUNT, token=SecretStr(TOKEN), events={"gala": "gala"})
    assert TOKEN not in repr(config)
    with pytest.raises(ValidationError):
        Config(account=ACCOUNT, token=SecretStr(TOKEN), events={})
    with pytest.raises(ValidationError):
        Config(account=ACCOUNT, token=SecretStr(TOKEN), events={"gala": "../other"})
