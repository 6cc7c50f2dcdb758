"""What people read when a sale starts."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest
from babel import Locale
from hypothesis import given, settings
from hypothesis import strategies as st

from ticket_pipeline.messages.plain import name_of
from ticket_pipeline.messages.sale_messages import SaleMessages
from ticket_pipeline.messages.templates import Parts
from ticket_pipeline.messages.trial import load_templates
from ticket_pipeline.messages.view import view
from ticket_pipeline.model.message import Message
from ticket_pipeline.model.money import Money
from ticket_pipeline.model.sale_start import SaleStart, Tier, TierPrice
from ticket_pipeline_tests.messages.sales import SALE_END, euro, reader, sale

TEMPLATES = load_templates()
LINK = "https://tickets.example.org/unsubscribe/1abc"


class Page(HTMLParser):
    """What a reader sees of a page, and what can be clicked."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "background"}]

    def handle_data(self, data: str) -> None:
        self.words += data.split()

    @property
    def text(self) -> str:
        return " ".join(self.words)


def told(start: SaleStart, name: str | None = "Ann", locale: str | None = "en", link: str | None = LINK) -> Message:
    return SaleMessages(TEMPLATES, start).to(reader(name, locale), key="key", unsubscribe_url=link)


def both(message: Message) -> tuple[str, str]:
    """The two forms of one mail, white space folded."""
    return " ".join(message.text.split()), Page(message.html).text


def test_a_mail_says_everything_in_both_forms() -> None:
    message = told(sale())
    assert message.subject == "Night of the Long Songs: tickets are on sale now"
    for form in both(message):
        for said in (
            "Hello Ann,",
            "Night of the Long Songs",
            "Saturday, December 19, 2026, 7:30 PM CET",
            "Stalls",
            "€65.00",
            "Rows 1 to 12.",
            "On sale until Saturday, December 19, 2026, 6:00 PM CET",
            "Balcony",
            "Regular",
            "€42.00",
            "Reduced",
            "€28.00",
            "Get tickets",
        ):
            assert said in form
    page = Page(message.html)
    assert page.links == [sale().page_url, LINK]
    assert {sale().page_url, LINK} <= set(message.text.split())
    assert "img" not in page.tags


def test_a_push_says_it_in_two_lines() -> None:
    message = told(sale())
    assert message.push_title == "Night of the Long Songs"
    assert message.push_body == "Tickets are on sale now, from €28.00."
    assert message.link == sale().page_url


@pytest.mark.parametrize(
    ("locale", "language", "said"),
    [
        ("de", "de", "Samstag, 19. Dezember 2026, 19:30 MEZ"),
        ("de-AT", "de-AT", "Samstag, 19. Dezember 2026, 19:30 MEZ"),
        ("de_CH", "de-CH", "Samstag, 19. Dezember 2026, 19:30 MEZ"),
        ("en-GB", "en-GB", "Saturday, 19 December 2026, 19:30 CET"),
        ("lt", "en", "Saturday, December 19, 2026, 7:30 PM CET"),
        ("klingon/../../x", "en", "Saturday, December 19, 2026, 7:30 PM CET"),
        ("", "en", "Saturday, December 19, 2026, 7:30 PM CET"),
        (None, "en", "Saturday, December 19, 2026, 7:30 PM CET"),
    ],
)
def test_each_reads_their_language_where_we_speak_it(locale: str | None, language: str, said: str) -> None:
    message = told(sale(), locale=locale)
    assert message.language == language
    for form in both(message):
        assert said in form
    assert f'<html lang="{language}"' in message.html


@pytest.mark.parametrize(
    ("zone", "at", "said"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29, 0, 59, tzinfo=UTC), "March 29, 2026, 1:59 AM CET"),
        ("Europe/Berlin", datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "March 29, 2026, 3:00 AM CEST"),
        ("Pacific/Auckland", datetime(2026, 12, 31, 11, 30, tzinfo=UTC), "January 1, 2027, 12:30 AM NZDT"),
        ("America/New_York", datetime(2026, 1, 1, 2, 0, tzinfo=UTC), "December 31, 2025, 9:00 PM EST"),
        ("Asia/Kathmandu", datetime(2026, 6, 1, 12, 0, tzinfo=UTC), "June 1, 2026, 5:45 PM UTC+05:45"),
        ("Nowhere/Land", datetime(2026, 6, 1, 12, 0, tzinfo=UTC), "June 1, 2026, 12:00 PM UTC"),
        ("../../etc/passwd", datetime(2026, 6, 1, 12, 0, tzinfo=UTC), "June 1, 2026, 12:00 PM UTC"),
        (None, datetime(2026, 6, 1, 12, 0, tzinfo=UTC), "June 1, 2026, 12:00 PM UTC"),
    ],
)
def test_times_are_those_of_the_events_zone_which_is_named(zone: str | None, at: datetime, said: str) -> None:
    for form in both(told(sale(time_zone=zone, starts_at=at))):
        assert said in form


