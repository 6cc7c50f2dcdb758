"""Announce: the first message against the clock, ten thousand mails against a connection for each, and the memory.

What is measured is the whole flow, from the audience to the last receipt. It is held against two that open a connection
for each mail: the same flow with `messages_per_connection: 1`, and a bare loop around smtplib that has its mail ready
and remembers nothing.

What a connection costs is the way to the server, STARTTLS and the password, which all servers ask for that take mail of
strangers. On the bare way within one machine it costs next to nothing, and there the loop that remembers nothing is the
faster one. So the target is set where mail servers are: encrypted, with a password, some milliseconds away. The local
figures stand beside it.
"""

import smtplib
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.rig.announcing import Blast, BoxOffice, box_office
from bench.rig.figures import Target
from bench.rig.mail_sink import MailSink, mail_sink
from bench.rig.pipeline import temporary_folder

#: Milliseconds there and back, to a mail server in the next country.
AWAY_MS = 20.0
#: A process that is started by then has read its audience.
_AHEAD = timedelta(seconds=15)
#: What Dagster needs to be there before the minute in which its schedule looks ahead.
_DAGSTER_AHEAD = timedelta(seconds=75)
_LONG_AGO = timedelta(minutes=5)
TARGETS = {
    "first_message.*_seconds_after_the_start": Target(at_most=1),
    "secured_20_ms_away.times_faster_than_bare_smtplib": Target(at_least=5),
    "memory.peak_rss_mb": Target(at_most=300),
}


@dataclass(frozen=True, kw_only=True)
class _Size:
    people: int
    #: To whom a connection each is opened; the rate is what counts.
    one_each: int
    away: int
    away_one_each: int
    crowd: int


_FULL = _Size(people=10_000, one_each=2_000, away=1_000, away_one_each=100, crowd=100_000)
_QUICK = _Size(people=300, one_each=100, away=100, away_one_each=20, crowd=1_000)


def run(*, quick: bool = False) -> dict[str, Any]:
    """Hold to an instant, then send as fast as it goes, then to a crowd."""
    size = _QUICK if quick else _FULL
    with temporary_folder() as folder, box_office(folder) as office, mail_sink(folder / "sink") as sink:
        first = _first_message(office, sink, size.people, through_dagster=not quick)
        plain = _rates(office, sink, size.people, size.one_each)
        secured = _rates(office, sink, size.people, size.one_each, secured=True)
        with mail_sink(folder / "away", latency_ms=AWAY_MS) as away:
            far = _rates(office, away, size.away, size.away_one_each, secured=True)
        crowd = office.announce(Blast(name="crowd", people=size.crowd, starts=_past(), sink=sink))
    return {
        "first_message": first,
        "plain": plain,
        "secured": secured,
        "secured_20_ms_away": far,
        "memory": {
            "recipients": size.crowd,
            "peak_rss_mb": crowd["peak_rss_mb"],
            "grown_since_fewer_recipients_mb": crowd["peak_rss_mb"] - plain["peak_rss_mb"],
            "per_second": round(size.crowd / crowd["own_seconds"]),
        },
    }


def _first_message(office: BoxOffice, sink: MailSink, people: int, *, through_dagster: bool) -> dict[str, Any]:
    """Hold the flow to an instant, and have Dagster's schedule do so; when the first mail came, the sink says."""
    ours = office.announce(Blast(name="first", people=people, starts=_next_minute(_AHEAD), sink=sink))
    figures = {"recipients": people, "flow_seconds_after_the_start": ours["first_after"]}
    if not through_dagster:
        return figures
    starts = _next_minute(_DAGSTER_AHEAD)
    theirs = office.let_dagster_announce(Blast(name="dagster", people=people, starts=starts, sink=sink))
    return {**figures, "dagster_seconds_after_the_start": theirs["first_after"]}


def _rates(office: BoxOffice, sink: MailSink, people: int, few: int, *, secured: bool = False) -> dict[str, Any]:
    name = f"{sink.port}-{secured}"
    ours = office.announce(Blast(name=name, people=people, starts=_past(), sink=sink, secured=secured))
    each = office.announce(
        Blast(name=f"{name}-each", people=few, starts=_past(), sink=sink, secured=secured, one_each=True)
    )
    rate, rate_each = people / ours["own_seconds"], few / each["own_seconds"]
    bare = few / _bare_loop(sink, few, secured=secured)
    return {
        "recipients": people,
        "connections": ours["connections"],
        "per_second": round(rate),
        "one_connection_each_per_second": round(rate_each),
        "bare_smtplib_one_connection_each_per_second": round(bare),
        "times_faster_than_one_connection_each": round(rate / rate_each, 1),
        "times_faster_than_bare_smtplib": round(rate / bare, 1),
        "peak_rss_mb": ours["peak_rss_mb"],
    }


def _bare_loop(sink: MailSink, people: int, *, secured: bool) -> float:
    """Send a ready mail of the same length to each over a connection of its own; give the seconds."""
    mail = b"Subject: tickets\r\n\r\n" + (b"x" * 70 + b"\r\n") * 120
    context = ssl.create_default_context(cafile=str(sink.ca_file))
    sink.take_count()
    started = time.perf_counter()
    for number in range(people):
        with _connected(sink, context if secured else None) as smtp:
            smtp.sendmail("tickets@example.org", f"someone.{number}@example.org", mail)
    seconds = time.perf_counter() - started
    if sink.take_count() != people:
        raise RuntimeError("the bare loop lost mails")
    return seconds


@contextmanager
def _connected(sink: MailSink, context: ssl.SSLContext | None) -> Iterator[smtplib.SMTP]:
    # With a name of our own, or each connection would first look the machine's name up.
    with smtplib.SMTP("127.0.0.1", sink.port, "bench") as smtp:
        if context:
            smtp.starttls(context=context)
            smtp.login("us", "secret")
        yield smtp


def _past() -> datetime:
    return datetime.now(UTC) - _LONG_AGO


def _next_minute(ahead: timedelta) -> datetime:
    """Give the first full minute after that: Wix knows no seconds in sale dates."""
    return (datetime.now(UTC) + ahead).replace(second=0, microsecond=0) + timedelta(minutes=1)
