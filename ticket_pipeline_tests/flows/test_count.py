"""Count: what visitors and the organiser do at Wix is what counters show after the next read, in few requests."""

import math
from collections.abc import Iterable
from decimal import Decimal

import pytest

from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.flows.count import count
from ticket_pipeline.model.counting import EVENT_DELETED, Cause, CounterRules, CountReport, Why
from ticket_pipeline.model.tally import TallyPrice, TallyStatus
from ticket_pipeline.store import definitions, tallies
from ticket_pipeline_tests.flows.counters import Counters, remaining
from ticket_pipeline_tests.flows.stage import Stage
from ticket_pipeline_tests.sandbox.api import DEFINITIONS, Api, Clock
from ticket_pipeline_tests.sandbox.happenings import made_definition, made_event
from ticket_pipeline_tests.wix.bodies import definition
from ticket_pipeline_tests.wix.scripted import Answer, OpenBudget, Scene, ok, refused, scene

BOTH = ok({"ticketDefinitions": [definition(id=each) for each in "ab"]})
NONE = ok({"ticketDefinitions": []})
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def counters(stage: Stage, clock: Clock) -> Counters:
    return Counters(stage, clock, CounterRules())


def counted(
    stage: Stage,
    clock: Clock,
    ids: Iterable[str],
    script: Scene,
    *,
    why: str = Why.SWEEP,
    most_by_id: int | None = None,
) -> CountReport:
    """Read definitions from a script."""
    wanted = {each: Cause(why=why, at=clock()) for each in ids}
    return count(stage.site.state, script.client, CounterRules(), wanted, clock=clock, most_by_id=most_by_id)


def price(value: str, currency: str, name: str | None = None) -> TallyPrice:
    return TallyPrice(name=name, value=Decimal(value), currency=currency)


def test_a_sale_lowers_the_number_and_a_cancellation_raises_it(counters: Counters) -> None:
    floor = counters.named("General Admission")
    assert counters.shows(floor).remaining == 63
    order = counters.happens("/buy", {"definitionId": floor, "quantity": 2})["order"]
    assert counters.shows(floor).remaining == 61
    counters.happens("/cancel", {"orderNumber": order["orderNumber"]})
    assert counters.shows(floor).remaining == 63


def test_a_hold_moves_the_number_as_wix_moves_its_own(counters: Counters, api: Api) -> None:
    floor = counters.named("General Admission")

    def moves_with_wix() -> bool:
        unsold: int = api.get(floor, "SALES_DETAILS")["salesDetails"]["unsoldCount"]
        return counters.shows(floor).remaining == unsold

    held = counters.happens("/hold", {"definitionId": floor, "quantity": 3})["reservation"]
    assert moves_with_wix()
    counters.happens("/buy", {"reservationId": held["reservationId"]})
    assert moves_with_wix()
    assert counters.shows(floor).remaining == 60
    counters.happens("/hold", {"definitionId": floor, "quantity": 3})
    counters.clock.forward(minutes=20)
    assert counters.shows(floor, why=Why.HOLD_EXPIRY).remaining == 60


def test_few_left_and_none_left_are_said_so(counters: Counters) -> None:
    dinner = counters.named("VIP & Dinner")
    assert (counters.shows(dinner).status, counters.shows(dinner).remaining) == (TallyStatus.LOW, 3)
    counters.happens("/buy", {"definitionId": dinner, "quantity": 3})
    assert (counters.shows(dinner).status, counters.shows(dinner).remaining) == (TallyStatus.SOLD_OUT, 0)


def test_an_unlimited_ticket_has_no_number(counters: Counters) -> None:
    shown = counters.shows(counters.named("Livestream"))
    assert (shown.status, shown.remaining) == (TallyStatus.UNLIMITED, None)


