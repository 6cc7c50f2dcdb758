"""plan, sync, reconcile: what a person sees, and what stands in the ticketing database afterwards."""

import re
import sqlite3
from pathlib import Path

from ticket_pipeline_tests.commands.terminal import COUNTERS, Person
from ticket_pipeline_tests.sandbox.api import DEFINITIONS


def test_sync_fills_the_table_one_row_per_live_definition(person: Person) -> None:
    report = person.reads("sync")["sites"]["box_office"]
    rows = person.rows()
    assert {row["wix_ticket_definition_id"] for row in rows} == person.wix_ids()
    assert len(rows) == report["published"]["created"]
    assert all(row["code"] == f"WIX-{row['wix_ticket_definition_id']}" for row in rows)


def test_the_wix_id_is_unique_in_the_table(person: Person) -> None:
    person.types("sync")
    indexes = person.rows("SELECT name FROM pragma_index_list('tickets') WHERE [unique]")
    columns = [person.rows(f"SELECT name FROM pragma_index_info('{each['name']}')") for each in indexes]
    assert [{"name": "wix_ticket_definition_id"}] in columns


def test_the_second_sync_writes_nothing_and_says_so(person: Person) -> None:
    person.types("sync")
    with sqlite3.connect(person.folder / "ticketing.db") as database:
        for what in ("INSERT", "UPDATE", "DELETE"):
            database.execute(
                f"CREATE TRIGGER no_{what} BEFORE {what} ON tickets BEGIN SELECT RAISE(ABORT, 'written'); END"
            )
    database.close()
    assert "In sync: nothing was written." in person.types("sync").stdout


def test_plan_shows_exactly_what_changed_and_sync_does_exactly_that(person: Person) -> None:
    person.types("sync")
    edited, deleted, event_id = _change_three_things(person)
    changes = person.reads("plan")["sites"]["box_office"]["changes"]
    shown = {(each["action"], each["definition_id"]) for each in changes}
    (created,) = {definition_id for action, definition_id in shown if action == "create"}
    assert shown == {("create", created), ("update", edited), ("archive", deleted)}
    assert person.reads("plan")["sites"]["box_office"]["changes"] == changes
    published = person.reads("sync")["sites"]["box_office"]["published"]
    assert (published["created"], published["updated"], published["archived"]) == (1, 1, 1)
    rows = {row["wix_ticket_definition_id"]: row for row in person.rows()}
    assert (rows[edited]["title"], rows[edited]["price"]) == ("Renamed", 12.5)
    assert (rows[deleted]["archived"], rows[created]["archived"]) == (1, 0)
    assert rows[created]["wix_event_id"] == event_id
    assert person.reads("plan")["sites"]["box_office"]["changes"] == []


def _change_three_things(person: Person) -> tuple[str, str, str]:
    fixed = [each for each in person.api.all() if "fixedPrice" in each["pricingMethod"]]
    edited, deleted = [each for each in fixed if each["id"] in person.wix_ids()][:2]
    currency = edited["pricingMethod"]["fixedPrice"]["currency"]
    price = {"fixedPrice": {"value": "12.50", "currency": currency}}
    person.api.sandbox(
        "/edit", {"definitionId": edited["id"], "ticketDefinition": {"name": "Renamed", "pricingMethod": price}}
    )
    person.api.ask("DELETE", f"{DEFINITIONS}/{deleted['id']}")
    new = {"eventId": edited["eventId"], "name": "New", "feeType": "FEE_INCLUDED", "pricingMethod": price}
    person.api.ask("POST", DEFINITIONS, {"ticketDefinition": new})
    return edited["id"], deleted["id"], edited["eventId"]


def test_a_plan_reads_like_a_diff(person: Person) -> None:
    person.types("sync")
    edited, deleted, _ = _change_three_things(person)
    text = person.types("plan").stdout
    assert f"~ update  {edited}" in text
    assert "-> Renamed" in text
    assert f"- archive {deleted}" in text
    assert "Plan: 1 to create, 1 to update, 1 to archive;" in text


def test_a_plan_writes_nothing_at_the_destination(person: Person) -> None:
    person.types("plan")
    assert not (person.folder / "ticketing.db").exists()


def test_one_event_is_synced_alone(person: Person) -> None:
    event_id = person.api.all()[0]["eventId"]
    person.types("sync", "--event", event_id)
    assert {row["wix_event_id"] for row in person.rows()} == {event_id}


def test_an_event_that_is_not_there_is_refused_by_name(person: Person) -> None:
    assert "no event 'nonsense'" in person.types("sync", "--event", "nonsense", exits=2).stderr


