"""dead-letters and replay: what was refused is listed with what helps, and goes through once its cause is mended."""

import sqlite3

from ticket_pipeline_tests.commands.terminal import Person
from ticket_pipeline_tests.sandbox.api import DEFINITIONS

PICKY = "CREATE TRIGGER picky BEFORE UPDATE ON tickets BEGIN SELECT RAISE(ABORT, 'no changes today'); END"


def _refuse_an_update(person: Person) -> str:
    person.types("sync")
    _at_the_destination(person, PICKY)
    edited = sorted(person.wix_ids())[0]
    person.api.sandbox("/edit", {"definitionId": edited, "ticketDefinition": {"name": "Renamed"}})
    person.types("sync", exits=1)
    return edited


def _at_the_destination(person: Person, statement: str) -> None:
    with sqlite3.connect(person.folder / "ticketing.db") as database:
        database.execute(statement)
    database.close()


def _title(person: Person, definition_id: str) -> object:
    return next(row["title"] for row in person.rows() if row["wix_ticket_definition_id"] == definition_id)


def test_without_refusals_there_are_no_dead_letters(person: Person) -> None:
    person.types("sync")
    assert "no dead letters" in person.types("dead-letters").stdout


def test_a_refused_record_is_listed_with_reason_and_remedy(person: Person) -> None:
    edited = _refuse_an_update(person)
    text = person.types("dead-letters", exits=1).stdout
    assert edited in text
    assert "no changes today" in text
    assert "ticket-pipeline replay" in text


def test_a_preview_of_a_replay_does_nothing(person: Person) -> None:
    edited = _refuse_an_update(person)
    _at_the_destination(person, "DROP TRIGGER picky")
    (letter,) = person.reads("dead-letters", exits=1)["sites"]["box_office"]
    assert "1 dead letters" in person.types("replay", "--preview", str(letter["id"])).stdout
    assert _title(person, edited) != "Renamed"


def test_a_replayed_letter_goes_through_once_its_cause_is_mended(person: Person) -> None:
    edited = _refuse_an_update(person)
    (letter,) = person.reads("dead-letters", exits=1)["sites"]["box_office"]
    person.types("replay", str(letter["id"]), exits=1)
    _at_the_destination(person, "DROP TRIGGER picky")
    person.types("replay", str(letter["id"]))
    assert _title(person, edited) == "Renamed"
    assert person.reads("dead-letters")["sites"]["box_office"] == []


def test_a_letter_that_is_not_there_is_refused_by_number(person: Person) -> None:
    person.types("sync")
    assert "no open dead letter 7" in person.types("replay", "7", exits=2).stderr


def test_a_replay_of_nothing_says_what_could_be_named(person: Person) -> None:
    assert "--all" in person.types("replay", exits=2).stderr


def test_reconcile_names_exactly_what_was_missed(person: Person) -> None:
    person.types("sync")
    edited, deleted = sorted(person.wix_ids())[:2]
    person.api.sandbox("/edit", {"definitionId": edited, "ticketDefinition": {"name": "Renamed"}})
    person.api.ask("DELETE", f"{DEFINITIONS}/{deleted}")
    report = person.reads("reconcile")["sites"]["box_office"]
    named = {(each["action"], each["definition_id"]) for each in report["planned"]["changes"]}
    assert named == {("update", edited), ("archive", deleted)}
    assert person.reads("reconcile")["sites"]["box_office"]["planned"]["changes"] == []
