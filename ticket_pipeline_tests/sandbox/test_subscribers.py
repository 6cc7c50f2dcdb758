"""The packaged subscribers."""

import csv
from collections import Counter
from importlib.resources import files

from ticket_pipeline.sandbox.seeding.programme import PROGRAMME
from ticket_pipeline.sandbox.seeding.subscribers import subscribers_csv

PACKAGED = files("ticket_pipeline.sandbox").joinpath("subscribers.csv").read_bytes().decode()
ROWS = list(csv.DictReader(PACKAGED.splitlines()))


def test_the_packaged_file_is_what_the_seeding_writes() -> None:
    assert subscribers_csv() == PACKAGED, "write what subscribers_csv() gives to sandbox/subscribers.csv"


def test_nobody_has_the_addresses() -> None:
    assert {row["email"].lower().partition("@")[2] for row in ROWS} == {"example.org", "example.com", "example.net"}


def test_there_is_every_status_and_somebody_stands_there_twice() -> None:
    assert {row["status"] for row in ROWS} == {"subscribed", "pending", "unsubscribed", "suppressed"}
    times = Counter(row["email"].lower() for row in ROWS)
    twice = [address for address, count in times.items() if count == 2]
    said = {address: {row["status"] for row in ROWS if row["email"].lower() == address} for address in twice}
    assert len(twice) >= 10
    assert {len(statuses) for statuses in said.values()} == {1, 2}


def test_every_show_of_the_packaged_world_has_somebody_who_waits_for_it() -> None:
    marks = {mark for row in ROWS if row["status"] == "subscribed" for mark in row["opt_ins"].split(";") if mark}
    assert marks == {f"event:{show.slug}" for show in PROGRAMME}
