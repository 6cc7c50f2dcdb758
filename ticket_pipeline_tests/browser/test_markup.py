"""What a page, its author and a screen reader get."""

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped] # it has no types
from playwright.sync_api import ConsoleMessage, Page, expect

from ticket_pipeline_tests.browser.showing import tag, wait_for
from ticket_pipeline_tests.browser.stub import Stub
from ticket_pipeline_tests.browser.test_texts import STATES
from ticket_pipeline_tests.browser.values import STALLS, money, value

COUNTER = tag(STALLS)
LOW = "€25.00 · Only 3 tickets left at this price"
#: Notes how the live region stood whenever its content changed.
WATCH = """() => { const line = document.querySelector('ticket-counter').shadowRoot.querySelector('[role=status]');
  window.noted = []; new MutationObserver(() => noted.push(line.getAttribute('aria-live') + ': ' + line.textContent))
  .observe(line, { childList: true, subtree: true, characterData: true }) }"""


def everything() -> str:
    return "".join(f"<p>{tag(name)}</p>" for name in STATES)


def test_a_screen_reader_is_told_of_changes_but_not_of_the_first_value(page: Page, stub: Stub) -> None:
    page.goto(stub.page(COUNTER))
    page.evaluate(WATCH)
    wait_for(page, lambda: stub.streams == 1)
    stub.push(value(remaining=3))
    status = page.get_by_role("status")
    expect(status).to_have_text(LOW)
    expect(status).to_have_attribute("aria-live", "polite")
    expect(status).to_have_attribute("aria-atomic", "true")
    stub.push(value(remaining=2, version=2))
    stub.push(value(remaining=2, version=3))
    stub.push(value(remaining=1, version=4))
    expect(status).to_contain_text("Only 1 ticket left")
    assert page.evaluate("noted") == [
        f"off: {LOW}",
        f"polite: {LOW.replace('3', '2')}",
        "polite: €25.00 · Only 1 ticket left at this price",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page: Page, stub: Stub, scheme: str) -> None:
    stub.set(*({**each, "definition_id": name} for name, each in STATES.items()))
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type] # one of the two it takes
    head = '<meta name="color-scheme" content="light dark"><script src="/ticket-counter.js" defer></script>'
    page.goto(stub.page(everything(), head=head))
    page.wait_for_function(f"document.querySelectorAll('[status]').length === {len(STATES) - 1}")
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_the_keyboard_passes_by(page: Page, stub: Stub) -> None:
    stub.set(value())
    page.goto(stub.page(f"<button>before</button>{COUNTER}<button>after</button>"))
    page.get_by_role("status").get_by_text("Only 3").wait_for()
    page.get_by_text("before").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_text("after")).to_be_focused()


def test_a_page_that_is_well_is_quiet(page: Page, stub: Stub, console: list[str]) -> None:
    said: list[ConsoleMessage] = []
    page.on("console", lambda message: said.append(message))
    stub.set(*({**each, "definition_id": name} for name, each in STATES.items()))
    page.goto(stub.page(everything()))
    page.wait_for_function(f"document.querySelectorAll('[status]').length === {len(STATES) - 1}")
    assert [each.text for each in said] == console == []


def test_the_strictest_content_policy_is_kept(page: Page, stub: Stub, console: list[str]) -> None:
    policy = (
        "default-src 'none'; img-src data:; script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'"
    )
    stub.set(value())
    page.goto(stub.page(COUNTER, headers={"Content-Security-Policy": policy}))
    expect(page.get_by_role("status")).to_have_text(LOW)
    weight = page.locator("[part=text]").evaluate("(node) => getComputedStyle(node).fontWeight")
    assert (weight, console) == ("600", [])


def test_what_comes_from_outside_is_text(page: Page, stub: Stub) -> None:
    evil = "<img src=x onerror=alert(1)>"
    stub.set(
        value(definition_id="name", prices=[money("1.00", name=evil), money("2.00", name="$& ${1}")]),
        value(definition_id="currency", prices=[money("1.00", evil)]),
        value(definition_id="amount", prices=[money(evil)], minimum_price=True),
        value(definition_id="text"),
        value(definition_id="builtin"),
        value(evil, definition_id="status"),
        value(definition_id="'><b>"),
    )
    escaped = evil.replace("<", "&lt;").replace(">", "&gt;")
    body = "".join(map(tag, ("name", "currency", "amount", "status", "'&gt;&lt;b&gt;")))
    body += tag("builtin", text_low="constructor")
    page.goto(stub.page(body + tag("text", text_low=f"{escaped} {{n}} {{price}}", lang=escaped, time_zone=escaped)))
    page.wait_for_function("document.querySelectorAll('[status=low]').length === 6")
    expect(page.locator("[definition=name] [part=price]")).to_contain_text(evil + " €1.00 · $& ${1} €2.00")
    expect(page.locator("[definition=text] [part=text]")).to_have_text(evil + " 3 €25.00")
    expect(page.locator("[definition=builtin] [part=text]")).to_have_text("constructor")
    assert page.evaluate(
        "[...document.querySelectorAll('ticket-counter')].every((e) => !e.shadowRoot.querySelector('img'))"
    )


