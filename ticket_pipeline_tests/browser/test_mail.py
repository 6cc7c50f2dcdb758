"""The box office's mail, in a browser: hundreds at once, read as a person would, and kept from doing anything."""

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped] # it has no types
from playwright.sync_api import Page, expect

from ticket_pipeline_tests.sandbox.test_mail import Place, mailing

HOSTILE = '<img src=x onerror=alert(1)> & "quoted" \u202e\u05d0'


def written(place: Place, number: int, *, html: str = "<h1>On sale</h1>", subject: str = "On sale") -> bytes:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "Box Office <a@example.org>", f"{number}@example.net"
    message["List-Unsubscribe"] = f"<{place.server}/unsubscribe/{number}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content("On sale, as text")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message.as_bytes(policy=SMTP)


def send(place: Place, numbers: Iterator[int] | range = range(1, 2), **parts: str) -> None:
    with smtplib.SMTP("127.0.0.1", place.port, "me", timeout=30) as smtp:
        for number in numbers:
            smtp.sendmail("a@example.org", [f"{number}@example.net"], written(place, number, **parts))


@pytest.fixture
def place() -> Iterator[Place]:
    with mailing() as made:
        yield made


def opened(page: Page, place: Place) -> None:
    page.set_viewport_size({"width": 1400, "height": 900})
    page.goto(f"{place.api.base_url}/")
    page.get_by_role("tab", name="Mail").click()


def test_mails_come_by_themselves_and_can_be_found(page: Page, place: Place) -> None:
    opened(page, place)
    expect(page.get_by_text("No mail yet.")).to_be_visible()
    send(place, range(1, 313))
    expect(page.locator("#mail-count")).to_have_text("312 mails")
    expect(page.locator("#mails li").first).to_contain_text("312@example.net")
    page.get_by_role("searchbox").fill("31@EXAMPLE")
    expect(page.locator("#mail-count")).to_have_text("3 of 312 mails")
    expect(page.locator("#mails li:visible")).to_have_count(3)
    send(place, range(313, 332))
    expect(page.locator("#mail-count")).to_have_text("4 of 331 mails")


def test_a_dot_tells_of_mail_that_nobody_looks_at(page: Page, place: Place) -> None:
    page.goto(f"{place.api.base_url}/")
    expect(page.locator("#tab-mail")).not_to_have_class("news")
    send(place)
    expect(page.locator("#tab-mail")).to_have_class("news")


def test_a_mail_is_read_closed_and_the_next_one_opened(page: Page, place: Place) -> None:
    send(place, range(1, 3))
    opened(page, place)
    page.get_by_role("button", name="2@example.net").click()
    letter = page.get_by_role("dialog", name="On sale")
    expect(letter).to_contain_text("Box Office <a@example.org> to 2@example.net")
    expect(page.frame_locator("#letter iframe").get_by_role("heading")).to_have_text("On sale")
    letter.get_by_role("button", name="Text").click()
    expect(letter.get_by_text("On sale, as text")).to_be_visible()
    letter.get_by_role("button", name="Headers").click()
    expect(letter.get_by_text(f"<{place.server}/unsubscribe/2>")).to_be_visible()
    letter.get_by_role("button", name="Close").click()
    expect(page.get_by_role("button", name="2@example.net")).to_be_focused()
    page.get_by_role("button", name="1@example.net").click()
    expect(letter).to_contain_text("1@example.net")
    page.keyboard.press("Escape")
    expect(letter).to_be_hidden()


def test_a_link_opens_in_a_window_of_its_own_and_the_button_unsubscribes(page: Page, place: Place) -> None:
    send(place, html=f"<a href='{place.api.base_url}/api'>the page</a>")
    opened(page, place)
    page.get_by_role("button", name="1@example.net").click()
    with page.context.expect_page() as other:
        page.frame_locator("#letter iframe").get_by_role("link").click()
    expect(other.value.get_by_role("heading", name="A Wix on your desk")).to_be_visible()
    assert other.value.evaluate("[document.referrer, window.opener]") == ["", None]
    page.get_by_role("button", name="Unsubscribe as a mail program would").click()
    expect(page.get_by_text("1@example.net is unsubscribed")).to_be_visible()
    assert place.posted == [("/unsubscribe/1", b"List-Unsubscribe=One-Click")]


def test_a_hostile_mail_is_only_looked_at(page: Page, place: Place, console: list[str]) -> None:
    page.on("dialog", lambda _: console.append("a dialog"))
    spy = f"{place.server}/spy"
    hostile = (
        f"<script>parent.document.title = 'mine'; alert(1)</script><img src='{spy}' onerror='alert(1)'>"
        f"<link rel=stylesheet href='{spy}'><iframe src='{spy}'></iframe><meta http-equiv=refresh content='0;{spy}'>"
        f"<style>@import '{spy}'; h1 {{ background: url({spy}) }}</style><base href='{spy}/'><h1>Still here</h1>"
    )
    send(place, html=hostile, subject=HOSTILE)
    opened(page, place)
    expect(page.locator("#mails small")).to_have_text(HOSTILE)
    page.get_by_role("button", name="1@example.net").click()
    expect(page.frame_locator("#letter iframe").get_by_role("heading")).to_have_text("Still here")
    expect(page.locator("#letter h2")).to_have_text(HOSTILE)
    assert page.title().startswith("Box office")
    assert place.posted == []
    # What was kept from happening is said on the console.
    kept_from = ("Blocked script", "violates the following Content Security Policy", "Refused to execute")
    assert [each for each in console if not any(words in each for words in kept_from)] == []
    assert console
    console.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page: Page, place: Place, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]  # a literal, above
    send(place)
    opened(page, place)
    page.get_by_role("button", name="1@example.net").wait_for()
    rules = {"resultTypes": ["violations"], "iframes": False}
    found = Axe().run(page, options=rules).response["violations"]
    page.get_by_role("button", name="1@example.net").click()
    for view in ("Mail", "Text", "Headers"):
        page.get_by_role("dialog").get_by_role("button", name=view, exact=True).click()
        found += Axe().run(page, options=rules).response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []


def test_a_thousand_mails_do_not_hold_the_page_up(page: Page, place: Place) -> None:
    opened(page, place)
    page.evaluate(
        "() => { window.longest = 0; let last = performance.now(); const step = now => {"
        " window.longest = Math.max(window.longest, now - last); last = now; requestAnimationFrame(step); };"
        " requestAnimationFrame(step); }"
    )
    send(place, range(1, 1201))
    expect(page.locator("#mail-count")).to_have_text("The last 1,000 of 1,200 mails")
    expect(page.locator("#mails li")).to_have_count(1000)
    assert page.evaluate("window.longest") < 1500