def test_prices_are_those_of_the_pricing_method(counters: Counters) -> None:
    names = ("Livestream", "Friend of the House", "Family", "Cheers & Water", "Price to Come")
    ids = {name: counters.named(name) for name in names}
    kept = {each.definition_id: each for each in counters.read(*ids.values()).kept}
    shown = {name: (kept[each].prices, kept[each].minimum_price) for name, each in ids.items()}
    currency = shown["Livestream"][0][0].currency
    assert shown["Livestream"] == ((price("9.90", currency),), False)
    assert shown["Friend of the House"] == ((price("10.00", currency),), True)
    options = (("Adult", "45.00"), ("Child", "15.00"), ("Baby", "0"))
    assert shown["Family"] == (tuple(price(value, currency, name) for name, value in options), False)
    assert [each.value for each in shown["Cheers & Water"][0]] == [0]
    assert shown["Price to Come"] == ((), False)


def test_a_sale_that_is_to_start_starts_at_its_instant(counters: Counters) -> None:
    soon = counters.named("Opens in Ten Minutes")
    before = counters.shows(soon)
    assert before.status is TallyStatus.SCHEDULED
    assert before.sale_start is not None
    counters.clock.now = before.sale_start
    assert counters.shows(soon, why=Why.SALE_START).status is TallyStatus.ON_SALE


def test_a_sale_that_is_over_has_ended(counters: Counters) -> None:
    assert counters.shows(counters.named("Early Bird")).status is TallyStatus.ENDED


def test_a_hidden_ticket_is_hidden(counters: Counters) -> None:
    shown = counters.shows(counters.named("Crew"))
    assert (shown.status, shown.remaining, shown.prices) == (TallyStatus.HIDDEN, None, ())


def test_an_event_that_is_called_off_hides_its_tickets_though_our_state_knows_nothing_of_it(
    counters: Counters, api: Api
) -> None:
    definition_id = made_definition(api)
    assert counters.shows(definition_id).status is not TallyStatus.HIDDEN
    counters.happens("/events/cancel", {"eventId": api.get(definition_id)["eventId"]})
    assert counters.shows(definition_id).status is TallyStatus.HIDDEN


def test_a_deleted_ticket_is_hidden_and_stays_so_whatever_an_old_query_says(counters: Counters, api: Api) -> None:
    dinner, other = counters.named("VIP & Dinner"), counters.named("Livestream")
    before = counters.shows(dinner)
    api.ask("DELETE", f"{DEFINITIONS}/{dinner}")
    report = counters.read(dinner)
    (shown,) = report.kept
    assert (shown.status, shown.gone, shown.event_id) == (TallyStatus.HIDDEN, True, before.event_id)
    assert (report.gone, report.changed, shown.version) == ((dinner,), (dinner,), before.version + 1)
    counters.happens("/faults", {"stale_changes": 5}, method="PUT")
    after = {each.definition_id: each.status for each in counters.read(dinner, other).kept}
    assert after == {dinner: TallyStatus.HIDDEN, other: TallyStatus.UNLIMITED}


def test_a_ticket_deleted_before_it_was_ever_counted_is_hidden_where_the_sync_knew_it(
    counters: Counters, api: Api
) -> None:
    dinner = counters.named("VIP & Dinner")
    counters.stage.load()
    api.ask("DELETE", f"{DEFINITIONS}/{dinner}")
    assert counters.shows(dinner).status is TallyStatus.HIDDEN


def test_an_id_that_nobody_knows_is_gone_and_shows_nothing(counters: Counters) -> None:
    report = counters.read(NOBODY)
    assert (report.kept, report.gone) == ((), (NOBODY,))
    assert counters.held(NOBODY) is None


def test_a_deleted_event_hides_its_tickets_even_where_wix_still_has_them(counters: Counters, api: Api) -> None:
    definition_id = made_definition(api)
    counters.stage.load()
    assert counters.shows(definition_id, why=EVENT_DELETED).status is TallyStatus.HIDDEN
    assert counters.shows(definition_id, why=Why.SECOND_READ).status is TallyStatus.HIDDEN


def test_one_definition_is_one_get_and_several_are_one_query(counters: Counters) -> None:
    ids = counters.of_event("century-festival")
    counters.stage.sandbox.stats.reset()
    counters.read(ids[0])
    assert counters.stage.sandbox.stats.routes == {"GET /events/v3/ticket-definitions/{id}": 1}
    counters.stage.sandbox.stats.reset()
    report = counters.read(*ids)
    assert counters.stage.sandbox.stats.routes == {"POST /events/v3/ticket-definitions/query": 1}
    assert (report.requests, len(report.kept), len(report.latencies)) == (1, 100, 1)


