"""What runs did is told by every server alike, though they ran elsewhere and are over."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ticket_pipeline.errors import TransientError
from ticket_pipeline.flows.announce import announce
from ticket_pipeline.flows.recorded import recorded
from ticket_pipeline.flows.sale_starts import due
from ticket_pipeline.model.message import Fate
from ticket_pipeline.server import ServerParts
from ticket_pipeline.store import budget, dead_letters, figures
from ticket_pipeline.store.brought import TO_DESTINATION
from ticket_pipeline.store.database import Database, open_database
from ticket_pipeline.store.dead_letters import DeadLetter
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline_tests.flows.announcing import BoxOffice, box_office
from ticket_pipeline_tests.store.bodies import NOON, minute
from ticket_pipeline_tests.webhooks.running import Client, serving

SITES = {"box_office": 200, "other": 40}
Told = dict[tuple[str, frozenset[str]], float]


def parts(database: Database) -> ServerParts:
    return ServerParts(database=database, endpoints=[], requests_per_minute=SITES, clock=lambda: NOON)


def told(client: Client) -> Told:
    """Read all samples, each by its name and the values of its labels."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    samples = [each for family in families for each in family.samples if not each.name.endswith("_created")]
    return {
        (each.name.removeprefix("ticket_pipeline_"), frozenset(each.labels.values())): each.value for each in samples
    }


def of(found: Told, name: str, *labels: str) -> float:
    return found[name, frozenset(labels)]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path}/state.db")
    yield opened
    opened.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[BoxOffice]:
    made = box_office(tmp_path)
    for name in ("ann", "ben", "cid"):
        made.people.join(name)
    yield made
    made.state.database.close()


@recorded("publish")
def flow(state: SiteState, error: Exception | None = None, *, now: object) -> None:  # noqa: ARG001 - as flows are called
    if error is not None:
        raise error


def test_two_servers_on_one_database_tell_the_same_of_runs_elsewhere(database: Database) -> None:
    state = SiteState(database=database, site="box_office")
    flow(state, now=minute(1))
    with pytest.raises(TransientError):
        flow(state, TransientError("down"), now=minute(2))
    with state.writing() as tx:
        figures.observe(tx, state.site, TO_DESTINATION, [0.7, 40, 1_000_000], at=NOON)
        letter = DeadLetter(subject="stalls", code="x", reason="x")
        dead_letters.bury(tx, state.site, flow="map", letters=[letter], at=NOON)
    with serving(parts(database)) as one, serving(parts(database)) as two:
        found = told(one)
        assert found == told(two)
    assert of(found, "runs_total", "box_office", "publish", "done") == 1
    assert of(found, "runs_total", "box_office", "publish", "postponed") == 1
    assert of(found, "runs_total", "other", "publish", "done") == 0
    assert of(found, "last_success_timestamp_seconds", "box_office", "publish") == minute(1).timestamp()
    assert of(found, "dead_letters_open", "box_office", "map") == 1
    buckets = [
        of(found, "webhook_to_destination_seconds_bucket", "box_office", le) for le in ("0.5", "1.0", "60.0", "+Inf")
    ]
    assert buckets == [0, 1, 2, 3]
    assert of(found, "webhook_to_destination_seconds_count", "box_office") == 3


def test_the_budget_left_is_what_it_is_now(database: Database) -> None:
    at = NOON.timestamp()
    spending = budget.SharedBudget(database, "box_office", 200, clock=lambda: at - 4)
    for _ in range(20):
        spending.take(urgent=True)
    with serving(parts(database)) as client:
        found = told(client)
    assert of(found, "request_budget_left", "box_office") == 50 - 20 + 4 * 2.5
    assert of(found, "request_budget_burst", "box_office") == 50
    assert of(found, "request_budget_left", "other") == of(found, "request_budget_burst", "other") == 10


def test_a_database_that_cannot_be_read_takes_its_figures_along_and_no_more(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(_: Database) -> None:
        raise TransientError("gone")

    monkeypatch.setattr(Database, "reading", down)
    with serving(parts(database)) as client:
        found = told(client)
    assert of(found, "database_readable") == 0
    assert of(found, "webhooks_postponed_total") == 0
    assert not [name for name, _ in found if name.startswith("runs")]


def test_sites_that_are_not_declared_any_more_are_not_told_of(database: Database) -> None:
    flow(SiteState(database=database, site="retired"), now=NOON)
    with serving(parts(database)) as client:
        assert not [labels for _, labels in told(client) if "retired" in labels]


def test_a_clock_that_was_put_back_does_not_stop_the_figures(database: Database) -> None:
    times = [NOON]
    served = ServerParts(database=database, endpoints=[], requests_per_minute=SITES, clock=lambda: times[-1])
    with serving(served) as client:
        assert of(told(client), "runs_total", "box_office", "publish", "done") == 0
        flow(SiteState(database=database, site="box_office"), now=NOON)
        times.append(NOON - timedelta(hours=1))
        assert of(told(client), "runs_total", "box_office", "publish", "done") == 1


def test_an_announcement_is_added_up_when_it_is_done_with_and_not_again(office: BoxOffice) -> None:
    office.opens("stalls", at=minute(10))
    office.place.fates["ben"] = Fate.REFUSED
    office.tick_at(minute(10) + timedelta(seconds=2))
    office.tick()
    with serving(parts(office.state.database)) as client:
        found = told(client)
    assert of(found, "announcements_total", "box_office", "announced") == 1
    assert of(found, "announcement_recipients_total", "box_office", "told") == 2
    assert of(found, "announcement_recipients_total", "box_office", "failed") == 1
    assert of(found, "announcement_delay_seconds_count", "box_office") == 1
    assert of(found, "announcement_delay_seconds_bucket", "box_office", "1.5") == 0
    assert of(found, "announcement_delay_seconds_bucket", "box_office", "2.0") == 1
    assert of(found, "announcements_open", "box_office") == 0


def test_a_start_that_comes_up_too_late_is_counted_as_missed(office: BoxOffice) -> None:
    office.opens("stalls", at=minute(10))
    (planned,) = due(office.state, now=minute(9))
    office.time.pass_to(minute(10) + timedelta(hours=3))
    announce(office.parts, planned)
    with serving(parts(office.state.database)) as client:
        assert of(told(client), "announcements_total", "box_office", "skipped_late") == 1
