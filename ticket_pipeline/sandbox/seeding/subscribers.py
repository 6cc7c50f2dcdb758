"""The people of the packaged `subscribers.csv`: made up, the same every time, at addresses that nobody has."""

import csv
from collections.abc import Iterator
from io import StringIO
from random import Random

from ticket_pipeline.sandbox.chance import dice
from ticket_pipeline.sandbox.seeding.people import FIRST_NAMES, LAST_NAMES
from ticket_pipeline.sandbox.seeding.programme import PROGRAMME

COUNT = 300
DOMAINS = ("example.org", "example.com", "example.net")
STATUSES = {"subscribed": 80, "pending": 7, "unsubscribed": 9, "suppressed": 4}
LOCALES = {"en": 40, "de": 20, "fr": 10, "es": 5, "nb": 5, "de-AT": 3, "": 17}
#: Names that are no Latin letters, each with its language.
NAMES = (
    ("Олена Шевченко", "uk"), ("Иван Петров", "ru"), ("Ελένη Παπαδάκη", "el"), ("佐藤 さくら", "ja"),
    ("山田 太郎", "ja"), ("王 芳", "zh"), ("김민준", "ko"), ("فاطمة الزهراء", "ar"), ("محمد الصباح", "ar"),
    ("דנה כהן", "he"), ("प्रिया शर्मा", "hi"), ("สมชาย ใจดี", "th"), ("Nguyễn Thị Hoa", "vi"), ("Łukasz Żółć", "pl"),
)  # fmt: skip
#: The shows of the packaged world, and how many of a hundred want to hear of each.
WANTED = {show.slug: 70 if show.slug == "autumn-half-marathon" else 15 for show in PROGRAMME}
#: Every so many, somebody stands there once more: in capitals, and half of them no longer subscribed.
TWICE = 25

Row = tuple[str, str, str, str, str]


def subscribers_csv() -> str:
    """Write the file."""
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("email", "name", "status", "locale", "opt_ins"))
    writer.writerows(_rows())
    return text.getvalue()


def _rows() -> Iterator[Row]:
    for number in range(1, COUNT + 1):
        email, name, status, locale, opt_ins = _row(number)
        yield email, name, status, locale, opt_ins
        if number % TWICE == 0:
            again = "unsubscribed" if number % (2 * TWICE) == 0 else status
            yield email.upper(), name, again, locale, opt_ins


def _row(number: int) -> Row:
    chance = dice("subscriber", number)
    name = f"{chance.choice(FIRST_NAMES[:-2])} {chance.choice(LAST_NAMES)}"
    locale = _drawn(chance, LOCALES)
    if number % 12 == 0:
        name, locale = NAMES[number // 12 % len(NAMES)]
    elif number % 30 == 1:
        name = ""
    opt_ins = [f"event:{slug}" for slug, percent in WANTED.items() if chance.randrange(100) < percent]
    email = f"subscriber-{number:03d}@{chance.choice(DOMAINS)}"
    return email, name, _drawn(chance, STATUSES), locale, ";".join(opt_ins)


def _drawn(chance: Random, weights: dict[str, int]) -> str:
    return chance.choices(list(weights), weights=list(weights.values()))[0]