def test_a_held_plan_is_told_with_the_command_that_lets_it_through(person: Person) -> None:
    person.types("sync")
    victims = sorted(person.wix_ids())[: len(person.wix_ids()) // 2]
    for victim in victims:
        person.api.ask("DELETE", f"{DEFINITIONS}/{victim}")
    held = person.types("sync", exits=1).stdout
    assert "Held:" in held
    assert "ticket-pipeline plan --site box_office --approve" in held
    person.types("plan", "--site", "box_office", "--approve")
    person.types("sync")
    assert sum(row["archived"] for row in person.rows()) == len(victims)


def test_an_approval_lets_nothing_through_that_was_not_seen(person: Person) -> None:
    person.types("sync")
    ids = sorted(person.wix_ids())
    half = len(ids) // 2
    for each in ids[:half]:
        person.api.ask("DELETE", f"{DEFINITIONS}/{each}")
    person.types("plan", exits=1)
    person.api.ask("DELETE", f"{DEFINITIONS}/{ids[half]}")
    person.types("plan", "--approve", exits=1)
    assert person.reads("sync", exits=1)["sites"]["box_office"]["published"]["archived"] == 0


def test_reconcile_names_what_somebody_changed_and_repairs_it(person: Person) -> None:
    person.types("sync")
    victim = person.rows()[0]
    with sqlite3.connect(person.folder / "ticketing.db") as database:
        database.execute("UPDATE tickets SET title = 'Vandalised' WHERE id = ?", [victim["id"]])
    database.close()
    text = person.types("reconcile").stdout
    assert f"edited {victim['wix_ticket_definition_id']}" in text
    assert "found Vandalised" in text
    assert person.rows()[0]["title"] == victim["title"]


def test_a_refused_record_ends_with_status_one_and_the_rest_is_written(person: Person) -> None:
    person.types("sync", "--event", person.api.all()[0]["eventId"])
    already = len(person.rows())
    with sqlite3.connect(person.folder / "ticketing.db") as database:
        database.execute(
            "CREATE TRIGGER picky BEFORE INSERT ON tickets WHEN new.free "
            "BEGIN SELECT RAISE(ABORT, 'nothing is free'); END"
        )
    database.close()
    refused = person.reads("sync", exits=1)["sites"]["box_office"]["published"]["refused"]
    assert refused
    assert all("nothing is free" in each["reason"] for each in refused)
    assert len(person.rows()) == len(person.wix_ids()) - len(refused) > already


def test_a_wrong_key_is_status_two_and_says_what_to_do(person: Person) -> None:
    person.declare(key="wrong")
    for command in ("sync", "plan", "check", "reconcile"):
        assert "401" in person.types(command, exits=2).output


def test_a_missing_app_is_named(person: Person) -> None:
    person.api.sandbox("/faults", {"app_not_installed": True}, method="PUT")
    assert "Wix Events" in person.types("sync", exits=2).output


def test_a_read_only_destination_is_status_two_and_nothing_is_half_written(person: Person) -> None:
    person.declare(**{"sqlite:///ticketing.db": f"sqlite:///file:{person.folder}/ticketing.db?mode=ro&uri=true"})
    sqlite3.connect(person.folder / "ticketing.db").close()
    assert "readonly" in person.types("sync", exits=2).output


def test_dagster_remembers_the_run(person: Person) -> None:
    (run, *_) = person.reads("sync")["sites"]["box_office"]["run_ids"]
    assert Path(person.folder / "dagster" / "history" / "history" / "runs" / f"{run}.db").exists()


def test_a_sync_says_whether_the_checks_passed_and_where_its_run_is_seen(person: Person) -> None:
    text = person.types("sync").stdout
    assert "synced; all checks passed" in text
    (run,) = re.findall(r"In Dagster: /runs/([0-9a-f-]{36})", text)
    assert (person.folder / "dagster" / "history" / "history" / "runs" / f"{run}.db").exists()


def test_a_sync_names_the_checks_that_failed(person: Person) -> None:
    person.types("sync")
    with sqlite3.connect(person.folder / "ticketing.db") as database:
        database.execute("UPDATE tickets SET title = 'Vandalised' WHERE id = (SELECT min(id) FROM tickets)")
    database.close()
    text = person.types("sync").stdout
    assert "checks failed: ticket_sync.destination_equals_plan" in text
    assert "all checks passed" not in text


def test_a_held_sync_does_not_say_that_all_is_well(person: Person) -> None:
    person.types("sync")
    for victim in person.wix_ids():
        person.api.ask("DELETE", f"{DEFINITIONS}/{victim}")
    assert "synced" not in person.types("sync", exits=1).stdout


def test_without_a_destination_a_sync_loads_and_says_no_more(person: Person) -> None:
    person.declare(doing=COUNTERS)
    text = person.types("sync").stdout
    assert "loaded; all checks passed" in text
    assert "records" not in text
    assert person.reads("sync")["sites"]["box_office"]["loaded"]["definitions"] == len(person.wix_ids())


def test_without_a_destination_reconcile_compares_with_wix_alone(person: Person) -> None:
    person.declare(doing=COUNTERS)
    person.types("sync")
    edited = sorted(person.wix_ids())[0]
    person.api.sandbox("/edit", {"definitionId": edited, "ticketDefinition": {"name": "Renamed"}})
    report = person.reads("reconcile")["sites"]["box_office"]
    assert report["loaded"]["changed"] == 1
    assert "destination" not in person.types("reconcile").stdout


def test_without_a_destination_there_is_nothing_to_plan(person: Person) -> None:
    person.declare(doing=COUNTERS)
    assert "add sites.box_office.sync.destination" in person.types("plan", exits=2).stderr


def test_a_plan_of_several_sites_leaves_out_aloud_those_without_a_destination(person: Person) -> None:
    person.declare()
    pipeline = person.folder / "pipeline.yaml"
    whole = pipeline.read_text()
    wix = whole[whole.index("    wix:") : whole.index("    sync:")]
    pipeline.write_text(whole + "  foyer:\n" + wix + "    counters: {}\n")
    assert "sites.foyer declares no sync" in person.types("plan").stderr
    assert set(person.reads("plan")["sites"]) == {"box_office"}


def test_without_a_destination_a_replay_settles_the_inbox(person: Person) -> None:
    person.declare(doing=COUNTERS)
    person.types("sync")
    text = person.types("replay", "--all").stdout
    assert "webhooks settled" in text
    assert "archived" not in text
