import re
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise, permutations

import pytest
from playwright.sync_api import Page, expect

from ticket_pipeline_tests.browser.showing import tag, wait_for
from ticket_pipeline_tests.browser.stub import Stub
from ticket_pipeline_tests.browser.values import NOON, STALLS, Value, instant, value

COUNTER = f'<ticket-counter definition="{STALLS}"><b>See the box office</b></ticket-counter>'
#: Collects what pages are told: "definition:version".
LISTEN = """addEventListener('ticket-counter', ({detail, target}) => (window.told ??= []).push(
  target.getAttribute('definition') + ':' + detail?.version))"""


@pytest.fixture
def shown(page: Page, stub: Stub) -> Page:
    """Show three tickets; time can be made to pass."""
    page.clock.install()
    stub.set(value(remaining=3))
    page.goto(stub.page(COUNTER))
    says(page, 3)
    return page


def says(page: Page, left: int | None) -> None:
    expected = "" if left is None else re.compile(rf"Only {left} ticket")
    expect(page.locator("ticket-counter [part=line]").first).to_have_text(expected)


def seconds_pass(page: Page, until: Callable[[], bool]) -> None:
    """Let seconds pass in the page until something has happened."""

    def in_a_second() -> bool:
        page.clock.run_for(1_000)
        return until()

    wait_for(page, in_a_second)


def later(minutes: float, remaining: int, *, version: int = 2) -> Value:
    return value(remaining=remaining, version=version, read_at=instant(NOON + timedelta(minutes=minutes)))


def test_the_number_falls_without_a_reload_and_two_pages_agree(page: Page, stub: Stub) -> None:
    stub.set(value(remaining=3))
    address = stub.page(COUNTER)
    other = page.context.new_page()
    for each in (page, other):
        each.goto(address)
        says(each, 3)
    stub.push(value(remaining=2, version=2))
    for each in (page, other):
        says(each, 2)


def test_what_the_server_rendered_stays_until_the_first_value(page: Page, stub: Stub) -> None:
    page.goto(stub.page(COUNTER))
    wait_for(page, lambda: stub.streams == 1)
    expect(page.get_by_text("See the box office")).to_be_visible()
    stub.push(value(remaining=3))
    says(page, 3)
    expect(page.get_by_text("See the box office")).to_be_hidden()


def test_values_in_any_order_are_shown_forwards_only(page: Page, stub: Stub) -> None:
    orders = {"".join(map(str, order)): order for order in permutations(range(1, 5))}
    page.add_init_script(LISTEN)
    page.goto(stub.page("".join(map(tag, orders))))
    wait_for(page, lambda: stub.streams == 1)
    for name, order in orders.items():
        for version in order:
            # An instant says nothing: the clock of whoever read may have been set.
            stub.push(value(remaining=version, version=version, age=version, definition_id=name), keep=False)
    page.wait_for_function(f"[...document.querySelectorAll('[status]')].length === {len(orders)} && told.length >= 24")
    stub.push(value("ended", definition_id="4321", version=9))
    expect(page.locator("ticket-counter[status=ended]")).to_be_visible()
    told: dict[str, list[int]] = {name: [] for name in orders}
    for each in page.evaluate("told"):
        name, version = each.split(":")
        told[name].append(int(version))
    told["4321"].remove(9)
    for name, order in orders.items():
        assert told[name] == [each for at, each in enumerate(order) if each == max(order[: at + 1])]


def test_a_restarted_server_is_found_again_with_its_number(shown: Page, stub: Stub) -> None:
    stub.stop()
    stub.set(value(remaining=1, version=4))
    stub.start()
    seconds_pass(shown, lambda: stub.streams == 1)
    says(shown, 1)


def test_a_server_that_lost_its_state_counts_from_one_and_is_believed_for_its_newer_read(
    page: Page, stub: Stub
) -> None:
    page.clock.install()
    stub.set(value(remaining=3, version=70))
    page.goto(stub.page(COUNTER))
    says(page, 3)
    stub.push(later(1, remaining=8, version=1), keep=False)
    stub.push(later(1, remaining=2, version=71), keep=False)
    says(page, 2)
    stub.stop()
    stub.set(later(2, remaining=5, version=1))
    stub.start()
    seconds_pass(page, lambda: stub.streams == 1)
    says(page, 5)


