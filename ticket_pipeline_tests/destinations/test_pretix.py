"""pretix as a destination, against a stub with the real one's quirks; `real/` puts the real one through the same."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import requests
from pydantic import ValidationError

from ticket_pipeline.destinations.base import Destination
from ticket_pipeline.destinations.pretix import Config, Pretix
from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.model.change import Action, Held, Outcome
from ticket_pipeline.model.ticket_definition import SalePeriod, TicketDefinition
from ticket_pipeline_tests.destinations.changes import create, refused, removal, update, wix_id
from ticket_pipeline_tests.destinations.pretix_contract import CountingSession, PretixContract, as_record, reach
from ticket_pipeline_tests.destinations.pretix_stub import TOKEN, Json, PretixStub
from ticket_pipeline_tests.mapping.tickets import START, fixed, guest, options, ticket

CONFIG = {"url": "http://pretix.test", "organizer": "stage", "token": TOKEN}
ID = "wix_ticket_definition_id"


class TestPretix(PretixContract):
    """pretix keeps the contract."""

    @pytest.fixture
    def destination(self) -> Pretix:
        self.session = CountingSession()
        self.session.mount("http://", PretixStub())
        return reach(CONFIG, self.session)


@pytest.fixture
def stub() -> PretixStub:
    """Stand in for a pretix without events."""
    return PretixStub()


def connected(stub: PretixStub, mapping: dict[str, Any] | None = None, **config: Any) -> Pretix:
    session = requests.Session()
    session.mount("http://", stub)
    return reach({**CONFIG, **config}, session, mapping)


def made(destination: Destination, definition: TicketDefinition) -> Held:
    (outcome,) = destination.apply([create(as_record(definition))])
    assert not outcome.refused, outcome.reason
    (held,) = destination.find([definition.id])
    return held


def brought(destination: Destination, definition: TicketDefinition, held: Held) -> Outcome:
    (outcome,) = destination.apply([update(as_record(definition), held)])
    assert not outcome.refused, outcome.reason
    return outcome


def test_an_item_says_what_the_ticket_says(stub: PretixStub) -> None:
    period = SalePeriod(start=START, end=START.replace(month=6), display_not_on_sale=True)
    wanted = ticket(id=wix_id(), description="*Standing*", policy_text="No refund", sale_period=period)
    made(connected(stub), wanted)
    item = stub.item(wanted.id)
    assert item["name"] == {"en": "General Admission"}
    assert item["description"] == {"en": "\\*Standing\\*\n\n---\n\nNo refund"}
    assert (item["default_price"], item["free_price"], item["active"]) == ("65.00", False, True)
    assert (item["available_from"], item["available_until"]) == (START.isoformat(), period.end.isoformat())  # type: ignore[union-attr]  # it has an end
    assert (item["available_from_mode"], item["available_until_mode"]) == ("info", "info")
    assert (item["meta_data"], item["internal_name"]) == ({ID: wanted.id}, f"wix:{wanted.id}")
    (quota,) = stub.quotas["wix-gala"]
    assert (quota["name"], quota["size"], quota["items"]) == ("General Admission", 250, [item["id"]])


def test_a_ticket_without_a_limit_has_a_quota_without_a_size(stub: PretixStub) -> None:
    made(connected(stub), ticket(id=wix_id(), limited=False))
    assert stub.quotas["wix-gala"][0]["size"] is None


def test_a_guest_price_is_a_free_price_with_its_minimum(stub: PretixStub) -> None:
    wanted = ticket(id=wix_id(), pricing=guest("7.50"))
    made(connected(stub), wanted)
    item = stub.item(wanted.id)
    assert (item["free_price"], item["default_price"]) == (True, "7.50")


def test_price_options_are_variations_that_bear_their_wix_ids(stub: PretixStub) -> None:
    wanted = ticket(id=wix_id(), pricing=options(("a", "Adult", "20"), ("b", "Child", "9.5")))
    made(connected(stub), wanted)
    variations = stub.item(wanted.id)["variations"]
    assert [(v["value"]["en"], v["default_price"], v["meta_data"]) for v in variations] == [
        ("Adult", "20.00", {"wix_option_id": "a"}),
        ("Child", "9.50", {"wix_option_id": "b"}),
    ]
    assert stub.quotas["wix-gala"][0]["variations"] == [each["id"] for each in variations]


def test_a_ticket_without_any_price_cannot_be_bought_until_it_has_one(stub: PretixStub) -> None:
    destination, wanted = connected(stub), ticket(id=wix_id(), pricing=options())
    held = made(destination, wanted)
    assert stub.quotas["wix-gala"][0]["closed"]
    brought(destination, ticket(id=wanted.id, pricing=fixed("5")), held)
    assert not stub.quotas["wix-gala"][0]["closed"]


def test_the_wix_id_is_sent_by_the_create_alone(stub: PretixStub) -> None:
    destination, wanted = connected(stub), ticket(id=wix_id())
    held = made(destination, wanted)
    stub.item(wanted.id)["internal_name"] = "Front desk"
    brought(destination, ticket(id=wanted.id, name="VIP", hidden=True), held)
    item = stub.item(wanted.id)
    assert (item["meta_data"], item["internal_name"], item["name"]) == ({ID: wanted.id}, "Front desk", {"en": "VIP"})


@pytest.mark.parametrize("lost", ["meta_data", "internal_name"])
def test_either_mark_of_an_item_is_enough_to_know_it_again(stub: PretixStub, lost: str) -> None:
    destination, wanted = connected(stub), ticket(id=wix_id())
    made(destination, wanted)
    item = stub.items["wix-gala"][0]
    item[lost] = {} if lost == "meta_data" else "Renamed by people"
    made(destination, ticket(id=wanted.id, name="Again"))
    assert [each["name"] for each in stub.items["wix-gala"]] == [{"en": "Again"}]


def test_an_update_writes_what_differs_and_both_ends_of_the_window_together(stub: PretixStub) -> None:
    destination = connected(stub)
    wanted = ticket(id=wix_id())
    held = made(destination, wanted)
    before = stub.writes
    brought(destination, wanted, held)
    assert stub.writes == before
    # Only one end differs, and alone pretix would not see that the window is upside down.
    upside_down = SalePeriod(start=START, end=START.replace(month=1), display_not_on_sale=True)
    (outcome,) = destination.apply([update(as_record(ticket(id=wanted.id, sale_period=upside_down)), held)])
    assert (outcome.code, stub.item(wanted.id)["available_until"]) == ("refused", None)
    assert "availability cannot end" in str(outcome.reason)


def test_other_languages_and_settings_of_people_stay(stub: PretixStub) -> None:
    destination, wanted = connected(stub), ticket(id=wix_id())
    held = made(destination, wanted)
    item = stub.item(wanted.id)
    item["name"]["de"], item["tax_rule"] = "Eintritt", 7
    brought(destination, ticket(id=wanted.id, name="Entry"), held)
    assert (item["name"], item["tax_rule"]) == ({"en": "Entry", "de": "Eintritt"}, 7)


def test_a_sold_ticket_is_archived_instead_of_deleted(stub: PretixStub) -> None:
    destination, wanted = connected(stub), ticket(id=wix_id())
    held = made(destination, wanted)
    stub.sold.add(stub.item(wanted.id)["id"])
    (outcome,) = destination.apply([removal(Action.DELETE, as_record(wanted), held)])
    assert (outcome.refused, outcome.external_id) == (False, held.external_id)
    assert (stub.item(wanted.id)["active"], len(stub.quotas["wix-gala"])) == (False, 1)
    assert [each.archived for each in destination.find()] == [True]


def test_a_deleted_ticket_takes_its_quota_along(stub: PretixStub) -> None:
    destination, wanted = connected(stub), ticket(id=wix_id())
    held = made(destination, wanted)
    shared = {**stub.quotas["wix-gala"][0], "id": 99, "items": [stub.item(wanted.id)["id"], 98]}
    stub.quotas["wix-gala"].append(shared)
    list(destination.apply([removal(Action.DELETE, as_record(wanted), held)]))
    assert (stub.items["wix-gala"], stub.quotas["wix-gala"]) == ([], [shared])


@pytest.mark.parametrize("back", [False, True])
def test_a_switch_of_the_pricing_archives_the_item_and_makes_another(stub: PretixStub, back: bool) -> None:
    destination, wix = connected(stub), wix_id()
    ways = [fixed("5"), options(("a", "Adult", "5"))]
    first, second = reversed(ways) if back else ways
    held = made(destination, ticket(id=wix, pricing=first))
    outcome = brought(destination, ticket(id=wix, pricing=second), held)
    old, new = stub.items["wix-gala"]
    assert (old["active"], new["active"], bool(new["variations"])) == (False, True, not back)
    assert outcome.external_id == f"wix-gala/{new['id']}" != held.external_id
    (found,) = destination.find()
    assert (found.external_id, found.archived) == (outcome.external_id, False)
    (outcome,) = destination.apply([removal(Action.DELETE, as_record(ticket(id=wix)), found)])
    assert (stub.items["wix-gala"], stub.quotas["wix-gala"]) == ([], [])


def test_a_sold_or_last_variation_is_taken_off_sale_and_comes_back(stub: PretixStub) -> None:
    destination, wix = connected(stub), wix_id()
    both = ticket(id=wix, pricing=options(("a", "Adult", "20"), ("b", "Child", "9")))
    held = made(destination, both)
    stub.sold.add(stub.item(wix)["variations"][0]["id"])
    brought(destination, ticket(id=wix, pricing=options(("b", "Child", "9"))), held)
    assert [each["active"] for each in stub.item(wix)["variations"]] == [False, True]
    brought(destination, ticket(id=wix, pricing=options()), held)
    assert [each["active"] for each in stub.item(wix)["variations"]] == [False]
    brought(destination, both, held)
    assert [each["active"] for each in stub.item(wix)["variations"]] == [True, True]
    assert len(stub.items["wix-gala"]) == 1


def test_a_variation_that_people_made_is_never_deleted(stub: PretixStub) -> None:
    destination, wanted = connected(stub), ticket(id=wix_id(), pricing=options(("a", "Adult", "20")))
    held = made(destination, wanted)
    theirs: Json = {"id": 77, "value": {"en": "Staff"}, "active": True, "position": 9, "default_price": None}
    stub.item(wanted.id)["variations"].append({**theirs, "meta_data": {}})
    brought(destination, wanted, held)
    assert [each["active"] for each in stub.item(wanted.id)["variations"]] == [True, False]


def test_an_item_without_its_quota_reads_as_not_for_sale_and_is_given_one(stub: PretixStub) -> None:
    destination, wanted = connected(stub), ticket(id=wix_id(), limited=False)
    stub.fail("POST .*quotas", 400)
    (outcome,) = destination.apply([create(as_record(wanted))])
    assert outcome.refused
    (held,) = destination.find([wanted.id])
    assert held.fields["capacity"] == 0
    brought(destination, wanted, held)
    assert len(stub.quotas["wix-gala"]) == 1


def test_what_people_change_shows_in_what_is_read_back(stub: PretixStub) -> None:
    destination, wanted = connected(stub), ticket(id=wix_id())
    made(destination, wanted)
    stub.item(wanted.id).update(default_price="66.00", available_until_mode="hide", active=False)
    stub.quotas["wix-gala"][0]["closed"] = True
    (held,) = destination.find()
    assert (held.fields["price"], held.fields["hidden"], held.fields["capacity"]) == (Decimal(66), True, 0)
    assert (held.fields["show_when_not_on_sale"], held.archived) == (None, False)


def test_twins_that_people_make_are_seen(stub: PretixStub) -> None:
    destination, wanted = connected(stub), ticket(id=wix_id())
    held = made(destination, wanted)
    stub.items["wix-gala"].append({**stub.item(wanted.id), "id": 500})
    assert len(list(destination.find([wanted.id]))) == 2
    assert brought(destination, ticket(id=wanted.id, name="VIP"), held).external_id == held.external_id


@pytest.mark.parametrize(
    ("change", "code", "word"),
    [
        ({"price": Decimal("-1")}, "negative_price", "-1"),
        ({"price": Decimal("1.005")}, "too_many_decimals", "1.005"),
        ({"currency": "USD"}, "currency_mismatch", "priced in USD"),
        ({"price_options": ({"wix_option_id": "a", "name": "A", "price": Decimal("-2")},)}, "negative_price", "-2"),
    ],
)
def test_what_pretix_would_sell_wrongly_is_refused_before_it_is_sent(
    stub: PretixStub, change: dict[str, Any], code: str, word: str
) -> None:
    stub.make_event("wix-gala")
    record = as_record(ticket(id=wix_id()))
    right = as_record(ticket(id=wix_id()))
    wrong = replace(record, fields={**record.fields, **change})
    first, second = connected(stub).apply([create(wrong), create(right)])
    assert (first.code, second.code) == (code, None)
    assert word in str(first.reason)
    assert len(stub.items["wix-gala"]) == 1


def test_only_what_the_mapping_declares_is_pretixs_to_lose(stub: PretixStub) -> None:
    destination = connected(stub, {"capacity": None, "hidden": None, "description": None, "policy": None})
    wanted = ticket(id=wix_id())
    built = {name: value for name, value in as_record(wanted).fields.items() if name not in _TAKEN_AWAY}
    record = replace(as_record(wanted), fields=built)
    list(destination.apply([create(record)]))
    item, (quota,) = stub.item(wanted.id), stub.quotas["wix-gala"]
    item["description"], quota["size"] = {"en": "By hand"}, 12
    list(destination.apply([create(replace(record, fields={**built, "name": "VIP"}))]))
    assert (item["name"], item["description"], quota["size"]) == ({"en": "VIP"}, {"en": "By hand"}, 12)


_TAKEN_AWAY = {"capacity", "hidden", "description", "policy"}


@pytest.mark.parametrize(
    ("mapping", "word"),
    [
        ({"titel": "name"}, "unknown field 'titel'"),
        ({"price": {"from": "price.value", "as": "minor_units"}}, "mapping.price: pretix takes decimal"),
        ({"name": None}, "mapping.name: pretix needs this field"),
        ({"sale_end": None}, "sale_start and sale_end go together"),
        ({"price_options": {"each": "options", "fields": {"name": "name"}}}, "mapping.price_options.price"),
        ({"event_slug": None}, "event names event.slug"),
    ],
)
def test_a_mapping_that_has_no_place_in_pretix_is_refused_at_once(mapping: dict[str, Any], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        reach(CONFIG, None, mapping)


@pytest.mark.parametrize("template", ["wix-{event.slugg}", "wix-{", "{event.id", ""])
def test_a_template_that_names_nothing_is_refused_where_it_stands(template: str) -> None:
    with pytest.raises(ValidationError):
        Config.model_validate({**CONFIG, "event": template})


@pytest.mark.parametrize(("fee", "lost"), [("FEE_ADDED_AT_CHECKOUT", 1), ("FEE_INCLUDED", 0), ("NO_FEE", 0), (None, 0)])
def test_a_fee_that_buyers_would_see_is_told_as_lost(stub: PretixStub, fee: str | None, lost: int) -> None:
    assert len(connected(stub).losses(as_record(ticket(fee_type=fee)))) == lost
    assert len(connected(stub).losses(as_record(ticket(fee_type=fee, pricing=options())))) == lost + 1


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("how", [500, requests.ReadTimeout("too slow"), requests.ConnectionError("cut")])
def test_a_create_that_fails_once_is_made_once(stub: PretixStub, how: int | Exception, late: bool) -> None:
    stub.fail("POST .*items/$", how, late=late)
    made(connected(stub), ticket(id=wix_id()))
    assert len(stub.items["wix-gala"]) == 1


def test_the_same_content_written_twice_is_two_writes_to_pretix(stub: PretixStub) -> None:
    destination, wanted = connected(stub), ticket(id=wix_id())
    held = made(destination, wanted)
    for _ in range(2):
        stub.item(wanted.id)["default_price"] = "1.00"
        brought(destination, wanted, held)
        assert stub.item(wanted.id)["default_price"] == "65.00"
    assert len(set(stub.keys)) == len(stub.keys) == stub.writes


def test_a_pretix_that_is_down_leaves_the_rest_untouched(stub: PretixStub) -> None:
    destination = connected(stub, connections=1)
    tickets = [ticket(id=wix_id()) for _ in range(5)]
    made(destination, tickets[0])
    stub.fail("POST .*items/$", 503, times=100)
    outcomes: list[Outcome] = []
    with pytest.raises(TransientError, match="busy or unwell"):
        outcomes.extend(destination.apply([create(as_record(each)) for each in tickets]))
    asked = sum(path.endswith("items/") and method == "POST" for method, path in stub.calls)
    assert (refused(outcomes), asked) == ([], 1 + 6)


def test_what_was_made_before_a_failure_is_told_before_it_is_raised(stub: PretixStub) -> None:
    destination = connected(stub, connections=1)
    tickets = [ticket(id=wix_id(), name=f"T{n}") for n in range(4)]
    outcomes: list[Outcome] = []
    made(destination, ticket(id=wix_id()))
    stub.fail("PATCH", 500, times=100)
    changes = [create(as_record(tickets[0])), create(as_record(tickets[1]))]
    (held,) = destination.find()
    changes.append(update(as_record(ticket(id=held.definition_id, name="New")), held))
    changes.append(create(as_record(tickets[2])))
    with pytest.raises(TransientError):
        outcomes.extend(destination.apply(changes))
    assert [outcome.change for outcome in outcomes] == changes[:2]
    assert len(stub.items["wix-gala"]) == 3


def test_retry_after_is_waited_for(stub: PretixStub) -> None:
    waits: list[float] = []
    session = requests.Session()
    session.mount("http://", stub)
    destination = Pretix(Config.model_validate(CONFIG), TestPretix.mapping(), session, sleep=waits.append)
    stub.fail("GET events/", 429, Retry_After="7")
    assert list(destination.find()) == []
    assert [7 <= wait < 8 for wait in waits] == [True]


@pytest.mark.parametrize(
    ("url", "declared", "paced"),
    [
        ("https://pretix.eu", None, True),
        ("https://acme.pretix.eu/", None, True),
        ("https://tickets.example.org", None, False),
        ("https://tickets.example.org", 120, True),
    ],
)
def test_only_a_hosted_pretix_has_a_pace_unless_it_is_declared(url: str, declared: int | None, paced: bool) -> None:
    destination = reach({**CONFIG, "url": url, "requests_per_minute": declared})
    assert destination.api.paced is paced


def test_a_lists_pages_are_read_whole_or_not_at_all(stub: PretixStub) -> None:
    destination = connected(stub)
    list(destination.apply([create(as_record(ticket(id=wix_id()))) for _ in range(120)]))
    stub.calls.clear()
    assert len(list(destination.find())) == 120
    assert [path for _, path in stub.calls].count("events/wix-gala/items/") == 3
    stub.before = _shrink(stub.items["wix-gala"])
    with pytest.raises(TransientError, match="changes while it is read"):
        list(destination.find())


def _shrink(items: list[Json]) -> Callable[[str], None]:
    def shrink(asked: str) -> None:
        if asked == "GET events/wix-gala/items/":
            items.pop(0)

    return shrink


def test_few_changes_are_looked_up_one_by_one_and_many_by_the_page(stub: PretixStub) -> None:
    destination = connected(stub)
    tickets = [ticket(id=wix_id()) for _ in range(60)]
    list(destination.apply([create(as_record(each)) for each in tickets]))
    held = {each.definition_id: each for each in destination.find()}
    for many, reads in ((1, 2), (60, 4)):
        changes = [update(as_record(ticket(id=t.id, name=f"Now {many}")), held[t.id]) for t in tickets[:many]]
        stub.calls.clear()
        assert refused(list(destination.apply(changes))) == []
        assert sum(method == "GET" for method, path in stub.calls if path != "events/") == reads


def test_no_secret_is_shown(stub: PretixStub) -> None:
    destination = connected(stub)
    assert TOKEN not in repr(Config.model_validate(CONFIG))
    assert TOKEN not in destination.identity
    stub.fail("GET", 400, times=9)
    with pytest.raises(ConfigError) as caught:
        list(destination.find())
    assert TOKEN not in str(caught.value)
