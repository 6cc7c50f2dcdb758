"""retain: what is old is counted first, and cleared away when asked."""

import sqlite3
from datetime import UTC, datetime, timedelta

from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.store import inbox
from ticket_pipeline.store.database import open_database
from ticket_pipeline_tests.commands.terminal import SYNC, Person

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
DOING = SYNC + "retention: {inbox: 7d, runs: 1d}\n"


def _land(person: Person, count: int) -> None:
    database = open_database(f"sqlite:///{person.folder}/state.db")
    envelopes = [
        Envelope(key=f"{each}", topic="t", instance_id=None, entity_id=None, event_id=None, occurred_at=None, body={})
        for each in range(count)
    ]
    with database.writing() as tx:
        keys = [each.key for each in envelopes]
        inbox.land(tx, "box_office", envelopes, at=LONG_AGO, ignored=keys)
    database.close()


def _landed(person: Person) -> int:
    with sqlite3.connect(person.folder / "state.db") as connection:
        ((count,),) = connection.execute("SELECT count(*) FROM inbox").fetchall()
    connection.close()
    return int(count)


def test_a_preview_says_what_would_go_and_keeps_it(person: Person) -> None:
    person.declare(doing=DOING)
    _land(person, 3)
    text = person.types("retain", "--preview").stdout
    assert "box_office: would clear away" in text
    assert "webhooks that are done with" in text
    assert _landed(person) == 3


def test_what_is_older_than_its_age_goes_and_a_replay_says_so(person: Person) -> None:
    person.declare(doing=DOING)
    _land(person, 3)
    report = person.reads("retain")["sites"]["box_office"]
    assert (report["removed"]["inbox"], report["runs"], _landed(person)) == (2, 0, 1)
    text = person.types("replay", "--all", "--preview").stdout
    assert "1 landed webhooks to replay" in text
    assert "The inbox reaches back to" in text
    selection = person.reads("replay", "--all", "--preview")["sites"]["box_office"]
    reaches = datetime.fromisoformat(selection["reaches_back_to"])
    assert LONG_AGO < reaches < datetime.now(UTC) - timedelta(days=6)


def test_an_age_below_its_floor_is_an_error_with_its_line(person: Person) -> None:
    person.declare(doing=DOING.replace("7d", "47h"))
    stderr = person.types("retain", exits=2).stderr
    assert "pipeline.yaml:15: retention.inbox: '47h' is not allowed; allowed: 7d or more" in stderr