@pytest.mark.parametrize(
    ("tier", "said"),
    [
        (Tier(name="T", prices=(euro("0"),), free=True), "Free"),
        (Tier(name="T", prices=(), free=True), "Free"),
        (Tier(name="T", prices=(euro("5"),), minimum=True), "from €5.00"),
        (Tier(name="T", prices=(euro("0"),), minimum=True), "Pay what you like"),
        (Tier(name="T", prices=(), minimum=True), "Pay what you like"),
        (
            Tier(name="T", prices=(TierPrice(name=None, price=Money(value=Decimal(1200), currency="JPY")),)),
            "¥1,200",
        ),
    ],
)
def test_each_pricing_has_its_words(tier: Tier, said: str) -> None:
    for form in both(told(sale(tiers=(tier,)))):
        assert said in form


def test_what_is_not_known_is_not_mentioned() -> None:
    message = told(sale(page_url=None, starts_at=None, tiers=(Tier(name="Stalls", prices=()),)), name=None, link=None)
    assert message.text.startswith("Hello,\n")
    assert Page(message.html).links == []
    assert "None" not in message.text + message.html
    assert message.link is message.unsubscribe_url is None


def test_a_crowd_of_tiers_is_counted_not_shown() -> None:
    tiers = tuple(Tier(name=f"Tier {number}.", prices=(euro("5"),), sale_end=SALE_END) for number in range(500))
    message = told(sale(tiers=tiers))
    for form in both(message):
        assert "Tier 29." in form
        assert "Tier 30." not in form
        assert "and 470 more" in form
    assert len(message.html) < 102_400  # beyond which mail programs clip


def test_a_description_of_a_million_letters_is_cut() -> None:
    tiers = (Tier(name="n" * 1_000_000, prices=(euro("5", "p" * 1_000_000),), description="long " * 200_000),)
    message = told(sale(title="t" * 1_000_000, tiers=tiers))
    assert len(message.html) < 20_000
    assert len(message.subject) <= 200


HOSTILE = '<script>alert(1)</script>"><img src=x onerror=y>&amp;{{ 7*7 }}{title.__class__}\r\nBcc: x@example.org'


def test_html_in_titles_and_names_is_shown_not_run() -> None:
    tiers = (Tier(name=HOSTILE, prices=(euro("1", HOSTILE), euro("2", HOSTILE)), description=HOSTILE),)
    message = told(sale(title=HOSTILE, tiers=tiers), name="<b>Ann</b> {title} {{ 7 }}")
    page = Page(message.html)
    assert not {"script", "img", "b"} & set(page.tags)
    assert page.links == [sale().page_url, LINK]
    assert "{{ 7*7 }}{title.__class__}" in page.text
    assert "<script>" in message.text
    for line in (message.subject, message.push_title, message.push_body):
        assert len(line.splitlines()) == 1


@pytest.mark.parametrize("link", ["javascript:alert(1)", 'https://x.example/"><script>', "data:text/html,x"])
def test_only_links_of_the_web_are_links(link: str) -> None:
    message = told(sale(page_url=link), link=link)
    assert Page(message.html).links == []
    assert link not in message.text
    assert message.link is message.unsubscribe_url is None


@settings(max_examples=50)
@given(
    name=st.none() | st.text(max_size=60),
    link=st.sampled_from([None, LINK, "https://x.example/?a=1&b='2'"]),
    locale=st.sampled_from(["en", "de", "en-GB", None]),
)
def test_filling_in_gives_what_rendering_from_scratch_gives(
    name: str | None, link: str | None, locale: str | None
) -> None:
    filled = told(sale(), name, locale, link)
    parsed = TEMPLATES.locale_of(locale)
    variables = view(sale(), parsed, TEMPLATES.words_of(parsed))
    scratch = TEMPLATES.render(parsed, {**variables, "name": name_of(name), "unsubscribe_url": link})
    assert filled.html.strip() == scratch.html.strip()
    assert filled.text.split() == scratch.text.split()
    assert filled.subject == scratch.subject


def test_a_thousand_readers_are_rendered_as_often_as_there_are_kinds_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[Locale] = []

    def render(locale: Locale, variables: Mapping[str, Any]) -> Parts:
        rendered.append(locale)
        return TEMPLATES.render(locale, variables)

    templates = load_templates()
    monkeypatch.setattr(templates, "render", render)
    messages = SaleMessages(templates, sale())
    for number in range(1000):
        somebody = reader(f"Ann <{number}>" if number % 3 else None, "de" if number % 2 else "en")
        written = messages.to(somebody, key=str(number), unsubscribe_url=f"{LINK}{number}")
        assert f"{LINK}{number}" in written.text
    # Two languages, with and without a name; each once to fill in, once to see that filling in is as good.
    assert len(rendered) == 8
