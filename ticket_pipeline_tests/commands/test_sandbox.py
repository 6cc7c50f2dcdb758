"""sandbox: a Wix on this machine; sandbox-do: things happen in one that runs elsewhere."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from ticket_pipeline_tests.commands.terminal import Person


def _any_definition(person: Person) -> str:
    return str(next(each["id"] for each in person.api.all() if "fixedPrice" in each["pricingMethod"]))


def test_an_edit_names_fields_and_a_plain_price(person: Person) -> None:
    edited = _any_definition(person)
    person.types("sandbox-do", "edit", edited, "name=Front row", "price=45.00", "--url", person.api.base_url)
    now = person.api.get(edited)
    assert (now["name"], now["pricingMethod"]["fixedPrice"]["value"]) == ("Front row", "45.00")


def test_a_purchase_can_be_made_and_read_as_json(person: Person) -> None:
    bought = _any_definition(person)
    before = person.api.get(bought, "SALES_DETAILS")["salesDetails"]["soldCount"]
    words = ["buy", bought, "quantity=2", "force=true", "--url", person.api.base_url]
    assert person.reads("sandbox-do", *words)["order"]["ticketsQuantity"] == 2
    assert person.api.get(bought, "SALES_DETAILS")["salesDetails"]["soldCount"] == before + 2


def test_what_the_sandbox_refuses_is_status_one(person: Person) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    assert "refused" in person.types("sandbox-do", "delete", nobody, "--url", person.api.base_url, exits=1).stderr


def test_a_missing_id_is_status_two(person: Person) -> None:
    assert "sandbox-do edit" in person.types("sandbox-do", "edit", "--url", person.api.base_url, exits=2).stderr


def test_no_sandbox_there_is_status_three(person: Person) -> None:
    error = person.types("sandbox-do", "delete", "x", "--url", "http://127.0.0.1:9", exits=3).stderr
    assert "no sandbox answers" in error


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["edit", "x", "nmae=Front row"],
            "sandbox-do edit: unknown field 'nmae'; did you mean 'name'? allowed: price,",
        ),
        (["edit", "x", "base_url=http://127.0.0.1:9"], "unknown field 'base_url'; allowed: price, name, description"),
        (["edit", "x"], "name at least one field, as NAME=VALUE; allowed: price, name"),
        (["create", "event_id=x", "name=y", "foo=1"], "unknown field 'foo'; allowed: event_id, name, price, limit"),
        (["create", "name=y"], "takes event_id=VALUE name=VALUE [price=VALUE] [limit=VALUE] [FIELD=VALUE …]"),
        (["buy"], "sandbox-do buy: takes DEFINITION [quantity=VALUE] [force=VALUE]; see"),
        (["buy", "x", "quantty=2"], "unknown field 'quantty'; did you mean 'quantity'? allowed: quantity, force"),
        (["cancel", "x", "y"], "sandbox-do cancel: takes ORDER; see"),
        (["delete", "x", "name=y"], "sandbox-do delete: takes DEFINITION; see"),
        (["rush", "x", "y"], "sandbox-do rush: takes [EVENT] [orders=VALUE] [seconds=VALUE]; see"),
    ],
)
def test_what_an_action_does_not_take_is_refused_with_what_it_takes(
    person: Person, words: list[str], said: str
) -> None:
    assert said in person.types("sandbox-do", *words, "--url", "http://127.0.0.1:9", exits=2).stderr


@pytest.mark.parametrize(
    "words",
    [
        ["serve", "--port", "99999"],
        ["dev", "--port", "99999"],
        ["dev", "--dagster-port", "0"],
        ["dev", "--sandbox-port", "-1"],
        ["dev", "--mail-port", "65536"],
        ["sandbox", "--port", "99999"],
        ["sandbox", "--mail-port", "99999"],
        ["sandbox", "--events", "-3"],
        ["sandbox", "--definitions", "0"],
        ["sandbox", "--latency-ms", "-1"],
    ],
    ids=" ".join,
)
def test_a_number_that_cannot_be_is_status_two_and_says_its_range(person: Person, words: list[str]) -> None:
    assert f"'{words[1]}': {words[2]} is not in the range" in person.types(*words, exits=2).stderr


def test_more_ticket_definitions_than_the_events_can_have_is_status_two(person: Person) -> None:
    words = ["sandbox", "--port", "0", "--mail-port", "0", "--events", "1", "--definitions", "101"]
    assert "1 events have at most 100 ticket definitions" in person.types(*words, exits=2).stderr


@pytest.mark.parametrize("option", ["--port", "--mail-port"])
def test_a_sandbox_says_where_it_is_only_once_its_ports_are_its_own(person: Person, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ports = {"--port": "0", "--mail-port": "0"} | {option: port}
        result = person.types("sandbox", *(each for pair in ports.items() for each in pair), exits=2)
    assert "on your desk" not in result.stderr
    assert f"port {port}" in result.stderr
    assert (
        f"cannot be had (Address already in use); stop what uses it, or choose another with {option}" in result.stderr
    )


def test_a_sandbox_at_any_free_port_says_which(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ticket_pipeline", "sandbox", "--port", "0", "--mail-port", "0", "--json"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = json.loads("".join(process.stdout.readline() for _ in range(5)))
            assert requests.get(f"{told['base_url']}/api", timeout=60).status_code == 200
        finally:
            process.terminate()
