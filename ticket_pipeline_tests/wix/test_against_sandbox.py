"""The client against the sandbox, over real sockets: two readings of Wix's documentation must agree."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ticket_pipeline.errors import ConfigError, NotFoundError, RejectedError, TransientError
from ticket_pipeline.sandbox import (
    SANDBOX_API_KEY,
    SANDBOX_APP_ID,
    SANDBOX_APP_SECRET,
    SANDBOX_INSTANCE_ID,
    SANDBOX_SITE_ID,
    SandboxSettings,
)
from ticket_pipeline.sandbox.faults import Faults
from ticket_pipeline.sandbox.serve import RunningSandbox, running
from ticket_pipeline.wix.auth import ApiKey, AppCredentials, Auth
from ticket_pipeline.wix.budget import TokenBucket
from ticket_pipeline.wix.client import WixClient
from ticket_pipeline.wix.events import get_event, query_events
from ticket_pipeline.wix.ticket_definitions import (
    count_ticket_definitions,
    get_ticket_definition,
    query_by_id,
    query_ticket_definitions,
)

EVENTS, DEFINITIONS = 30, 730
KEY = ApiKey(api_key=SANDBOX_API_KEY, site_id=SANDBOX_SITE_ID)
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running(SandboxSettings(events=EVENTS, definitions=DEFINITIONS)) as started:
        yield started


@pytest.fixture(autouse=True)
def _no_faults(sandbox: RunningSandbox) -> None:
    sandbox.desk.faults.set(Faults())


def client(sandbox: RunningSandbox, auth: Auth = KEY, **settings: Any) -> WixClient:
    return WixClient(
        base_url=sandbox.base_url,
        auth=auth,
        budget=TokenBucket(100_000),
        sleep=lambda _: None,
        **settings,
    )


def event_ids(wix: WixClient, *, drafts: bool = False) -> list[str]:
    return [event.id for page in query_events(wix, include_drafts=drafts) for event in page.items]


def definition_ids(wix: WixClient, events: list[str]) -> list[str]:
    return [item.id for page in query_ticket_definitions(wix, events) for item in page.items]


def everything(sandbox: RunningSandbox) -> set[str]:
    return {definition.id for _, definition in sandbox.world.definitions.items()}


def test_a_whole_site_is_read_by_one_cursor(sandbox: RunningSandbox) -> None:
    wix = client(sandbox)
    events = event_ids(wix, drafts=True)
    assert set(events) == {event.id for event in sandbox.world.events.values()}
    before = wix.requests_spent
    pages = list(query_ticket_definitions(wix, events))
    assert {item.id for page in pages for item in page.items} == everything(sandbox)
    assert [refused for page in pages for refused in page.refused] == []
    assert wix.requests_spent - before == -(-len(everything(sandbox)) // 100)
    assert all(item.sales is not None for page in pages for item in page.items)


def test_an_app_reads_with_one_token(sandbox: RunningSandbox) -> None:
    wix = client(sandbox, AppCredentials(SANDBOX_APP_ID, SANDBOX_APP_SECRET, SANDBOX_INSTANCE_ID))
    events = event_ids(wix)
    assert definition_ids(wix, events)
    assert sandbox.stats.routes["POST /oauth2/token"] == 1


def test_single_reads_agree_with_the_query(sandbox: RunningSandbox) -> None:
    wix = client(sandbox)
    events = event_ids(wix)
    (found, *_) = query_ticket_definitions(wix, events)
    wanted = found.items[:5]
    assert [get_ticket_definition(wix, item.id) for item in wanted] == list(wanted)
    by_id = [item for page in query_by_id(wix, [item.id for item in wanted] + [UNKNOWN]) for item in page.items]
    assert {item.id for item in by_id} == {item.id for item in wanted}
    assert get_event(wix, wanted[0].event_id).id == wanted[0].event_id


def test_the_count_agrees(sandbox: RunningSandbox) -> None:
    assert count_ticket_definitions(client(sandbox)) == len(everything(sandbox))


def test_what_does_not_exist_is_not_found(sandbox: RunningSandbox) -> None:
    with pytest.raises(NotFoundError):
        get_ticket_definition(client(sandbox), UNKNOWN)
    with pytest.raises(NotFoundError):
        get_event(client(sandbox), UNKNOWN)


@pytest.mark.parametrize(
    "auth",
    [
        replace(KEY, api_key="wrong"),
        replace(KEY, site_id=UNKNOWN),
        AppCredentials(SANDBOX_APP_ID, "wrong", SANDBOX_INSTANCE_ID),
        AppCredentials(SANDBOX_APP_ID, SANDBOX_APP_SECRET, UNKNOWN),
    ],
)
def test_wrong_credentials_are_config(sandbox: RunningSandbox, auth: Auth) -> None:
    wix = client(sandbox, auth)
    with pytest.raises(ConfigError):
        event_ids(wix)
    assert wix.requests_spent <= 1


def test_drafts_without_the_permission_are_config(sandbox: RunningSandbox) -> None:
    wix = client(sandbox, AppCredentials(SANDBOX_APP_ID, SANDBOX_APP_SECRET, SANDBOX_INSTANCE_ID))
    with pytest.raises(ConfigError, match="READ_DRAFT_EVENTS"):
        event_ids(wix, drafts=True)


def test_a_read_through_faults_is_still_complete(sandbox: RunningSandbox) -> None:
    wix = client(sandbox, attempts=12)
    events = event_ids(wix, drafts=True)
    sandbox.desk.faults.set(Faults(throttled=0.2, broken=0.1, unavailable=0.1, truncated=0.1, retry_after=3))
    assert set(definition_ids(wix, events)) == everything(sandbox)


@pytest.mark.parametrize("faults", [Faults(failing_page=3), Faults(cursor_loop=True), Faults(truncated=1.0)])
def test_a_read_that_cannot_be_complete_is_an_error(sandbox: RunningSandbox, faults: Faults) -> None:
    wix = client(sandbox, attempts=2)
    events = event_ids(wix)
    sandbox.desk.faults.set(faults)
    with pytest.raises(TransientError):
        definition_ids(wix, events)


def test_a_refused_filter_is_rejected_with_wixs_code(sandbox: RunningSandbox) -> None:
    wix = client(sandbox)
    events = event_ids(wix)
    sandbox.desk.faults.set(Faults(most_in=1))
    with pytest.raises(RejectedError) as caught:
        definition_ids(wix, events)
    assert caught.value.code == "FILTER_PARSER_ERROR"


def test_a_site_without_wix_events_is_config(sandbox: RunningSandbox) -> None:
    sandbox.desk.faults.set(Faults(app_not_installed=True))
    with pytest.raises(ConfigError, match="Wix Events is not installed"):
        event_ids(client(sandbox))


def test_the_servers_clock_is_read(sandbox: RunningSandbox) -> None:
    wix = client(sandbox)
    event_ids(wix)
    theirs = wix.server_time()
    assert theirs is not None
    assert abs(theirs - datetime.now(UTC)) < timedelta(seconds=30)


def test_a_client_that_keeps_its_budget_is_never_throttled() -> None:
    """Sleeping moves the clock that client and sandbox share, so that minutes pass at once."""
    seconds = [0.0]

    def sleep(duration: float) -> None:
        seconds[0] += duration

    def clock() -> datetime:
        return datetime(2026, 6, 1, tzinfo=UTC) + timedelta(seconds=seconds[0])

    with running(SandboxSettings(events=3, definitions=9, requests_per_minute=60), clock) as limited:
        budget = TokenBucket(60, clock=lambda: seconds[0])
        wix = WixClient(base_url=limited.base_url, auth=KEY, budget=budget, sleep=sleep, attempts=1)
        for number in range(200):
            wix.call("POST", "/events/v3/ticket-definitions/count", json={"filter": {}}, urgent=number % 3 == 0)
        assert limited.stats.document()["statuses"] == {"200": 200}
    assert 4 * 60 < seconds[0] < 5 * 60