def test_without_a_stream_it_asks_and_with_one_it_listens_again(shown: Page, stub: Stub) -> None:
    stub.refuses_streams = True
    stub.set(value(remaining=2, version=2))
    stub.cut()
    seconds_pass(shown, lambda: f"/counters/{STALLS}" in stub.asked)
    says(shown, 2)
    stub.refuses_streams = False
    seconds_pass(shown, lambda: stub.streams == 1)
    stub.push(value(remaining=1, version=3))
    says(shown, 1)


def test_a_browser_without_streams_asks(page: Page, stub: Stub) -> None:
    page.clock.install()
    page.add_init_script("delete globalThis.EventSource")
    stub.set(value(remaining=3))
    page.goto(stub.page(COUNTER))
    seconds_pass(page, lambda: f"/counters/{STALLS}" in stub.asked)
    says(page, 3)
    stub.set(value(remaining=2, version=2))
    seconds_pass(page, lambda: stub.asked.count(f"/counters/{STALLS}") >= 2)
    says(page, 2)


def test_a_server_that_is_away_is_asked_ever_more_rarely(shown: Page, stub: Stub) -> None:
    stub.refuses_streams = True
    stub.cut()
    asked, at = stub.asked_for_streams, [shown.evaluate("Date.now()")]
    for more in range(6):
        seconds_pass(shown, lambda more=more: stub.asked_for_streams > asked + more)  # type: ignore[misc] # a default
        at.append(shown.evaluate("Date.now()"))
    pauses = [later - earlier for earlier, later in pairwise(at)]
    assert sum(pauses) > 30_000
    assert pauses[-1] > pauses[0]


def test_a_number_older_than_the_limit_is_not_shown(shown: Page, stub: Stub) -> None:
    stub.now = NOON + timedelta(minutes=16)
    shown.evaluate(LISTEN)
    shown.clock.fast_forward("16:00")
    says(shown, None)
    assert shown.locator("ticket-counter").get_attribute("status") is None
    assert shown.evaluate("told") == [f"{STALLS}:undefined"]
    stub.push(later(16, remaining=2))
    says(shown, 2)


def test_a_number_that_comes_too_old_is_not_shown(page: Page, stub: Stub) -> None:
    stub.set(value(age=901, definition_id="old"), value(age=899, definition_id="young"))
    page.goto(stub.page(tag("old") + tag("young")))
    expect(page.locator("[definition=young]")).to_have_attribute("status", "low")
    expect(page.locator("[definition=old] [part=line]")).to_have_text("")


def test_a_page_may_be_stricter(page: Page, stub: Stub) -> None:
    stub.set(value(age=45, definition_id="strict"), value(age=45, definition_id="odd"))
    page.goto(stub.page(tag("strict", max_age="30") + tag("odd", max_age="soon")))
    expect(page.locator("[definition=odd]")).to_have_attribute("status", "low")
    expect(page.locator("[definition=strict] [part=line]")).to_have_text("")


@pytest.mark.parametrize("wrong", ["1999-12-31T23:59:59Z", "2093-01-01T00:00:00Z"])
def test_a_wrong_clock_of_the_visitor_does_not_matter(page: Page, stub: Stub, wrong: str) -> None:
    page.clock.install(time=wrong)
    stub.set(value(remaining=3), value(age=901, definition_id="old"))
    page.goto(stub.page(COUNTER + tag("old")))
    says(page, 3)
    expect(page.locator("[definition=old] [part=line]")).to_have_text("")


def test_setting_the_clock_back_makes_no_number_younger(shown: Page, stub: Stub) -> None:
    stub.now = NOON + timedelta(minutes=16)
    shown.clock.set_system_time("2001-01-01T00:00:00Z")
    shown.clock.run_for(8 * 60_000)
    shown.clock.run_for(8 * 60_000)
    says(shown, None)


def test_after_a_sleep_it_asks_anew(shown: Page, stub: Stub) -> None:
    stub.now = NOON + timedelta(minutes=5)
    stub.set(later(5, remaining=1))
    shown.clock.fast_forward("05:00")
    says(shown, 1)
    wait_for(shown, lambda: stub.streams == 1)


