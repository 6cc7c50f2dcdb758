"""Slow, some three minutes: many machines, as their page sets them up; whatever is killed, nothing is lost."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from random import Random
from threading import Event
from typing import Any

import dagster as dg
import pytest
import requests
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG
from sqlalchemy import create_engine, text

from ticket_pipeline.flows.inspect_links import pair_up
from ticket_pipeline.flows.publish import publish
from ticket_pipeline.flows.reconcile import reconcile, refresh
from ticket_pipeline.orchestration.new_events import UNDER_WAY
from ticket_pipeline.sandbox import organiser, remote
from ticket_pipeline.sandbox.serve import running
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline.store import dead_letters, inbox
from ticket_pipeline.store.inbox import State
from ticket_pipeline_tests.counter.listening import Stream, stream
from ticket_pipeline_tests.real.many_machines import (
    PATIENCE,
    SITE,
    ManyMachines,
    Row,
    close,
    make_database,
    many_machines,
    on_sale,
    ports,
    stop_a_worker_at_work,
    wait_for,
)
from ticket_pipeline_tests.real.one_address import one_address
from ticket_pipeline_tests.real.postgresql_server import programs, running_postgresql
from ticket_pipeline_tests.real.redis_server import running_redis
from ticket_pipeline_tests.real.servers import HOST
from ticket_pipeline_tests.stories import site_history
from ticket_pipeline_tests.stories.answers import Answers

#: What happens at Wix while servers are killed, and how often.
DEEDS = {"edit": 40, "sell": 20, "create": 14, "move sale": 10, "delete": 8, "rename event": 4}
#: Seconds that a server is away: long enough to be noticed by everybody.
AWAY = 4.0
#: Of tickets that are counted: how many there are, and how many are bought.
STOCK, BOUGHT = 50, 8


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManyMachines]:
    """Set up everything, once."""
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    folder, listening = tmp_path_factory.mktemp("many"), ports()
    with (
        running_postgresql(found) as postgresql,
        running_redis(folder) as redis,
        one_address([listening["front1"], listening["front2"]]) as port,
        running(
            SandboxSettings(
                events=6,
                definitions=40,
                webhook_urls=(f"http://{HOST}:{port}/webhooks/wix",),
                resend_scale=0.001,
            )
        ) as sandbox,
        many_machines(folder, sandbox, postgresql, redis, listening) as machines,
    ):
        yield machines


def live(machines: ManyMachines, dice: Random, *, deeds: int) -> None:
    """Let so many things happen at Wix at once."""
    with machines.sandbox.world.lock:
        picked = dice.choices(list(DEEDS), weights=list(DEEDS.values()), k=deeds)
        site_history.Site(machines.sandbox.world).live(picked, dice)


def drain(machines: ManyMachines) -> None:
    """Wait until all that Wix sent was taken, followed and brought over, and no run is under way."""
    office = machines.sandbox.desk.webhooks
    office.resend(None)
    wait_for(lambda: office.flush(1.0, resends=True), "that all webhooks were taken")
    wait_for(machines.settled, "an empty inbox and nothing left over")
    under_way = dg.RunsFilter(statuses=UNDER_WAY)
    wait_for(lambda: not machines.instance.get_runs(under_way), "the end of all runs")


def test_the_pages_commands_bring_a_webhook_to_a_row_by_a_celery_worker(machines: ManyMachines) -> None:
    sandbox = machines.sandbox
    assert len(machines.tickets()) == len(sandbox.world.definitions)
    picked = min(sandbox.world.definitions, key=lambda each: each.id)
    organiser.edit(sandbox.world, picked.id, {"name": "Front row"})

    def title() -> object:
        held = {row["wix_ticket_definition_id"]: row["title"] for row in machines.tickets()}
        return held[picked.id] == "Front row"

    wait_for(title, "the changed row")
    drain(machines)
    done = dg.RunsFilter(job_name=f"{SITE}_follow", statuses=[dg.DagsterRunStatus.SUCCESS])
    assert all(DAGSTER_CELERY_TASK_ID_TAG in run.tags for run in machines.instance.get_runs(done))
    assert machines.follow_runs_done()


def test_a_worker_that_is_told_to_stop_finishes_its_run_first(machines: ManyMachines) -> None:
    drain(machines)
    picked = min(machines.sandbox.world.definitions, key=lambda each: each.id)
    renamed = partial(organiser.edit, machines.sandbox.world, picked.id, {"name": "Last row"})
    run_id = stop_a_worker_at_work(machines.fleet, machines.instance, nobody_writes(machines, then=renamed))
    run = machines.instance.get_run_by_id(run_id)
    assert run is not None
    assert run.status is dg.DagsterRunStatus.SUCCESS
    wait_for(lambda: "Last row" in {row["title"] for row in machines.tickets()}, "the changed row")


@contextmanager
def nobody_writes(machines: ManyMachines, *, then: Callable[[], object]) -> Iterator[None]:
    """Keep what writes to the ticketing system waiting for the block, and do something then."""
    engine = create_engine(machines.postgresql.url("ticketing"))
    try:
        with engine.begin() as connection:
            connection.execute(text("LOCK TABLE tickets IN SHARE MODE"))
            then()
            yield
    finally:
        engine.dispose()


def test_two_receivers_and_two_counters_agree(machines: ManyMachines) -> None:
    sandbox, fronts = machines.sandbox, ("front1", "front2")
    upcoming = {"query": {"filter": {"status": "UPCOMING"}, "paging": {"limit": 1}}}
    (event,) = remote.ask("POST", "/events/v3/events/query", upcoming, base_url=sandbox.base_url)["events"]
    ids = [
        str(remote.create(event_id=event["id"], name=name, limit=STOCK, base_url=sandbox.base_url)["id"])
        for name in ("Stalls", "Balcony")
    ]
    for front in fronts:
        wait_for(partial(counters, machines, front, ids), "the counters")
    query = "&".join(f"ids={each}" for each in ids)
    with ExitStack() as stack:
        streams = [stack.enter_context(stream(machines.ports[each], query, patience=PATIENCE)) for each in fronts]
        for _ in range(BOUGHT):
            for each in ids:
                remote.buy(each, force=True, base_url=sandbox.base_url)
        one, other = (told_until_all_are_bought(each, ids) for each in streams)
    assert [key for key in one.keys() & other.keys() if one[key] != other[key]] == []
    drain(machines)
    wait_for(lambda: same(*(counters(machines, each, ids) for each in fronts)), "the same from both")


def same(one: object, other: object) -> bool:
    """Tell whether two receivers say the same; one may have read a moment before the other hears of it."""
    return one is not None and one == other


def counters(machines: ManyMachines, front: str, ids: Sequence[str]) -> list[Any] | None:
    """Ask one receiver for some counters; None when it does not know one of them yet."""
    answers = [requests.get(f"http://{HOST}:{machines.ports[front]}/counters/{each}", timeout=30) for each in ids]
    return [each.json() for each in answers] if all(each.ok for each in answers) else None


def told_until_all_are_bought(told: Stream, ids: Sequence[str]) -> dict[tuple[str, int], Any]:
    """Give what a browser is told until no counter will change any more, by definition and version."""
    found: dict[tuple[str, int], Any] = {}
    left = dict.fromkeys(ids, STOCK)
    while set(left.values()) != {STOCK - BOUGHT}:
        counter = told.next()
        assert counter["remaining"] <= left[counter["definition_id"]], "a counter went back"
        left[counter["definition_id"]] = counter["remaining"]
        found[counter["definition_id"], counter["version"]] = counter
    return found


def test_whatever_is_killed_nothing_is_lost_and_nothing_is_done_twice(
    machines: ManyMachines, monkeypatch: pytest.MonkeyPatch
) -> None:
    drain(machines)
    office = machines.sandbox.desk.webhooks
    answers = Answers(office.settle)
    monkeypatch.setattr(office, "settle", answers)
    with machines.site.state.reading() as tx:
        before = inbox.last_seq(tx, SITE)
    with ThreadPoolExecutor(1) as threads, calm_afterwards() as calm:
        living = threads.submit(live_until, calm, machines)
        for kill in (kill_a_worker, kill_a_run, kill_the_broker, kill_a_worker, restart_postgresql, crash_postgresql):
            done = machines.follow_runs_done()
            kill(machines)
            wait_for(partial(machines.more_follow_runs_than, done), "a run that follows the webhooks")
        calm.set()
        living.result()
    drain(machines)
    assert_each_answered_webhook_landed_once_and_is_settled(machines, answers, after=before)
    assert_the_destination_holds_what_a_clean_load_brings(machines)
    assert_a_reconcile_finds_nothing(machines)
    assert set(machines.fleet.begun_again) <= {"work1", "work2"}


@contextmanager
def calm_afterwards() -> Iterator[Event]:
    """Give a sign that is set in the end, whatever happens."""
    calm = Event()
    try:
        yield calm
    finally:
        calm.set()


def live_until(calm: Event, machines: ManyMachines) -> None:
    """Let things happen at Wix, now one and now several at once."""
    dice = Random(7)
    while not calm.wait(dice.uniform(0.2, 1.5)):
        live(machines, dice, deeds=dice.choice([1, 1, 2, 5]))


def kill_a_worker(machines: ManyMachines) -> None:
    """Cut the power of a machine in the middle of a run, and see the run missed."""
    lost = in_a_run(machines, machines.fleet.kill_all_of)
    wait_for(lambda: machines.has_ended(lost), "the end of a run whose worker was killed")


def kill_a_run(machines: ManyMachines) -> None:
    """Kill the process of a run, and leave its worker alone."""
    lost = in_a_run(machines, machines.fleet.kill)
    wait_for(lambda: machines.has_ended(lost), "the end of a run that was killed")


def kill_the_broker(machines: ManyMachines) -> None:
    """Kill Redis in the middle of a run; what was queued, and how tasks stand, is lost with it."""
    in_a_run(machines, lambda _: machines.redis.kill())
    time.sleep(AWAY)
    machines.redis.start()


def restart_postgresql(machines: ManyMachines) -> None:
    """Stop PostgreSQL in the middle of a run, and start it again."""
    in_a_run(machines, lambda _: machines.postgresql.stop())
    time.sleep(AWAY)
    machines.postgresql.start()


def crash_postgresql(machines: ManyMachines) -> None:
    """Have PostgreSQL end without a word to anybody, and recover."""
    in_a_run(machines, lambda _: machines.postgresql.stop(at_once=True))
    time.sleep(AWAY)
    machines.postgresql.start()


def in_a_run(machines: ManyMachines, strike: Callable[[int], object]) -> str:
    """Do something in the middle of a run, given its process; give the run's id."""
    while True:
        run_id, pid = wait_for(machines.run_at_work, "a run at work")
        with suppress(ProcessLookupError):  # it was quicker
            strike(pid)
            return run_id


