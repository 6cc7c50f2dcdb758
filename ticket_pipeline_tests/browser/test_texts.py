import pytest
from playwright.sync_api import Page

from ticket_pipeline_tests.browser.showing import texts
from ticket_pipeline_tests.browser.stub import Stub
from ticket_pipeline_tests.browser.values import Value, money, value

START = "2027-04-05T18:30:00.000Z"
ADULT, CHILD = money("25.00", name="A"), money("10.00", name="B")

STATES: dict[str, Value] = {
    "plenty": value("on_sale", 42),
    "unlimited": value("unlimited", None),
    "few": value("low", 3),
    "two": value("low", 2),
    "one": value("low", 1),
    "five": value("low", 5),
    "several": value("low", 4, prices=[ADULT, CHILD]),
    "free": value("low", 4, prices=[money("0.00")]),
    "minimum": value("low", 4, prices=[money("5.00")], minimum_price=True),
    "sold out": value("sold_out", 0),
    "scheduled": value("scheduled", 100, sale_start=START),
    "ended": value("ended", 4),
    "hidden": value("hidden", None, prices=[]),
}

SAID: dict[str, dict[str, str]] = {
    "en": {
        "plenty": "€25.00 · Tickets available",
        "unlimited": "€25.00 · Tickets available",
        "few": "€25.00 · Only 3 tickets left at this price",
        "two": "€25.00 · Only 2 tickets left at this price",
        "one": "€25.00 · Only 1 ticket left at this price",
        "five": "€25.00 · Only 5 tickets left at this price",
        "several": "A €25.00 · B €10.00 · Only 4 tickets left",
        "free": "Free · Only 4 tickets left",
        "minimum": "From €5.00 · Only 4 tickets left",
        "sold out": "Sold out",
        "scheduled": "€25.00 · On sale from April 5, 2027 at 8:30 PM",
        "ended": "Sale ended",
        "hidden": "",
    },
    "de": {
        "plenty": "25,00 € · Tickets verfügbar",
        "unlimited": "25,00 € · Tickets verfügbar",
        "few": "25,00 € · Nur noch 3 Tickets zu diesem Preis",
        "two": "25,00 € · Nur noch 2 Tickets zu diesem Preis",
        "one": "25,00 € · Nur noch 1 Ticket zu diesem Preis",
        "five": "25,00 € · Nur noch 5 Tickets zu diesem Preis",
        "several": "A 25,00 € · B 10,00 € · Nur noch 4 Tickets",
        "free": "Kostenlos · Nur noch 4 Tickets",
        "minimum": "Ab 5,00 € · Nur noch 4 Tickets",
        "sold out": "Ausverkauft",
        "scheduled": "25,00 € · Verkauf ab 5. April 2027 um 20:30",
        "ended": "Verkauf beendet",
        "hidden": "",
    },
    "fr": {
        "plenty": "25,00 € · Billets disponibles",
        "unlimited": "25,00 € · Billets disponibles",
        "few": "25,00 € · Plus que 3 billets à ce prix",
        "two": "25,00 € · Plus que 2 billets à ce prix",
        "one": "25,00 € · Plus que 1 billet à ce prix",
        "five": "25,00 € · Plus que 5 billets à ce prix",
        "several": "A 25,00 € · B 10,00 € · Plus que 4 billets",
        "free": "Gratuit · Plus que 4 billets",
        "minimum": "À partir de 5,00 € · Plus que 4 billets",
        "sold out": "Complet",
        "scheduled": "25,00 € · En vente à partir du 5 avril 2027 à 20:30",
        "ended": "Vente terminée",
        "hidden": "",
    },
    "es": {
        "plenty": "25,00 € · Entradas disponibles",
        "unlimited": "25,00 € · Entradas disponibles",
        "few": "25,00 € · Solo quedan 3 entradas a este precio",
        "two": "25,00 € · Solo quedan 2 entradas a este precio",
        "one": "25,00 € · Solo queda 1 entrada a este precio",
        "five": "25,00 € · Solo quedan 5 entradas a este precio",
        "several": "A 25,00 € · B 10,00 € · Solo quedan 4 entradas",
        "free": "Gratis · Solo quedan 4 entradas",
        "minimum": "Desde 5,00 € · Solo quedan 4 entradas",
        "sold out": "Agotado",
        "scheduled": "25,00 € · A la venta a partir del 5 de abril de 2027 a las 20:30",
        "ended": "Venta finalizada",
        "hidden": "",
    },
    "it": {
        "plenty": "25,00 € · Biglietti disponibili",
        "unlimited": "25,00 € · Biglietti disponibili",
        "few": "25,00 € · Solo 3 biglietti rimasti a questo prezzo",
        "two": "25,00 € · Solo 2 biglietti rimasti a questo prezzo",
        "one": "25,00 € · Solo 1 biglietto rimasto a questo prezzo",
        "five": "25,00 € · Solo 5 biglietti rimasti a questo prezzo",
        "several": "A 25,00 € · B 10,00 € · Solo 4 biglietti rimasti",
        "free": "Gratis · Solo 4 biglietti rimasti",
        "minimum": "Da 5,00 € · Solo 4 biglietti rimasti",
        "sold out": "Esaurito",
        "scheduled": "25,00 € · In vendita dal 5 aprile 2027 alle ore 20:30",
        "ended": "Vendita terminata",
        "hidden": "",
    },
    "pl": {
        "plenty": "25,00 € · Bilety dostępne",
        "unlimited": "25,00 € · Bilety dostępne",
        "few": "25,00 € · Zostały tylko 3 bilety w tej cenie",
        "two": "25,00 € · Zostały tylko 2 bilety w tej cenie",
        "one": "25,00 € · Został tylko 1 bilet w tej cenie",
        "five": "25,00 € · Zostało tylko 5 biletów w tej cenie",
        "several": "A 25,00 € · B 10,00 € · Zostały tylko 4 bilety",
        "free": "Bezpłatnie · Zostały tylko 4 bilety",
        "minimum": "Od 5,00 € · Zostały tylko 4 bilety",
        "sold out": "Wyprzedane",
        "scheduled": "25,00 € · W sprzedaży od 5 kwietnia 2027 20:30",
        "ended": "Sprzedaż zakończona",
        "hidden": "",
    },
    "he": {
        "plenty": "25.00 € · כרטיסים זמינים",
        "unlimited": "25.00 € · כרטיסים זמינים",
        "few": "25.00 € · נותרו רק 3 כרטיסים במחיר זה",
        "two": "25.00 € · נותרו רק שני כרטיסים במחיר זה",
        "one": "25.00 € · נותר רק כרטיס אחד במחיר זה",
        "five": "25.00 € · נותרו רק 5 כרטיסים במחיר זה",
        "several": "A 25.00 € · B 10.00 € · נותרו רק 4 כרטיסים",
        "free": "חינם · נותרו רק 4 כרטיסים",
        "minimum": "החל מ־5.00 € · נותרו רק 4 כרטיסים",
        "sold out": "אזלו הכרטיסים",
        "scheduled": "25.00 € · המכירה נפתחת ב־5 באפריל 2027 בשעה 20:30",
        "ended": "המכירה הסתיימה",
        "hidden": "",
    },
}


