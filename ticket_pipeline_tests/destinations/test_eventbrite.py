"""The destination `eventbrite`, against a stub written from its documentation."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any, ClassVar

import pytest
import requests
from pydantic import SecretStr, ValidationError

from ticket_pipeline.destinations import eventbrite
from ticket_pipeline.destinations.base import Destination
from ticket_pipeline.destinations.eventbrite import Config, Eventbrite, connect
from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.mapping.mapping import build_mapping
from ticket_pipeline.model.change import Action, Change, Held, Outcome
from ticket_pipeline.model.finding import Level
from ticket_pipeline.model.record import Record
from ticket_pipeline.model.ticket_definition import TicketDefinition
from ticket_pipeline_tests.audiences.ghost_stub import answer
from ticket_pipeline_tests.destinations.changes import create, removal, update, wix_id
from ticket_pipeline_tests.destinations.eventbrite_stub import GALA, JAZZ, TOKEN, EventbriteStub, error
from ticket_pipeline_tests.destinations.hosted_contract import HostedContract
from ticket_pipeline_tests.mapping.tickets import event, fixed, guest, money, ticket

MAPPING = build_mapping(eventbrite.DEFAULT_MAPPING)


class Account(Eventbrite):
    """A destination connected to an Eventbrite of its own, with links kept as `publish` keeps them."""

    def __init__(self, stub: EventbriteStub | None = None, token: str = TOKEN, **settings: Any) -> None:
        self.eventbrite = stub or EventbriteStub()
        self.links: dict[str, str] = {}
        self.slept: list[float] = []
        session = requests.Session()
        session.mount("https://", self.eventbrite)
        config = Config(token=SecretStr(token), events={"gala": GALA, "other-id": JAZZ}, **settings)
        super().__init__(config, MAPPING, session, sleep=self.slept.append)
        self.rely_on(lambda: self.links)

    def apply(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        for outcome in super().apply(changes):
            if outcome.change.action is Action.DELETE:
                self.links.pop(outcome.change.definition_id, None)
            elif outcome.external_id is not None:
                self.links[outcome.change.definition_id] = outcome.external_id
            yield outcome


@pytest.fixture
def account() -> Account:
    return Account()


def record(**changes: Any) -> Record:
    return MAPPING.record(ticket(**{"id": wix_id(), **changes}), event())


def changed(wanted: Record, **fields: Any) -> Record:
    return replace(wanted, fields={**wanted.fields, **fields})


def held(account: Account, wanted: Record) -> Held:
    (found,) = account.find([wanted.definition_id])
    return found


class TestContract(HostedContract):
    """Eventbrite keeps the contract, for tickets that have a limit."""

    kind: ClassVar[ModuleType] = eventbrite

    @pytest.fixture
    def destination(self, account: Account) -> Account:
        return account

    def carried(self, drawn: TicketDefinition) -> TicketDefinition:
        """Limit the ticket; what is archived is read back as not hidden otherwise."""
        return replace(super().carried(drawn), limited=True, hidden=False)

    def writes(self, destination: Destination) -> int:
        assert isinstance(destination, Account)
        return destination.eventbrite.writes

    def refuse(self, _: Destination, record: Record) -> Record:
        return replace(record, fields={**record.fields, "name": ""})


@pytest.mark.parametrize(
    ("currency", "price", "cost"),
    [("EUR", "25.00", "EUR,2500"), ("JPY", "2500", "JPY,2500"), ("KWD", "1.5", "KWD,1500"), ("USD", "0.01", "USD,1")],
)
def test_a_price_is_sent_in_minor_units(account: Account, currency: str, price: str, cost: str) -> None:
    account.eventbrite.currency = currency
    wanted = record(pricing=fixed(price, currency))
    (outcome,) = account.apply([create(wanted)])
    (there,) = account.eventbrite.ticket_classes
    assert (outcome.refused, f"{there['cost']['currency']},{there['cost']['value']}") == (False, cost)
    assert held(account, wanted).fields["price"] == money(price).value


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"limited": False}, "unlimited"),
        ({"initial_limit": 0, "actual_limit": 0}, "capacity"),
        ({"pricing": fixed("2.005")}, "price"),
        ({"pricing": fixed("-1")}, "price"),
        ({"pricing": fixed("5", "XQQ")}, "currency"),
        ({"pricing": fixed("5", "USD")}, "currency"),
    ],
)
def test_what_eventbrite_cannot_sell_is_refused_with_a_reason(
    account: Account, changes: dict[str, Any], code: str
) -> None:
    (outcome,) = account.apply([create(record(**changes))])
    assert (outcome.code, account.eventbrite.ticket_classes) == (code, [])
    assert outcome.reason


def test_an_error_of_eventbrite_s_is_told_with_what_to_do(account: Account) -> None:
    account.eventbrite.steps = [
        *[lambda _: None] * 2,
        lambda request: error(request, "INSUFFICIENT_PACKAGE", "Upgrade"),
    ]
    (outcome,) = account.apply([create(record())])
    assert (outcome.code, "plan allows no more" in str(outcome.reason)) == ("insufficient_package", True)


def test_a_guest_price_is_a_donation_and_may_be_unlimited(account: Account) -> None:
    wanted = record(pricing=guest("5.00"), limited=False)
    (outcome,) = account.apply([create(wanted)])
    (there,) = account.eventbrite.ticket_classes
    assert (outcome.refused, there["donation"], there["cost"], there["capacity"]) == (False, True, None, None)
    assert held(account, wanted).fields["minimum_price"] is True
    assert any("5.00 EUR" in each for each in account.losses(wanted))


def test_the_price_of_what_has_sold_is_refused_and_the_rest_is_made(account: Account) -> None:
    wanted = record()
    list(account.apply([create(wanted)]))
    account.eventbrite.ticket_classes[0]["quantity_sold"] = 3
    after = changed(wanted, name="New", price=money("70").value)
    (outcome,) = account.apply([update(after, held(account, wanted))])
    (there,) = account.eventbrite.ticket_classes
    assert (outcome.code, there["name"], there["cost"]["value"]) == ("cannot_update_cost", "New", 6500)
    assert "another ticket at Wix" in str(outcome.reason)
    (outcome,) = account.apply([update(changed(wanted, capacity=9), held(account, wanted))])
    assert (outcome.refused, there["capacity"]) == (False, 9)


def test_what_a_person_has_set_survives_an_update(account: Account) -> None:
    wanted = record()
    list(account.apply([create(wanted)]))
    theirs = {"maximum_quantity": 4, "order_confirmation_message": "Hello", "sorting": 2, "include_fee": True}
    account.eventbrite.ticket_classes[0].update(theirs)
    list(account.apply([update(changed(wanted, name="New"), held(account, wanted))]))
    (there,) = account.eventbrite.ticket_classes
    assert {name: there[name] for name in theirs} == theirs
    list(account.apply([removal(Action.ARCHIVE, wanted, held(account, wanted))]))
    assert {name: there[name] for name in theirs} == theirs


@pytest.mark.parametrize("action", [Action.ARCHIVE, Action.DELETE])
def test_what_is_removed_is_hidden_and_stays(account: Account, action: Action) -> None:
    wanted = record()
    list(account.apply([create(wanted)]))
    (outcome,) = account.apply([removal(action, wanted, held(account, wanted))])
    (there,) = account.eventbrite.ticket_classes
    assert (outcome.refused, there["hidden"], there["cost"]["value"]) == (False, True, 6500)


def test_hidden_by_a_person_is_hidden_and_not_archived(account: Account) -> None:
    wanted = record()
    list(account.apply([create(wanted)]))
    account.eventbrite.ticket_classes[0]["hidden"] = True
    found = held(account, wanted)
    assert (found.archived, found.fields["hidden"]) == (False, True)


def test_nothing_is_found_but_by_links(account: Account) -> None:
    wanted = record()
    list(account.apply([create(wanted)]))
    assert [each.definition_id for each in account.find()] == [wanted.definition_id]
    account.links.clear()
    assert list(account.find()) == []


def test_a_create_of_which_nobody_knows_whether_it_arrived_is_taken_for_what_it_is(account: Account) -> None:
    def late(request: requests.PreparedRequest) -> requests.Response:
        account.eventbrite.answer(request)
        raise requests.ReadTimeout("after the write")

    wanted = create(record())
    account.eventbrite.steps = [lambda _: None, lambda _: None, late]
    with pytest.raises(TransientError):
        list(account.apply([wanted]))
    assert account.slept == []
    (outcome,) = account.apply([wanted])
    (there,) = account.eventbrite.ticket_classes
    assert outcome.external_id == f"{GALA}/{there['id']}"


def test_a_lost_state_makes_no_twins(account: Account) -> None:
    wanted = [record(name=f"T{n}", pricing=fixed(str(n))) for n in range(4)]
    list(account.apply([create(each) for each in wanted]))
    before = dict(account.links)
    account.links.clear()
    outcomes = list(account.apply([create(each) for each in wanted]))
    assert [each.refused for each in outcomes] == [False] * 4
    assert (account.links, len(account.eventbrite.ticket_classes)) == (before, 4)


def test_equal_tickets_get_one_ticket_class_each(account: Account) -> None:
    wanted = [record() for _ in range(3)]
    for _ in range(2):
        outcomes = list(account.apply([create(each) for each in wanted]))
        assert len({each.external_id for each in outcomes}) == 3
        account.links.clear()
    assert len(account.eventbrite.ticket_classes) == 3


def test_a_namesake_that_is_nobody_s_is_left_to_a_person(account: Account) -> None:
    wanted = record()
    list(account.apply([create(wanted)]))
    (at,) = account.links.values()
    account.links.clear()
    other = changed(wanted, price=money("70").value)
    (outcome,) = account.apply([create(other)])
    assert (outcome.code, len(account.eventbrite.ticket_classes)) == ("unresolved", 1)
    number = at.partition("/")[2]
    assert f'ticket_classes: {{{wanted.definition_id}: "{number}"}}' in str(outcome.reason)
    declared = Account(account.eventbrite, ticket_classes={wanted.definition_id: number})
    (outcome,) = declared.apply([create(other)])
    (there,) = account.eventbrite.ticket_classes
    assert (outcome.external_id, there["cost"]["value"]) == (at, 7000)


def test_a_hidden_namesake_is_in_nobody_s_way(account: Account) -> None:
    wanted = record()
    list(account.apply([create(wanted)]))
    list(account.apply([removal(Action.DELETE, wanted, held(account, wanted))]))
    (outcome,) = account.apply([create(record(name=str(wanted.fields["name"])))])
    assert (outcome.refused, len(account.eventbrite.ticket_classes)) == (False, 2)


def test_a_linked_ticket_class_that_somebody_removed_is_made_again(account: Account) -> None:
    wanted = record()
    list(account.apply([create(wanted)]))
    account.eventbrite.events[GALA].clear()
    assert list(account.find()) == []
    (outcome,) = account.apply([update(wanted)])
    assert outcome.code == "not_found"
    (outcome,) = account.apply([create(wanted)])
    assert (outcome.refused, len(account.eventbrite.ticket_classes)) == (False, 1)


def test_a_ticket_class_does_not_move_between_events(account: Account) -> None:
    wanted = record()
    list(account.apply([create(wanted)]))
    for change in (update, create):
        (outcome,) = account.apply([change(changed(wanted, event_slug="other-id"))])
        assert outcome.code == "moved"


def test_more_ticket_classes_than_a_page_are_read_whole(account: Account) -> None:
    account.eventbrite.page = 2
    list(account.apply([create(record(name=f"T{n}")) for n in range(5)]))
    assert len(list(account.find())) == 5


def test_a_continuation_that_comes_twice_is_an_error(account: Account) -> None:
    list(account.apply([create(record())]))
    page = {"ticket_classes": [], "pagination": {"has_more_items": True, "continuation": "again"}}
    account.eventbrite.steps = [lambda request: answer(request, page)] * 9
    with pytest.raises(TransientError, match="break off"):
        list(account.find())


def test_the_hour_s_calls_being_used_up_is_for_later(account: Account) -> None:
    used_up = error(requests.Request("GET", "https://x.test").prepare(), "HIT_RATE_LIMIT", "Hourly rate", status=429)
    account.eventbrite.steps = [lambda _: used_up] * 9
    with pytest.raises(TransientError) as caught:
        list(account.apply([create(record())]))
    assert (caught.value.retry_after, account.slept) == (3600.0, [])


def test_the_longer_form_of_a_cost_is_read_too(account: Account) -> None:
    wanted = record()
    list(account.apply([create(wanted)]))
    there = account.eventbrite.ticket_classes[0]
    there["cost"] = {"cost": there["cost"], "fee": {"currency": "EUR", "value": 100}}
    assert held(account, wanted).fields["price"] == 65


def test_what_is_lost_is_told() -> None:
    lost = Account().losses(record(policy_text="No refunds", fee_type="FEE_INCLUDED", pricing=guest("3")))
    assert len(lost) == 3
    assert Account().losses(record()) == ()
    assert Account().losses(record(pricing=guest("0"))) == ()


def test_a_check_looks_at_token_and_events(account: Account) -> None:
    assert [each.level for each in account.check()] == [Level.OK] * 3
    del account.eventbrite.events[JAZZ]
    assert [each.level for each in Account(account.eventbrite).check()] == [Level.OK, Level.OK, Level.ERROR]
    assert account.eventbrite.writes == 0


def test_a_wrong_token_is_a_setting_to_mend() -> None:
    account = Account(token="WRONGTOKEN")  # noqa: S106 - wrong on purpose
    (finding,) = account.check()
    assert (finding.level, "token" in finding.seen, "WRONGTOKEN" in finding.seen) == (Level.ERROR, True, False)
    with pytest.raises(ConfigError):
        list(account.apply([create(record())]))


def test_an_invalid_token_is_a_setting_to_mend_though_eventbrite_calls_it_a_bad_request(account: Account) -> None:
    account.eventbrite.steps = [lambda request: error(request, "INVALID_AUTH", "invalid")]
    with pytest.raises(ConfigError, match="token"):
        list(account.apply([create(record())]))


def test_a_field_without_a_place_is_refused() -> None:
    config = Config(token=SecretStr(TOKEN), events={"gala": GALA})
    with pytest.raises(ConfigError, match="titel"):
        connect(config, build_mapping(eventbrite.DEFAULT_MAPPING, {"titel": "name"}))


def test_the_settings_show_no_token_and_want_numbers() -> None:
    assert TOKEN not in repr(Config(token=SecretStr(TOKEN), events={"gala": GALA}))
    with pytest.raises(ValidationError):
        Config(token=SecretStr(TOKEN), events={"gala": "my-gala-tickets"})
    with pytest.raises(ValidationError):
        Config(token=SecretStr(TOKEN), events={})