def assert_each_answered_webhook_landed_once_and_is_settled(
    machines: ManyMachines, answers: Answers, *, after: int
) -> None:
    counts = machines.sandbox.desk.webhooks.document(0)["counts"]
    assert (counts["lost"], counts["dropped"], counts["waiting"], counts["queued"]) == (0, 0, 0, 0)
    with machines.site.state.reading() as tx:
        landed = inbox.after(tx, SITE, after, 1_000_000)
        assert not dead_letters.open_letters(tx, SITE)
    keys = [entry.envelope.key for entry in landed]
    assert len(keys) == len(set(keys))
    assert set(keys) == answers.keys()
    assert {entry.state for entry in landed} <= {State.DONE, State.IGNORED}


def assert_the_destination_holds_what_a_clean_load_brings(machines: ManyMachines) -> None:
    held = machines.tickets()
    assert {row["wix_ticket_definition_id"] for row in held} == {each.id for each in machines.sandbox.world.definitions}
    assert held == clean_load(machines)
    assert pair_up(machines.site.state, machines.site.destination).one_to_one


def clean_load(machines: ManyMachines) -> list[Row]:
    """Bring all there is into a fresh state and a fresh destination; give what is sold there then."""
    state, ticketing = (make_database(machines.postgresql, each) for each in ("clean", "clean_ticketing"))
    wiring = machines.wired(TICKET_PIPELINE_STATE=state, TICKETING_URL=ticketing)
    site, now = wiring.site(SITE), datetime.now(UTC)
    refresh(site.state, site.wix, site.mapping, now=now)
    publish(site.state, site.destination, site.policy, now=now)
    close(wiring)
    return on_sale(ticketing)


def assert_a_reconcile_finds_nothing(machines: ManyMachines) -> None:
    site = machines.site
    report = reconcile(site.state, site.wix, site.sync_parts, now=datetime.now(UTC))
    assert (report.untold, report.drift.differences, report.planned.changes) == (0, 0, ())
