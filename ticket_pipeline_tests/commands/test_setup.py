"""init and check: the first minutes."""

import json
import sqlite3

from ticket_pipeline.cli import main
from ticket_pipeline.sandbox.published_key import SANDBOX_WEBHOOK_PUBLIC_KEY
from ticket_pipeline_tests.commands.terminal import COUNTERS, Person

#: All that a live site declares: where webhooks come from, and who may show counters.
LIVE = {
    "requests_per_minute": f"webhook_public_key: {json.dumps(SANDBOX_WEBHOOK_PUBLIC_KEY)}\n      requests_per_minute",
    "state:": 'server: {allowed_origins: ["*"]}\nstate:',
}


def test_init_writes_a_pipeline_and_the_schema_editors_complete_it_by(person: Person) -> None:
    person.types("init", "fresh.yaml")
    first_line = (person.folder / "fresh.yaml").read_text().splitlines()[0]
    assert first_line == "# yaml-language-server: $schema=./pipeline.schema.json"
    assert (person.folder / "pipeline.schema.json").exists()


def test_init_overwrites_nothing_unasked(person: Person) -> None:
    before = (person.folder / "pipeline.yaml").read_text()
    assert "is there already" in person.types("init", exits=2).stderr
    assert (person.folder / "pipeline.yaml").read_text() == before
    person.types("init", "--force")
    assert (person.folder / "pipeline.yaml").read_text() != before


def test_init_into_a_folder_that_is_not_there_says_so(person: Person) -> None:
    assert "cannot be written" in person.types("init", "nowhere/pipeline.yaml", exits=2).stderr


def test_check_finds_nothing_wrong_with_the_sandbox(person: Person) -> None:
    person.declare(**LIVE)
    findings = person.reads("check")["sites"]["box_office"]
    assert {each["level"] for each in findings} == {"ok"}
    assert {"Wix: events", "Wix: ticket definitions", "clock"} < {each["what"] for each in findings}


def test_check_says_what_to_do_about_each_error(person: Person) -> None:
    person.declare(key="wrong")
    findings = person.reads("check", exits=2)["sites"]["box_office"]
    wrong = [each for each in findings if each["level"] == "error"]
    assert wrong
    assert all(each["remedy"] for each in wrong)


def test_check_looks_without_making_anything(person: Person) -> None:
    assert "ticketing.db will be made by the first write" in person.types("check").stdout
    assert not (person.folder / "ticketing.db").exists()


def test_check_of_a_destination_that_is_there_makes_no_table(person: Person) -> None:
    sqlite3.connect(person.folder / "ticketing.db").close()
    person.types("check")
    assert person.rows("SELECT name FROM sqlite_master") == []


def test_what_may_be_over_by_itself_is_for_later(person: Person) -> None:
    person.api.sandbox("/faults", {"unavailable": 1.0}, method="PUT")
    (wrong,) = [each for each in person.reads("check", exits=3)["sites"]["box_office"] if each["level"] == "error"]
    assert wrong["transient"]
    assert wrong["remedy"] == "is wix.base_url right? then nothing is wrong here; check again later"


def test_what_a_person_must_mend_goes_before_what_may_be_over_by_itself(person: Person) -> None:
    person.api.sandbox("/faults", {"unavailable": 1.0}, method="PUT")
    person.declare(**{"sqlite:///ticketing.db": "sqlite:///no/such/folder/ticketing.db"})
    assert "sql: unable to open database file" in person.types("check", exits=2).stdout


def test_check_of_a_site_without_a_destination_looks_at_wix_and_the_clock(person: Person) -> None:
    person.declare(doing=COUNTERS, **LIVE)
    findings = person.reads("check")["sites"]["box_office"]
    assert {each["what"] for each in findings} == {"Wix: events", "Wix: ticket definitions", "clock"}


def test_check_says_that_no_webhook_can_come_in_and_what_that_means(person: Person) -> None:
    (seen,) = [each for each in person.reads("check")["sites"]["box_office"] if each["level"] != "ok"]
    assert (seen["level"], seen["what"]) == ("warning", "webhooks")
    assert "none can come in; changes are found by the nightly reconcile" in seen["seen"]
    assert "add wix.webhook_public_key" in seen["remedy"]


def test_check_says_that_no_page_of_another_origin_may_show_counters(person: Person) -> None:
    person.declare(doing=COUNTERS)
    webhooks, counters = [each for each in person.reads("check")["sites"]["box_office"] if each["level"] != "ok"]
    assert "counters are swept" in webhooks["seen"]
    assert (counters["level"], counters["what"]) == ("warning", "counters")
    assert "add server.allowed_origins" in counters["remedy"]


def test_a_public_key_that_is_none_is_a_mistake_in_the_file(person: Person) -> None:
    person.declare(requests_per_minute="webhook_public_key: nonsense\n      requests_per_minute")
    assert "wix.webhook_public_key" in person.types("check", exits=2).stderr


def test_a_mistake_in_the_file_is_status_two_with_file_and_line(person: Person) -> None:
    person.declare(**{"kind: sql": "kind: sqll"})
    error = person.types("check", exits=2).stderr
    assert "pipeline.yaml:10" in error.replace("\n", "")
    assert "did you mean 'sql'?" in error


def test_an_error_is_json_where_json_was_asked_for(person: Person) -> None:
    (person.folder / "pipeline.yaml").write_text("nonsense: 1")
    report = person.reads("sync", exits=2)
    assert report["exit_status"] == 2
    assert "nonsense" in report["error"]


def test_an_unknown_site_is_refused_by_name(person: Person) -> None:
    assert "declared: box_office" in person.types("sync", "--site", "other", exits=2).stderr


def test_the_list_of_commands_fits_a_terminal(person: Person) -> None:
    listed = person.types("--help").stdout.partition("Commands:")[2].strip("\n").splitlines()
    assert [line for line in listed if not line.endswith(".") or line.endswith("...")] == []
    assert len(listed) == len(main.commands)


def test_every_command_takes_json_and_has_help(person: Person) -> None:
    listed = person.types("--help").stdout.partition("Commands:")[2]
    names = [line.split()[0] for line in listed.splitlines() if line.startswith("  ") and line[2] != " "]
    assert {"check", "dev", "init", "plan", "reconcile", "sandbox", "sync"} <= set(names)
    for name in names:
        assert "--json" in person.types(name, "--help").stdout