def test_more_than_a_hundred_are_a_request_for_each_hundred(counters: Counters, api: Api) -> None:
    ids = [each["id"] for each in api.all()]
    assert len(ids) > 100
    counters.stage.sandbox.stats.reset()
    report = counters.read(*ids)
    assert counters.spent() == report.requests == math.ceil(len(ids) / 100)
    assert set(remaining(report.kept)) == set(ids)


def test_nothing_wanted_costs_nothing(counters: Counters) -> None:
    counters.stage.sandbox.stats.reset()
    assert counters.read() == CountReport()
    assert counters.spent() == 0


def test_what_a_stale_query_leaves_out_is_read_by_id(counters: Counters, api: Api) -> None:
    event_id = made_event(api)
    old, new = (made_definition(api, eventId=event_id, name=name) for name in ("Old", "New"))
    counters.happens("/faults", {"stale_changes": 1}, method="PUT")
    assert set(remaining(counters.read(old, new).kept)) == {old, new}


def test_an_older_answer_that_comes_late_is_not_shown(counters: Counters) -> None:
    dinner = counters.named("VIP & Dinner")
    counters.shows(dinner)
    counters.clock.forward(seconds=-30)
    counters.happens("/buy", {"definitionId": dinner, "quantity": 1})
    report = counters.read(dinner)
    assert remaining(report.kept) == {dinner: 3}
    assert report.changed == ()
    counters.clock.forward(seconds=60)
    assert counters.shows(dinner).remaining == 2


def test_so_many_as_may_be_are_read_by_id_and_the_others_are_left(counters: Counters) -> None:
    dinner = counters.named("VIP & Dinner")
    unknown = [f"{NOBODY[:-2]}{number}" for number in range(10, 22)]
    report = counters.read(*unknown, dinner, most_by_id=5)
    assert set(remaining(report.kept)) == {dinner}
    assert report.requests == 6
    assert [*report.gone, *report.left] == unknown
    assert len(report.gone) == 5


def test_what_was_gone_counts_among_what_is_read_by_id(counters: Counters, api: Api) -> None:
    dinner, stream = counters.named("VIP & Dinner"), counters.named("Livestream")
    counters.read(dinner, stream)
    for each in (dinner, stream):
        api.ask("DELETE", f"{DEFINITIONS}/{each}")
        counters.read(each)
    assert len(counters.read(dinner, stream, most_by_id=1).left) == 1


def test_a_query_that_fails_is_looked_into_however_few_may_be_read_by_id(stage: Stage, clock: Clock) -> None:
    script = scene(refused(403), refused(403), NONE, refused(403), repeat_last=True)
    with pytest.raises(ConfigError, match="may not read ticket definitions"):
        counted(stage, clock, [f"d{number}" for number in range(40)], script, most_by_id=5)
    assert len(script.sent) == 12


def test_a_malformed_id_costs_the_others_nothing_but_a_read_each(counters: Counters) -> None:
    dinner, stream = counters.named("VIP & Dinner"), counters.named("Livestream")
    report = counters.read(dinner, "no-guid", stream)
    assert set(remaining(report.kept)) == {dinner, stream}
    assert [each.subject for each in report.refused] == ["no-guid"]


def test_a_definition_that_cannot_be_made_sense_of_keeps_its_number_and_is_refused(
    counters: Counters, monkeypatch: pytest.MonkeyPatch
) -> None:
    dinner, stream = counters.named("VIP & Dinner"), counters.named("Livestream")
    before = counters.shows(dinner)
    monkeypatch.setattr("ticket_pipeline.flows.read_sales.SALES_AND_EVENT", ("EVENT_DETAILS",))
    report = counters.read(dinner, stream)
    assert {(each.subject, each.code) for each in report.refused} == {
        (dinner, "no_sales_details"),
        (stream, "no_sales_details"),
    }
    assert counters.held(dinner) == before


