"""sandbox-do: things happen in a sandbox that runs elsewhere."""

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
