"""The sandbox's world in a real pretix: every ticket definition is an item as Wix has it, and stays one."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import pytest

from ticket_pipeline.sandbox.serve import running
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline_tests.real.pretix_server import Pretix as Server
from ticket_pipeline_tests.real.pretix_site import Json, PretixSite, pretix_site


@pytest.fixture(scope="module")
def site(pretix: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PretixSite]:
    """Give a site whose world was published once."""
    with running(SandboxSettings()) as sandbox:
        folder = tmp_path_factory.mktemp("world")
        with pretix_site(folder, sandbox, pretix, prefix="wix") as opened:
            report = opened.sync()
            assert report.refused == ()
            assert report.created == len(opened.wix_definitions()) == 130
            yield opened


def test_every_definition_is_an_item_that_says_what_wix_says(site: PretixSite) -> None:
    definitions, events = site.wix_definitions(), site.wix_events()
    of_event: dict[str, list[Json]] = {}
    for each in definitions.values():
        of_event.setdefault(each["eventId"], []).append(each)
    assert len(of_event) == 13
    for event_id, of_this in of_event.items():
        slug = f"wix-{events[event_id]['slug']}"
        items = {each["meta_data"]["wix_ticket_definition_id"]: each for each in site.items(slug)}
        quotas = {quota["items"][0]: quota for quota in site.server.pages(f"events/{slug}/quotas/")}
        assert items.keys() == {each["id"] for each in of_this}
        assert len(quotas) == len(items)
        for definition in of_this:
            item = items[definition["id"]]
            see_item(definition, item, quotas[item["id"]])


def see_item(definition: Json, item: Json, quota: Json) -> None:
    pricing, period = definition["pricingMethod"], definition.get("salePeriod") or {}
    options = pricing.get("pricingOptions", {}).get("optionDetails", [])
    single = pricing.get("fixedPrice") or pricing.get("guestPrice")
    assert item["name"] == {"en": definition["name"]}
    assert item["internal_name"] == f"wix:{definition['id']}"
    assert item["active"] is not definition["hidden"]
    assert item["free_price"] is ("guestPrice" in pricing)
    if single:
        assert Decimal(item["default_price"]) == Decimal(single["value"])
    shown = [(v["meta_data"]["wix_option_id"], v["value"]["en"], Decimal(v["price"])) for v in item["variations"]]
    assert shown == [(o["optionId"], o["name"], Decimal(o["price"]["value"])) for o in options]
    assert quota["size"] == (definition["actualLimit"] if definition["limited"] else None)
    assert sorted(quota["variations"]) == sorted(v["id"] for v in item["variations"])
    # What has no price at all must not be had for nothing.
    assert quota["closed"] is not bool(single or options)
    assert _instant(item["available_from"]) == _instant(period.get("startDate"))
    assert _instant(item["available_until"]) == _instant(period.get("endDate"))
    mode = "info" if period.get("displayNotOnSale") else "hide"
    assert (item["available_from_mode"], item["available_until_mode"]) == (mode, mode)
    if definition.get("policyText"):
        assert item["description"]["en"].partition("---\n\n")[2]


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def test_the_events_were_made_as_wix_has_them_and_are_not_live(site: PretixSite) -> None:
    events, definitions = site.wix_events(), site.wix_definitions()
    for event_id in {each["eventId"] for each in definitions.values()}:
        wix = events[event_id]
        made = site.server.call("GET", f"events/wix-{wix['slug']}/")
        dates = wix["dateAndTimeSettings"]
        assert (made["name"], made["live"]) == ({"en": wix["title"]}, False)
        assert made["timezone"] == dates["timeZoneId"]
        assert made["currency"] == wix["registration"]["tickets"]["currency"]
        assert _instant(made["date_from"]) == _instant(dates["startDate"])


def test_a_second_sync_writes_nothing_and_reads_nothing(site: PretixSite) -> None:
    site.session.sent.clear()
    report = site.sync()
    assert (report.unchanged, site.session.sent) == (130, [])


def test_what_is_read_back_is_what_was_written(site: PretixSite) -> None:
    site.session.sent.clear()
    report = site.reconcile()
    assert report.drift is not None
    assert (report.drift.compared, report.drift.edited, report.drift.missing, report.drift.strangers) == (
        130,
        (),
        (),
        (),
    )
    assert site.session.writes == 0
    lists = [site.server.pages("events/"), *2 * [site.items(slug) for slug in _slugs(site)]]
    pages = sum(-(-len(each) // 50) for each in lists)
    assert site.session.reads <= pages


def _slugs(site: PretixSite) -> set[str]:
    return {site.pretix_event(each["eventId"]) for each in site.wix_definitions().values()}
