"""pretix: definitions into a real one, several requests at once against one after the other, and again unchanged."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import requests
import yaml

from bench.rig.figures import Target
from bench.rig.pipeline import SITE, declare, opened, temporary_folder
from bench.rig.sandbox import Sandbox, sandbox
from ticket_pipeline.destinations.pretix import DEFAULT_MAPPING, Config, Pretix
from ticket_pipeline.flows.drift import find_drift
from ticket_pipeline.flows.load import load_definitions
from ticket_pipeline.flows.load_events import load_events
from ticket_pipeline.flows.map_records import map_records
from ticket_pipeline.flows.plan import plan
from ticket_pipeline.flows.publish import publish
from ticket_pipeline.mapping.mapping import build_mapping
from ticket_pipeline.model.change import Change
from ticket_pipeline.wiring import Site
from ticket_pipeline_tests.real.pretix_server import Pretix as Server
from ticket_pipeline_tests.real.pretix_server import running_pretix

#: Events, definitions, and how many of them are also written one request after the other.
SIZE, QUICK_SIZE = (50, 1000, 200), (4, 40, 10)
#: As a small deployment runs it: processes for the cores, threads for what waits.
_WORKERS, _THREADS = 3, 4
_PAGE = 50
#: A pretix on the same machine, where its own work is all there is to wait for, and one elsewhere.
LATENCIES_MS = (0, 50)
TARGETS = {
    "*.times_faster": Target(at_least=3),
    "*.second.writes": Target(at_most=0),
    "*.second.reads_beyond_pages": Target(at_most=0),
    "*.read_back.writes": Target(at_most=0),
    "*.read_back.reads_beyond_pages": Target(at_most=0),
}


class _Wire(requests.Session):
    """A session over a long wire, that counts what it sends."""

    reads = writes = 0

    def __init__(self, latency_ms: float) -> None:
        super().__init__()
        self.latency_ms = latency_ms

    def send(self, request: requests.PreparedRequest, **named: Any) -> requests.Response:
        """Count, wait, then send."""
        if request.method == "GET":
            self.reads += 1
        else:
            self.writes += 1
        time.sleep(self.latency_ms / 1000)
        return super().send(request, **named)


def run(*, quick: bool = False) -> dict[str, Any]:
    """Publish the world, a part of it once more one request after the other, then look what a second time costs."""
    events, definitions, few = QUICK_SIZE if quick else SIZE
    figures: dict[str, Any] = {}
    with temporary_folder() as folder, sandbox(folder, events=events, definitions=definitions) as there:
        home = folder / "pretix"
        home.mkdir()
        with running_pretix(home, workers=_WORKERS, threads=_THREADS) as server:
            for latency_ms in LATENCIES_MS:
                own = folder / f"{latency_ms}"
                own.mkdir()
                with _site(own, there, server, latency_ms) as site:
                    figures[f"{latency_ms} ms"] = _measured(site, server, few, latency_ms)
    return figures


def _measured(site: Site, server: Server, few: int, latency_ms: int) -> dict[str, Any]:
    changes, slow = _load(site), _slow(server, latency_ms)
    for destination in (slow, cast("Pretix", site.destination)):
        _make_events(destination, changes)
    # Half before and half after, so that a machine that becomes busier is fair to both.
    before = _one_after_the_other(slow, changes[: few // 2])
    started = time.perf_counter()
    report = publish(site.state, site.destination, site.policy, now=datetime.now(UTC))
    seconds = time.perf_counter() - started
    after = _one_after_the_other(slow, changes[few // 2 : few])
    rate, slow_rate = report.created / seconds, few / (before + after)
    return {
        "created": report.created,
        "refused": len(report.refused),
        "seconds": round(seconds, 2),
        "per_second": round(rate, 2),
        "one_after_the_other_per_second": round(slow_rate, 2),
        "times_faster": round(rate / slow_rate, 2),
        "second": _again(site, lambda: publish(site.state, site.destination, site.policy, now=datetime.now(UTC))),
        "read_back": _again(site, lambda: find_drift(site.state, site.destination)),
    }


def _load(site: Site) -> Sequence[Change]:
    now = datetime.now(UTC)
    events = load_events(site.state, site.wix, now=now)
    load_definitions(site.state, site.wix, events.event_ids, now=now)
    map_records(site.state, site.mapping, events.event_ids, now=now)
    return plan(site.state, site.destination, site.policy).changes


def _make_events(destination: Pretix, changes: Sequence[Change]) -> None:
    """Make the events beforehand: what is compared is how tickets are written."""
    for record in {change.event_id: change.record for change in changes if change.record}.values():
        destination.events.place(record)


def _one_after_the_other(destination: Pretix, changes: Sequence[Change]) -> float:
    """Write them over one connection; give the seconds."""
    started = time.perf_counter()
    refused = [outcome.reason for outcome in destination.apply(changes) if outcome.refused]
    if refused:
        raise RuntimeError(f"{len(refused)} refused, the first: {refused[0]}")
    return time.perf_counter() - started


def _slow(server: Server, latency_ms: int) -> Pretix:
    declared = {**_address(server), "event": f"slow{latency_ms}-{{event.slug}}", "connections": 1}
    return Pretix(Config.model_validate(declared), build_mapping(DEFAULT_MAPPING), _Wire(latency_ms))


def _again(site: Site, look: Callable[[], object]) -> dict[str, Any]:
    """Count what it takes to see that nothing is to be done."""
    api, counted = cast("Pretix", site.destination).api, _Wire(0)
    pages = _pages(cast("Pretix", site.destination))
    before, api.session = api.session, counted
    try:
        started = time.perf_counter()
        look()
        seconds = time.perf_counter() - started
    finally:
        api.session = before
    return {
        "seconds": round(seconds, 2),
        "writes": counted.writes,
        "reads": counted.reads,
        "pages": pages,
        "reads_beyond_pages": max(0, counted.reads - pages),
    }


def _pages(destination: Pretix) -> int:
    """Count the pages that all events, items and quotas fill."""
    held = Counter(each.external_id.partition("/")[0] for each in destination.find())
    return _full(len(destination.events.every())) + sum(2 * _full(items) for items in held.values())


def _full(things: int) -> int:
    return -(-things // _PAGE)


@contextmanager
def _site(folder: Path, there: Sandbox, server: Server, latency_ms: int) -> Iterator[Site]:
    """Declare the site with this pretix instead of a table, and open it."""
    declared = declare(folder, there)
    pipeline = yaml.safe_load(declared.read_text())
    address = {"kind": "pretix", **_address(server), "event": f"fast{latency_ms}-{{event.slug}}"}
    pipeline["sites"][SITE]["sync"]["destination"] = address
    declared.write_text(yaml.safe_dump(pipeline))
    with opened(declared) as site:
        cast("Pretix", site.destination).api.session = _Wire(latency_ms)
        yield site


def _address(server: Server) -> dict[str, str]:
    return {"url": server.url, "organizer": server.organizer, "token": server.full_token}