@pytest.mark.parametrize("lang", SAID)
def test_every_state_is_said_in(page: Page, stub: Stub, lang: str) -> None:
    assert texts(page, stub, STATES, lang=lang) == SAID[lang]


def test_whoever_wants_the_number_always_gets_it(page: Page, stub: Stub) -> None:
    said = texts(page, stub, STATES, show="always")
    assert said["plenty"] == "€25.00 · Tickets available: 42"
    assert said["unlimited"] == "€25.00 · Tickets available"
    assert said["few"] == "€25.00 · Only 3 tickets left at this price"


def test_a_language_that_is_not_shipped_is_said_in_english(page: Page, stub: Stub) -> None:
    few_and_scheduled = {each: STATES[each] for each in ("few", "scheduled")}
    english = {each: SAID["en"][each] for each in few_and_scheduled}
    for lang in ("ja", "pt-BR", "ar", "not a language", ""):
        assert texts(page, stub, few_and_scheduled, lang=lang) == english


def test_a_region_changes_amounts_and_dates_only(page: Page, stub: Stub) -> None:
    said = texts(page, stub, {"few": STATES["few"], "scheduled": STATES["scheduled"]}, lang="en-GB")
    assert said["scheduled"] == "€25.00 · On sale from 5 April 2027 at 20:30"
    assert texts(page, stub, {"few": value()}, lang="de-CH")["few"].startswith("EUR 25.00")


def test_the_sale_start_is_told_in_a_zone_of_ones_choice_which_is_named(page: Page, stub: Stub) -> None:
    scheduled = {"scheduled": STATES["scheduled"]}
    said = texts(page, stub, scheduled, time_zone="America/New_York")
    assert said["scheduled"] == "€25.00 · On sale from April 5, 2027 at 2:30 PM EDT"
    assert texts(page, stub, scheduled, time_zone="Middle/Earth")["scheduled"] == SAID["en"]["scheduled"]


def test_own_texts_go_before_ours_with_a_form_per_plural(page: Page, stub: Stub) -> None:
    own = {"text_low": "Still {n} for {price}", "text_low_one": "The last one for {price}!", "text_sold_out": ""}
    said = texts(page, stub, STATES, **own)
    assert said["few"] == "Still 3 for €25.00"
    assert said["one"] == "The last one for €25.00!"
    assert said["several"] == "Still 4 for A €25.00 · B €10.00"
    assert said["sold out"] == ""
    assert said["ended"] == "Sale ended"


def test_own_texts_follow_the_plurals_of_a_language_that_is_not_shipped(page: Page, stub: Stub) -> None:
    own = {"text_low": "{n} vstopnic", "text_low_two": "{n} vstopnici", "text_low_few": "{n} vstopnice"}
    said = texts(page, stub, STATES, lang="sl", **own)
    assert said["two"] == "25,00 € · 2 vstopnici"
    assert [said[each][-12:].strip("· ") for each in ("two", "few", "five")] == [
        "2 vstopnici",
        "3 vstopnice",
        "5 vstopnic",
    ]


def test_a_text_that_names_what_is_not_known_is_not_shown(page: Page, stub: Stub) -> None:
    odd = {
        "no start": value("scheduled", 10, sale_start=None),
        "no number": value("low", None),
        "no such status": value("postponed"),
        "no price": value("low", 2, prices=[]),
    }
    said = texts(page, stub, odd)
    assert said == {"no start": "", "no number": "", "no such status": "", "no price": "Only 2 tickets left"}


def test_a_currency_nobody_knows_is_written_as_it_came(page: Page, stub: Stub) -> None:
    odd = value(prices=[money("25.00", "no currency")])
    said = texts(page, stub, {"odd": odd, "least": {**odd, "prices": [money("5.00", "$&")], "minimum_price": True}})
    assert said == {
        "odd": "25.00 no currency · Only 3 tickets left at this price",
        "least": "From 5.00 $& · Only 3 tickets left",
    }
