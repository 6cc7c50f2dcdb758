"""The sandbox's whole programme in Tito and in Eventbrite: once, one to one, and nothing to do the second time."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest
import requests

from ticket_pipeline import json_api
from ticket_pipeline.errors import TransientError
from ticket_pipeline.flows.inspect_links import pair_up
from ticket_pipeline.model.policy import Policy
from ticket_pipeline.sandbox.serve import RunningSandbox
from ticket_pipeline.sandbox.settings import SANDBOX_API_KEY, SANDBOX_SITE_ID
from ticket_pipeline.settings import Pipeline
from ticket_pipeline.store import dead_letters, links
from ticket_pipeline.wiring import Wiring
from ticket_pipeline_tests.destinations import eventbrite_stub, tito_stub
from ticket_pipeline_tests.destinations.eventbrite_stub import EventbriteStub
from ticket_pipeline_tests.destinations.tito_stub import TitoStub
from ticket_pipeline_tests.flows.stage import Stage
from ticket_pipeline_tests.sandbox.api import Api
from ticket_pipeline_tests.sandbox.conftest import api, clock, sandbox, started

__all__ = ["api", "clock", "sandbox", "started"]

#: What these systems cannot sell, and say so.
_NOT_CARRIED = {"price_options", "unlimited", "capacity", "no_price"}

Stub = TitoStub | EventbriteStub


@pytest.fixture(params=["tito", "eventbrite"])
def stub(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Stub:
    """Stand in for the system, at the transport."""
    made: Stub = TitoStub() if request.param == "tito" else EventbriteStub()
    made.events.clear()
    session = requests.Session()
    session.mount("https://", made)
    monkeypatch.setattr(json_api, "_new_session", lambda _: session)
    return made


@pytest.fixture
def stage(sandbox: RunningSandbox, api: Api, tmp_path: Path, stub: Stub) -> Iterator[Stage]:
    """Set a stage whose destination is the stub, with an event there for each at Wix."""
    events, currencies = {}, {}
    for each in api.all():
        currencies[each["eventId"]] = re.findall(r'"currency": "([A-Z]{3})"', json.dumps(each["pricingMethod"]))[:1]
    query = {"query": {"paging": {"limit": 1000}}}
    for number, each in enumerate(api.ask("POST", "/events/v3/events/query", query)["events"], start=1001):
        events[each["slug"]] = str(number)
        stub.events[str(number)] = {}
        stub.currencies[str(number)] = "".join(currencies.get(each["id"], []))
    kind = {"kind": "eventbrite", "token": eventbrite_stub.TOKEN}
    if isinstance(stub, TitoStub):
        kind = {"kind": "tito", "token": tito_stub.TOKEN, "account": tito_stub.ACCOUNT}
    auth = {"kind": "api_key", "api_key": SANDBOX_API_KEY, "site_id": SANDBOX_SITE_ID}
    site = {
        "wix": {"base_url": sandbox.base_url, "auth": auth, "requests_per_minute": 100_000},
        "sync": {"destination": {**kind, "events": events}},
    }
    state = f"sqlite:///{tmp_path}/state.db"
    pipeline = Pipeline.model_validate({"state": state, "sites": {"box_office": site}})
    wired = Wiring(pipeline, sleep=lambda _: None).site("box_office")
    yield Stage(site=wired, api=api, sandbox=sandbox, policy=Policy(max_delete_fraction=Decimal(1)))
    wired.database.close()


def held(stub: Stub) -> int:
    return sum(map(len, stub.events.values()))


def test_what_can_be_carried_is_there_once_and_what_cannot_is_told(stage: Stage, stub: Stub) -> None:
    report = stage.sync()
    assert report.created == held(stub) > 50
    assert {each.code for each in report.refused} <= _NOT_CARRIED
    assert report.created + len(report.refused) == len(stage.wix_names())
    pairing = pair_up(stage.site.state, stage.site.destination)
    assert (pairing.one_to_one, pairing.linked) == (True, report.created)


def test_the_second_time_there_is_nothing_to_do(stage: Stage, stub: Stub) -> None:
    stage.sync()
    writes, there = stub.writes, held(stub)
    again = stage.reconcile()
    assert (stub.writes, held(stub)) == (writes, there)
    assert again.drift is not None
    assert (again.drift.missing, again.drift.edited, again.drift.strangers) == ((), (), ())


def test_creates_of_which_nobody_knows_whether_they_arrived_make_no_twins(stage: Stage, stub: Stub) -> None:
    made = count(1)

    def lost(request: requests.PreparedRequest) -> None:
        is_create = request.method == "POST" and str(request.url).rstrip("/").endswith(("releases", "ticket_classes"))
        if is_create and (number := next(made)) % 20 == 0:
            if number % 40:
                stub.answer(request)
            raise requests.ReadTimeout("before it was done, or after")

    stage.load()
    stub.steps = [lost] * 10_000
    for _ in range(3):
        with pytest.raises(TransientError):
            stage.publish()
    stub.steps = []
    stage.publish()
    assert pair_up(stage.site.state, stage.site.destination).one_to_one
    with stage.site.state.reading() as tx:
        linked = links.external_ids(tx, "box_office", stage.site.destination.identity)
        codes = {each.code for each in dead_letters.open_letters(tx, "box_office")}
    assert (len(linked), codes - _NOT_CARRIED) == (held(stub), set())


def test_losses_are_told_where_the_records_are_made(stage: Stage) -> None:
    report = stage.reconcile()
    assert report.mapped is not None
    assert any("not carried" in sentence for lost in report.mapped.losses.values() for sentence in lost)
