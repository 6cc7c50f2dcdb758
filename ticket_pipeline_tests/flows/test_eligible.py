"""Who may be told, by which way, and under which name they are remembered."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.channels.memory import Config, Memory, Place
from ticket_pipeline.flows.eligible import Names, opt_in_mark, ways, why_not_told
from ticket_pipeline.model.announcement import Skip
from ticket_pipeline.model.sale_start import SaleStart
from ticket_pipeline.model.subscriber import Flaw, PushSubscription, Subscriber, SubscriberStatus
from ticket_pipeline_tests.store.bodies import NOON

ANN = Subscriber(id="1", email="ann@example.org", status=SubscriberStatus.SUBSCRIBED, opt_ins=frozenset({"event:gala"}))
START = SaleStart(
    site="s", event_id="id-1", title="The {event.id} Gala", slug="gala", page_url=None, starts_at=None,
    time_zone=None, at=NOON, tiers=(),
)  # fmt: skip
NAMES = Names(site="box_office", secret="a secret")  # noqa: S106 - of this test


@pytest.mark.parametrize(
    ("template", "mark"),
    [
        ("event:{event.slug}", "event:gala"),
        ("{event.id}", "id-1"),
        ("wants {event.title}", "wants The {event.id} Gala"),
        ("everybody", "everybody"),
        ("{event.secret} {0}", "{event.secret} {0}"),
    ],
)
def test_the_mark_is_made_of_the_event_and_of_nothing_else(template: str, mark: str) -> None:
    assert opt_in_mark(template, START) == mark


@given(
    status=st.sampled_from(SubscriberStatus),
    flaw=st.none() | st.sampled_from(Flaw),
    marks=st.frozensets(st.sampled_from(["event:gala", "Event:Gala", "event:gal", ""])),
)
def test_only_who_is_subscribed_and_opted_in_and_clear_may_be_told(
    status: SubscriberStatus, flaw: Flaw | None, marks: frozenset[str]
) -> None:
    if flaw and status is SubscriberStatus.SUBSCRIBED:
        return
    subscriber = dataclasses.replace(ANN, status=status, flaw=flaw, opt_ins=marks)
    may = status is SubscriberStatus.SUBSCRIBED and flaw is None and "event:gala" in marks
    assert (why_not_told(subscriber, "event:gala") is None) is may


@pytest.mark.parametrize("flaw", Flaw)
def test_each_flaw_is_a_reason(flaw: Flaw) -> None:
    subscriber = dataclasses.replace(ANN, status=SubscriberStatus.PENDING, flaw=flaw)
    assert why_not_told(subscriber, "event:gala") is Skip(flaw.value)


class Other(Memory):
    kind = "other"


@pytest.mark.parametrize(
    ("preferred", "order"),
    [(None, ["memory", "other"]), ("other", ["other", "memory"]), ("pigeon", ["memory", "other"])],
)
def test_a_preference_goes_before_the_order(preferred: str | None, order: list[str]) -> None:
    declared = (Memory(Config(), Place()), Other(Config(), Place()))
    found = ways(declared, dataclasses.replace(ANN, preferred_channel=preferred))
    assert [each.kind for each in found] == order


def test_all_spellings_of_an_address_are_one_name() -> None:
    names = {
        NAMES.person(dataclasses.replace(ANN, id=each, email=each)) for each in ("ann@EXAMPLE.org", " ANN@example.org")
    }
    assert names == {NAMES.person(ANN)}


def test_a_name_says_nothing_to_who_lacks_the_secret_and_nothing_across_sites() -> None:
    other = Names(site="box_office", secret="other")  # noqa: S106 - of this test
    elsewhere = Names(site="elsewhere", secret="a secret")  # noqa: S106 - of this test
    assert len({NAMES.person(ANN), other.person(ANN), elsewhere.person(ANN)}) == 3
    assert "a secret" not in repr(NAMES)


def test_whoever_has_no_address_is_known_by_the_browser_or_the_tools_id() -> None:
    bare = dataclasses.replace(ANN, email=None)
    browser = PushSubscription(endpoint="https://push.example/1", p256dh="k", auth="a")
    assert NAMES.person(bare) != NAMES.person(dataclasses.replace(bare, id="2"))
    pushed = [dataclasses.replace(bare, id=each, push=browser) for each in ("1", "2")]
    assert len({NAMES.person(each) for each in pushed}) == 1


def test_a_receipt_names_the_address_apart_from_the_person() -> None:
    receipt = NAMES.receipt(Memory(Config(), Place()), ANN)
    assert receipt.channel == "memory"
    assert len({receipt.recipient, receipt.person}) == 2
    assert "example" not in str(receipt)