def test_a_connection_that_says_nothing_for_long_is_taken_for_dead(page: Page, stub: Stub) -> None:
    page.clock.install()
    stub.freshness_limit = 20
    stub.set(value(remaining=3))
    page.goto(stub.page(COUNTER))
    says(page, 3)
    stub.set(value(remaining=2, version=2))
    seconds_pass(page, lambda: stub.asked_for_streams == 2)
    says(page, 2)


def test_a_hidden_page_hangs_up_and_calls_again_when_looked_at(shown: Page, stub: Stub) -> None:
    turn_away(shown, hidden=True)
    seconds_pass(shown, lambda: stub.streams == 0)
    stub.set(value(remaining=1, version=2))
    turn_away(shown, hidden=False)
    seconds_pass(shown, lambda: stub.streams == 1)
    says(shown, 1)


def test_a_page_put_aside_hangs_up_and_calls_again_when_it_is_back(shown: Page, stub: Stub) -> None:
    shown.clock.pause_at(shown.evaluate("Date.now() + 1000"))
    shown.evaluate("dispatchEvent(new Event('pagehide'))")
    wait_for(shown, lambda: stub.streams == 0)
    shown.evaluate("dispatchEvent(new Event('pageshow'))")
    seconds_pass(shown, lambda: stub.streams == 1)


def test_two_hundred_elements_share_one_connection(page: Page, stub: Stub) -> None:
    names = [f"ticket-{number % 100}" for number in range(200)]
    stub.set(*(value(definition_id=each) for each in names))
    page.goto(stub.page("".join(map(tag, names))))
    page.wait_for_function("document.querySelectorAll('[status=low]').length === 200")
    assert stub.asked_for_streams == stub.streams == 1


def test_more_than_a_hundred_definitions_share_as_few_as_can_be_asked_for(page: Page, stub: Stub) -> None:
    names = [f"ticket-{number}" for number in range(130)]
    stub.set(*(value(definition_id=each) for each in names))
    page.goto(stub.page("".join(map(tag, names))))
    page.wait_for_function("document.querySelectorAll('[status=low]').length === 130")
    assert stub.streams == 2


def test_elements_come_go_and_change(page: Page, stub: Stub) -> None:
    stub.set(value(), value(remaining=7, definition_id="balcony"))
    page.goto(stub.page(COUNTER))
    says(page, 3)
    page.evaluate("document.querySelector('ticket-counter').setAttribute('definition', 'balcony')")
    says(page, 7)
    page.evaluate("document.querySelector('ticket-counter').setAttribute('text-low', '{n} up there')")
    expect(page.locator("[part=text]")).to_have_text("7 up there")
    page.evaluate("window.kept = document.querySelector('ticket-counter'); kept.remove()")
    wait_for(page, lambda: stub.streams == 0)
    page.evaluate("document.body.append(kept)")
    expect(page.locator("[part=text]")).to_have_text("7 up there")
    wait_for(page, lambda: stub.streams == 1)
    page.evaluate("kept.removeAttribute('definition')")
    expect(page.locator("[part=line]")).to_have_text("")


def test_an_unknown_definition_shows_nothing_and_harms_nobody(page: Page, stub: Stub) -> None:
    page.clock.install()
    stub.set(value(remaining=3))
    page.goto(stub.page(COUNTER + '<ticket-counter definition="unknown">Plenty!</ticket-counter>'))
    says(page, 3)
    seconds_pass(page, lambda: "/counters/unknown" in stub.asked)
    expect(page.locator("[definition=unknown] [part=line] slot")).to_have_count(0)
    stub.push(value(remaining=2, version=2))
    says(page, 2)
    stub.refuses_streams = True
    stub.set(value(remaining=1, version=3))
    stub.cut()
    before = page.evaluate("Date.now()")
    seconds_pass(page, lambda: f"/counters/{STALLS}" in stub.asked)
    assert page.evaluate("Date.now()") - before < 60_000
    says(page, 1)


def turn_away(page: Page, *, hidden: bool) -> None:
    page.evaluate(
        "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
        " document.dispatchEvent(new Event('visibilitychange')) }",
        hidden,
    )
