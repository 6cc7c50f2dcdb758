"""What happens to a ticket over its life in a real pretix: sold, edited by people, priced otherwise, half made."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ticket_pipeline.flows.inspect_links import pair_up
from ticket_pipeline.model.change import Action
from ticket_pipeline.sandbox import remote
from ticket_pipeline.sandbox.serve import RunningSandbox, running
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline_tests.destinations.changes import create, removal, wix_id
from ticket_pipeline_tests.destinations.pretix_contract import as_record, reach
from ticket_pipeline_tests.mapping.tickets import fixed, options, ticket
from ticket_pipeline_tests.real.pretix_server import Pretix as Server
from ticket_pipeline_tests.real.pretix_site import Json, PretixSite, address, declare, pretix_site
from ticket_pipeline_tests.real.slow_pretix import DoorThatHolds


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    """Run a small world."""
    with running(SandboxSettings(events=2, definitions=8)) as small:
        yield small


def a_ticket(site: PretixSite, **fields: object) -> tuple[str, str]:
    """Make a ticket definition at Wix and publish it; give its id and its pretix event."""
    event_id = next(iter(site.wix_definitions().values()))["eventId"]
    made = remote.create(event_id=event_id, name="Of this test", base_url=site.sandbox.base_url, **fields)  # type: ignore[arg-type]  # as Wix names them
    assert site.sync().refused == ()
    return str(made["id"]), site.pretix_event(event_id)


def sell(server: Server, slug: str, item: Json) -> None:
    """Sell one ticket of an item."""
    variation = item["variations"][0]["id"] if item["variations"] else None
    position = {"item": item["id"], "variation": variation, "price": "5.00", "attendee_name_parts": {}}
    server.call(
        "POST",
        f"events/{slug}/orders/",
        email="a@example.org",
        locale="en",
        status="p",
        payment_provider="manual",
        positions=[position],
        force=True,
    )


def test_a_sold_ticket_is_archived_where_it_would_be_deleted(
    tmp_path: Path, sandbox: RunningSandbox, pretix: Server
) -> None:
    with pretix_site(tmp_path, sandbox, pretix, prefix="sold", on_delete="delete") as site:
        sold, slug = a_ticket(site)
        unsold, _ = a_ticket(site)
        (item,) = site.items(slug, sold)
        sell(pretix, slug, item)
        for each in (sold, unsold):
            remote.delete(each, base_url=sandbox.base_url)
        report = site.sync()
        assert (report.deleted, report.refused) == (2, ())
        (kept,) = site.items(slug, sold)
        assert (kept["id"], kept["active"], kept["meta_data"]) == (item["id"], False, item["meta_data"])
        assert site.items(slug, unsold) == []
        assert len(site.server.pages(f"events/{slug}/quotas/")) == len(site.items(slug))
        assert site.sync().deleted == 0


@pytest.mark.parametrize("policy", ["overwrite", "report"])
def test_what_people_edit_in_pretix_is_found_and_handled_as_declared(
    tmp_path: Path, sandbox: RunningSandbox, pretix: Server, policy: str
) -> None:
    with pretix_site(tmp_path, sandbox, pretix, prefix=f"edit-{policy}", on_drift=policy) as site:
        edited, slug = a_ticket(site, price="10.00", limit=50)
        (item,) = site.items(slug, edited)
        path = f"events/{slug}/items/{item['id']}/"
        theirs = {"default_price": "12.00", "internal_name": "Front desk", "checkin_attention": True}
        for _ in range(2):
            pretix.call("PATCH", path, **theirs)
            pretix.call("PATCH", f"events/{slug}/quotas/{site.quota(slug, item['id'])['id']}/", size=7)
            drift = site.reconcile().drift
            assert drift is not None
            (change,) = drift.edited
            assert {each.field for each in change.fields} == {"price", "capacity"}
            (now,) = site.items(slug, edited)
            mended = policy == "overwrite"
            assert now["default_price"] == ("10.00" if mended else "12.00")
            assert site.quota(slug, item["id"])["size"] == (50 if mended else 7)
            assert (now["internal_name"], now["checkin_attention"]) == ("Front desk", True)


def test_what_people_delete_in_pretix_is_made_again(tmp_path: Path, sandbox: RunningSandbox, pretix: Server) -> None:
    with pretix_site(tmp_path, sandbox, pretix, prefix="gone") as site:
        gone, slug = a_ticket(site)
        (item,) = site.items(slug, gone)
        pretix.call("DELETE", f"events/{slug}/items/{item['id']}/")
        report = site.reconcile()
        assert report.drift is not None
        assert report.drift.missing == (gone,)
        assert len(site.items(slug, gone)) == 1


def test_a_switch_to_price_options_archives_the_item_and_the_link_follows(
    tmp_path: Path, sandbox: RunningSandbox, pretix: Server
) -> None:
    with pretix_site(tmp_path, sandbox, pretix, prefix="switch") as site:
        switched, slug = a_ticket(site, price="10.00")
        (before,) = site.items(slug, switched)
        sell(pretix, slug, before)
        price = {"value": "10.00", "currency": site.server.call("GET", f"events/{slug}/")["currency"]}
        of_options = {"optionDetails": [{"name": "Adult", "price": price}, {"name": "Child", "price": price}]}
        remote.edit(switched, base_url=sandbox.base_url, pricingMethod={"pricingOptions": of_options})
        assert site.sync().updated == 1
        old, new = site.items(slug, switched)
        assert (old["id"], old["active"], old["has_variations"]) == (before["id"], False, False)
        assert [each["value"]["en"] for each in new["variations"]] == ["Adult", "Child"]
        assert pair_up(site.site.state, site.site.destination).one_to_one
        remote.edit(switched, base_url=sandbox.base_url, name="Renamed")
        assert site.sync().updated == 1
        assert [each["name"]["en"] for each in site.items(slug, switched)] == ["Of this test", "Renamed"]
        assert site.reconcile().drift.edited == ()


def test_a_sold_price_option_is_taken_off_sale_and_an_unsold_one_deleted(pretix: Server) -> None:
    slug = pretix.make_event("options")
    destination = reach({**_plain(pretix), "event": slug})
    before = ticket(id=wix_id(), pricing=options(("a", "Adult", "20"), ("b", "Child", "9"), ("c", "Dog", "1")))
    after = ticket(id=before.id, pricing=options(("c", "Cat", "2")))
    list(destination.apply([create(as_record(before))]))
    (item,) = pretix.pages(f"events/{slug}/items/")
    sell(pretix, slug, item)
    list(destination.apply([create(as_record(after))]))
    (item,) = pretix.pages(f"events/{slug}/items/")
    shown = [(v["value"]["en"], v["active"], v["meta_data"]["wix_option_id"]) for v in item["variations"]]
    assert sorted(shown) == [("Adult", False, "a"), ("Cat", True, "c")]


def test_a_price_in_another_currency_is_refused_and_the_rest_goes_on(pretix: Server) -> None:
    slug = pretix.make_event("currency", currency="GBP")
    destination = reach({**_plain(pretix), "event": slug})
    wrong, right = ticket(id=wix_id()), ticket(id=wix_id(), pricing=fixed("5", "GBP"))
    first, second = destination.apply([create(as_record(wrong)), create(as_record(right))])
    assert (first.code, second.code) == ("currency_mismatch", None)
    assert "priced in EUR" in str(first.reason)
    assert "sells in GBP" in str(first.reason)


def test_an_event_that_a_plain_token_cannot_make_is_named(pretix: Server) -> None:
    destination = reach({**_plain(pretix), "event": "not-there-{event.slug}"})
    (outcome,) = destination.apply([create(as_record(ticket(id=wix_id())))])
    assert outcome.code == "no_event"
    assert "'not-there-gala'" in str(outcome.reason)
    assert "Can create events" in str(outcome.reason)


def test_a_plain_token_makes_the_properties_of_an_event_made_by_hand_once(pretix: Server) -> None:
    pretix.make_event("hand-gala")
    for _ in range(2):
        destination = reach({**_plain(pretix), "event": "hand-{event.slug}"})
        list(destination.apply([create(as_record(ticket(id=wix_id())))]))
    made = [each["name"] for each in pretix.pages("events/hand-gala/item_meta_properties/")]
    assert sorted(made) == ["wix_event", "wix_option_id", "wix_ticket_definition_id"]


def test_a_copy_that_people_make_of_an_event_is_left_alone(pretix: Server) -> None:
    pretix.make_event("orig-gala")
    destination = reach({**_plain(pretix), "event": "orig-{event.slug}"})
    wanted = ticket(id=wix_id())
    list(destination.apply([create(as_record(wanted))]))
    pretix.call(
        "POST",
        "events/orig-gala/clone/",
        name={"en": "Copy"},
        slug="orig-copy",
        currency="EUR",
        date_from="2028-06-01T20:00:00Z",
    )
    copied = pretix.pages("events/orig-copy/items/")
    assert copied[0]["meta_data"]["wix_ticket_definition_id"] == wanted.id
    fresh = reach({**_plain(pretix), "event": "orig-{event.slug}"})
    (held,) = [each for each in fresh.find() if each.definition_id == wanted.id]
    (outcome,) = fresh.apply([removal(Action.DELETE, as_record(wanted), held)])
    assert (outcome.external_id or "").startswith("orig-gala/")
    assert len(pretix.pages("events/orig-copy/items/")) == 1


def test_killed_in_the_middle_of_a_create_it_leaves_no_twin(
    tmp_path: Path, sandbox: RunningSandbox, pretix: Server
) -> None:
    with DoorThatHolds(pretix.url, "POST", "/items/", after=3) as door:
        held = Server(url=door.url, organizer=pretix.organizer, full_token=pretix.full_token, token=pretix.token)
        declared = declare(tmp_path, sandbox.base_url, held, prefix="killed")
        command = [sys.executable, "-m", "ticket_pipeline", "sync", "--config", str(declared)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            assert door.holding.wait(60), "no create came"
            os.kill(process.pid, signal.SIGKILL)
        door.let_go()
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    items = [
        each
        for event_ in pretix.pages("events/")
        if event_["slug"].startswith("killed-")
        for each in pretix.pages(f"events/{event_['slug']}/items/")
    ]
    assert len(items) == 8
    assert len({each["meta_data"]["wix_ticket_definition_id"] for each in items}) == 8


def _plain(server: Server) -> dict[str, str]:
    """Address a pretix with the token that may do no more than the connector needs."""
    named = {name: value for name, value in address(server).items() if name != "kind"}
    return {**named, "token": server.token}