LOADS = {
    "classic": '<script src="{0}/ticket-counter.js"></script>',
    "deferred": '<script src="{0}/ticket-counter.js?v=2" defer></script>',
    "module": '<script type="module" src="{0}/ticket-counter.js"></script>',
    "imported": '<script type="module">import("{0}/ticket-counter.js")</script>',
    "injected": "<script>document.head.append(Object.assign(document.createElement('script'), "
    '{{ src: "{0}/ticket-counter.js" }}))</script>',
    "twice": '<script src="{0}/ticket-counter.js"></script><script src="{0}/ticket-counter.js?again"></script>',
}


@pytest.mark.parametrize("load", LOADS)
def test_however_it_is_loaded_it_finds_its_server(page: Page, stub: Stub, load: str) -> None:
    stub.set(value())
    elsewhere = stub.page(COUNTER, head=LOADS[load].format(stub.base)).replace("127.0.0.1", "localhost")
    page.goto(elsewhere)
    expect(page.get_by_role("status")).to_have_text(LOW)


def test_the_server_may_be_named(page: Page, stub: Stub) -> None:
    stub.set(value())
    inline = f"<script>{page.request.get(stub.base + '/ticket-counter.js').text()}</script>"
    page.goto(stub.page(tag(STALLS, server="/") + tag("unserved") + tag("odd", server="https://["), head=inline))
    expect(page.get_by_role("status").first).to_have_text(LOW)


def test_odd_attributes_do_no_harm(page: Page, stub: Stub) -> None:
    odd = {"lang": "x", "show": "sometimes", "max_age": "-1", "time_zone": "", "text_low_": "?", "server": ""}
    stub.set(value())
    page.goto(
        stub.page("<ticket-counter></ticket-counter><ticket-counter definition></ticket-counter>" + tag(STALLS, **odd))
    )
    expect(page.locator("[part=text]")).to_have_text("Only 3 tickets left at this price")


def test_the_language_is_that_of_the_page_around_it_even_from_within_a_component(page: Page, stub: Stub) -> None:
    stub.set(value())
    page.goto(stub.page(f'<div lang="de">{COUNTER}</div><div lang="fr" id="host"></div>'))
    expect(page.locator("[part=text]")).to_have_text("Nur noch 3 Tickets zu diesem Preis")
    page.evaluate(
        "(it) => host.attachShadow({ mode: 'open' }).append(document.querySelector('ticket-counter').cloneNode())"
    )
    expect(page.locator("#host [part=text]")).to_have_text("Plus que 3 billets à ce prix")


def test_hebrew_runs_from_right_to_left(page: Page, stub: Stub) -> None:
    stub.set(value())
    page.goto(stub.page(f'<p dir="rtl" lang="he">{COUNTER}</p><p lang="he">{COUNTER}</p>'))
    for each in (0, 1):
        text = page.locator("[part=text]").nth(each)
        expect(text).to_contain_text("נותרו רק")
        price = page.locator("[part=price]").nth(each)
        left, right = text.bounding_box(), price.bounding_box()
        assert left
        assert right
        assert left["x"] < right["x"]


def test_it_takes_font_and_colour_from_the_page_and_style_from_its_author(page: Page, stub: Stub) -> None:
    stub.set(value())
    style = (
        "<style>p { color: rgb(1, 2, 3); font: italic 20px serif } .own { --ticket-counter-low-color: rgb(9, 8, 7) }"
        " .own::part(number) { text-decoration: underline } .own[status=low] { outline: 1px solid }</style>"
    )
    head = style + '<script src="/ticket-counter.js" defer></script>'
    own = COUNTER.replace("<ticket-counter", '<ticket-counter class="own"')
    page.goto(stub.page(f"<p>{COUNTER}</p><p>{own}</p>", head=head))
    read = (
        "(node) => { const {color, fontSize, fontStyle} = getComputedStyle(node); return [color, fontSize, fontStyle] }"
    )
    assert page.locator("[part=text]").nth(0).evaluate(read) == ["rgb(1, 2, 3)", "20px", "italic"]
    assert page.locator("[part=text]").nth(1).evaluate(read) == ["rgb(9, 8, 7)", "20px", "italic"]
    underlined = "(node) => getComputedStyle(node).textDecorationLine"
    assert [page.locator("[part=number]").nth(each).evaluate(underlined) for each in (0, 1)] == ["none", "underline"]


@pytest.mark.parametrize(("wish", "animations"), [("reduce", 0), ("no-preference", 1)])
def test_nothing_moves_for_those_who_do_not_want_it(page: Page, stub: Stub, wish: str, animations: int) -> None:
    page.emulate_media(reduced_motion=wish)  # type: ignore[arg-type] # one of the two it takes
    stub.set(value())
    page.goto(stub.page(COUNTER))
    moving = page.locator("[part=number]").evaluate("(node) => getComputedStyle(node).animationName !== 'none'")
    assert moving == bool(animations)


def test_a_page_may_listen(page: Page, stub: Stub) -> None:
    page.add_init_script("addEventListener('ticket-counter', (event) => { window.heard = event.detail })")
    stub.set(value(remaining=3))
    page.goto(stub.page(COUNTER))
    page.wait_for_function("window.heard")
    assert page.evaluate("heard") == value(remaining=3)