def test_a_read_that_fails_half_way_keeps_what_was_read_and_says_so(stage: Stage, clock: Clock) -> None:
    ids = [f"d{number:03}" for number in range(150)]
    first = ok({"ticketDefinitions": [definition(id=each) for each in ids[:100]]})
    with pytest.raises(TransientError):
        counted(stage, clock, ids, scene(first, Answer(status=503), repeat_last=True))
    with stage.site.state.reading() as tx:
        assert [each.definition_id for each in tallies.listing(tx, "box_office")] == ids[:100]


@pytest.mark.parametrize(
    ("why", "urgent"), [(Why.SWEEP, False), (Why.BACKFILL, False), (Why.HEALING, True), ("topic", True)]
)
def test_what_nobody_waits_for_leaves_the_reserve_of_the_budget(
    stage: Stage, clock: Clock, why: str, urgent: bool
) -> None:
    budget = OpenBudget()
    counted(stage, clock, "ab", scene(BOTH, budget=budget), why=why)
    assert budget.asked == [urgent]


def test_a_draft_among_others_is_hidden_and_the_others_are_shown(stage: Stage, clock: Clock) -> None:
    counted(stage, clock, "ab", scene(BOTH))
    clock.forward(seconds=1)
    report = counted(
        stage, clock, "ab", scene(refused(403), ok({"ticketDefinition": definition(id="a")}), refused(403))
    )
    assert {each.definition_id: each.status for each in report.kept} == {
        "a": TallyStatus.ON_SALE,
        "b": TallyStatus.HIDDEN,
    }
    assert report.refused == ()


def test_a_draft_that_was_never_seen_is_refused(stage: Stage, clock: Clock) -> None:
    script = scene(refused(403), NONE)
    report = counted(stage, clock, "a", script)
    assert [(each.subject, each.code) for each in report.refused] == [("a", "not_readable")]
    assert report.kept == ()
    asked_for = [sent.url.partition("/events/v3/")[2].partition("/")[0] for sent in script.sent]
    assert asked_for == ["ticket-definitions"] * 2, "no other right is needed"


def test_a_draft_is_refused_where_there_is_no_query(stage: Stage, clock: Clock) -> None:
    report = counted(stage, clock, "a", scene(refused(403), refused(404)))
    assert [each.code for each in report.refused] == ["not_readable"]


def test_a_right_that_is_missing_is_told_after_a_few_refusals(stage: Stage, clock: Clock) -> None:
    script = scene(refused(403), refused(403), NONE, refused(403), repeat_last=True)
    with pytest.raises(ConfigError, match="may not read ticket definitions"):
        counted(stage, clock, [f"d{number}" for number in range(40)], script)
    assert len(script.sent) == 12


def test_a_refused_key_stops_the_count_and_hides_nothing(counters: Counters) -> None:
    dinner = counters.named("VIP & Dinner")
    before = counters.shows(dinner)
    wrong = counters.stage.site.wix
    wrong._auth = type(wrong._auth)(api_key="revoked", site_id="elsewhere")  # type: ignore[call-arg]
    for ids in ((dinner,), (dinner, counters.named("Livestream"))):
        with pytest.raises(ConfigError):
            counters.read(*ids)
    assert counters.held(dinner) == before


def test_counting_tells_the_sync_nothing(counters: Counters) -> None:
    counters.read(counters.named("VIP & Dinner"))
    with counters.stage.site.state.reading() as tx:
        assert definitions.counts(tx, "box_office").live == 0


def test_the_history_tells_which_webhook_it_was(counters: Counters) -> None:
    dinner = counters.named("VIP & Dinner")
    counters.shows(dinner)
    counters.happens("/buy", {"definitionId": dinner, "quantity": 1})
    counters.shows(dinner, why="wix.events.ticketing.events.OrderConfirmed")
    counters.shows(dinner, why=Why.SECOND_READ)
    with counters.stage.site.state.reading() as tx:
        told = [(each.tally.remaining, each.cause.why) for each in tallies.history(tx, "box_office", dinner, 10)]
    assert told == [(2, "wix.events.ticketing.events.OrderConfirmed"), (3, Why.FIRST_READ)]
