"""Counter: from a webhook to the number at its readers, in calm and in a rush, and the same the way stock Dagster goes.

Sandbox and load are this process; the server is another, all readers are a third.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import requests

from bench.rig.counter_readers import Arrival, counter_readers
from bench.rig.counter_server import CounterServer, counter_server
from bench.rig.figures import Target
from bench.rig.machine import load_average
from bench.rig.pipeline import temporary_folder
from bench.rig.stock_dagster import stock_dagster
from bench.rig.ticket_sales import Sold, TicketSales, ticket_sales
from ticket_pipeline.sandbox.faults import Faults
from ticket_pipeline.sandbox.remote import DEFINITIONS, KEY

LATENCIES_MS = (0, 100)
#: Wix's limit; where a rush is not the matter, none.
LIMIT, NO_LIMIT = 200, 100_000
#: Seconds between two purchases in calm, and before a webhook on the stock way.
THINKING, STOCK_THINKING = (0.1, 0.4), (0.0, 3.0)
#: Seconds after the last purchase in which second reads come to their end.
SETTLING = 4.0
_PATIENCE = 60.0


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much of everything."""

    readers: int = 1_000
    definitions: int = 10
    purchases: int = 100
    stock_purchases: int = 3
    rush_definitions: int = 20
    orders_per_second: int = 100
    rush_seconds: int = 30
    crowd: int = 5_000
    crowd_changes: int = 5


QUICK = Sizes(
    readers=50, purchases=8, stock_purchases=1, rush_definitions=5, orders_per_second=20, rush_seconds=3, crowd=200
)
TARGETS = {
    "webhook_to_reader.*.beyond_api.median_ms": Target(at_most=50),
    "webhook_to_reader.*.beyond_api.p99_ms": Target(at_most=250),
    "rush.requests": Target(at_most=LIMIT),
    "rush.refused_by_the_limit": Target(at_most=0),
    "rush.age_seconds.p99": Target(at_most=2),
    "rush.wrong_in_the_end": Target(at_most=0),
}


def run(*, quick: bool = False) -> dict[str, Any]:
    """Measure calm, stock, rush and crowd, one after the other."""
    sizes = QUICK if quick else Sizes()
    with temporary_folder() as folder:
        calm = _calm(folder, sizes)
        stock = _stock(folder, sizes)
        ours = calm[f"{LATENCIES_MS[0]} ms"]["any_reader"]["median_ms"] / 1000
        return {
            "webhook_to_reader": calm,
            "stock_sensor_and_run": {**stock, "times_ours": round(stock["median_seconds"] / ours)},
            "rush": _rush(folder, sizes),
            "crowd": _crowd(folder, sizes),
        }


def _calm(folder: Path, sizes: Sizes) -> dict[str, Any]:
    """Buy one by one, with time in between, and post the signed confirmation of each purchase."""
    with (
        ticket_sales(sizes.definitions) as sales,
        counter_server(folder / "calm", sales.url, sales.definition_ids, requests_per_minute=NO_LIMIT) as server,
        counter_readers(server.port, sales.definition_ids, log=folder / "readers.log") as readers,
    ):
        readers.connect(sizes.readers)
        figures = {}
        for latency in LATENCIES_MS:
            sales.sandbox.desk.faults.set(Faults(latency_ms=latency))
            api = _api_seconds(sales)
            posted = _buy_and_post(sales, server, sizes.purchases)
            time.sleep(SETTLING)
            figures[f"{latency} ms"] = _latencies(posted, readers.take(), api)
        return figures


def _api_seconds(sales: TicketSales) -> float:
    """Tell how long the API takes to answer for one definition, on a connection that is open."""
    seconds = []
    with requests.Session() as session:
        for each in [sales.definition_ids[0], *sales.definition_ids]:
            started = time.perf_counter()
            session.get(f"{sales.url}{DEFINITIONS}/{each}?fields=SALES_DETAILS", headers=KEY, timeout=10)
            seconds.append(time.perf_counter() - started)
    return median(seconds[1:])


def _buy_and_post(sales: TicketSales, server: CounterServer, many: int) -> list[tuple[Sold, float]]:
    """Buy so often; give each number with the instant at which its webhook was posted."""
    posted = []
    with requests.Session() as session:
        for _ in range(many):
            sold, token = sales.buy(), sales.confirmation()
            posted.append((sold, time.time()))
            session.post(server.webhooks, data=token, timeout=10).raise_for_status()
            time.sleep(sales.dice.uniform(*THINKING))
    return posted


def _latencies(posted: Sequence[tuple[Sold, float]], arrivals: Sequence[Arrival], api: float) -> dict[str, Any]:
    """Lay out from each POST to the number at some reader, at the one in the middle, and at the last."""
    found = [(_first(sold, arrivals), at) for sold, at in posted]
    # A read on other grounds may come before the webhook.
    heard = [(arrival, at) for arrival, at in found if arrival.first > at]
    some = [arrival.any - at for arrival, at in heard]
    return {
        "load_average": load_average(),
        "readers": min(arrival.readers for arrival, _ in heard),
        "purchases": len(heard),
        "api_ms": _ms(api),
        "any_reader": _spread(some),
        "median_reader": _spread([arrival.median - at for arrival, at in heard]),
        "last_reader": _spread([arrival.last - at for arrival, at in heard]),
        "beyond_api": _spread([each - api for each in some]),
    }


def _first(sold: Sold, arrivals: Sequence[Arrival]) -> Arrival:
    """Find the first value that was read after a sale: numbers only fall here."""
    for arrival in arrivals:
        if arrival.body["definition_id"] == sold.definition_id and arrival.body["remaining"] <= sold.left:
            return arrival
    raise RuntimeError(f"no reader ever saw that {sold.left} were left of {sold.definition_id}")


def _rush(folder: Path, sizes: Sizes) -> dict[str, Any]:
    """Sell as in the first minute of a big sale; the sandbox sends all its webhooks, and holds us to the limit."""
    with (
        ticket_sales(sizes.rush_definitions, requests_per_minute=LIMIT) as sales,
        counter_server(folder / "rush", sales.url, sales.definition_ids, requests_per_minute=LIMIT) as server,
        counter_readers(server.port, sales.definition_ids, log=folder / "rush-readers.log") as readers,
    ):
        readers.connect(sizes.readers)
        sales.sandbox.desk.webhooks.subscribe(server.webhooks)
        before, started = sales.sandbox.stats.total, time.monotonic()
        _sell(sales, sizes)
        seconds = time.monotonic() - started
        sales.sandbox.desk.webhooks.flush(timeout=_PATIENCE)
        time.sleep(SETTLING)
        arrivals = readers.take()
        answered = sales.sandbox.stats.document()
        left = sales.left()
        wrong = [each for each in left if (server.value(each) or {}).get("remaining") != left[each]]
    ages = [_first(sold, arrivals).any - sold.at for sold in sales.sold]
    return {
        "load_average": load_average(),
        "readers": sizes.readers,
        "orders": len(sales.sold),
        "orders_per_second": round(len(sales.sold) / seconds, 1),
        "definitions": sizes.rush_definitions,
        "webhooks": sales.sandbox.desk.webhooks.document(0)["counts"]["delivered"],
        "requests": answered["total"] - before,
        "refused_by_the_limit": answered["statuses"].get("429", 0),
        "age_seconds": {**_quantiles(ages, digits=3), "slowest": round(max(ages), 3)},
        "wrong_in_the_end": len(wrong),
    }


def _sell(sales: TicketSales, sizes: Sizes) -> None:
    """Buy evenly, each purchase when it is due."""
    started = time.monotonic()
    for number in range(sizes.orders_per_second * sizes.rush_seconds):
        time.sleep(max(0.0, started + number / sizes.orders_per_second - time.monotonic()))
        sales.buy()


def _crowd(folder: Path, sizes: Sizes) -> dict[str, Any]:
    """Connect many to a server that nobody had asked before, and change one number now and then."""
    with (
        ticket_sales(1) as sales,
        counter_server(folder / "crowd", sales.url, sales.definition_ids, requests_per_minute=NO_LIMIT) as server,
        counter_readers(server.port, sales.definition_ids, log=folder / "crowd-readers.log") as readers,
    ):
        before = server.rss_kb()
        connecting = readers.connect(sizes.crowd)
        after, told = server.rss_kb(), []
        for _ in range(sizes.crowd_changes):
            posted = _buy_and_post(sales, server, 1)
            time.sleep(SETTLING / 4)
            told += [(_first(sold, readers.take()), at) for sold, at in posted]
    whole = [(arrival, at) for arrival, at in told if arrival.readers == sizes.crowd]
    if len(whole) != len(told):
        raise RuntimeError(f"{len(told) - len(whole)} changes did not reach all {sizes.crowd} readers in time")
    return {
        "load_average": load_average(),
        "readers": sizes.crowd,
        "connected_within_seconds": round(connecting, 2),
        "memory_per_reader_kb": round((after - before) / sizes.crowd, 1),
        "changes": len(told),
        "post_to_first_ms": _ms(median(arrival.first - at for arrival, at in told)),
        "post_to_median_ms": _ms(median(arrival.median - at for arrival, at in told)),
        "post_to_last_ms": _ms(median(arrival.last - at for arrival, at in told)),
        "first_to_last_ms": _ms(median(arrival.last - arrival.first for arrival, _ in told)),
    }


def _stock(folder: Path, sizes: Sizes) -> dict[str, Any]:
    """Land webhooks where a plain sensor looks, with an API that answers at once."""
    with ticket_sales(sizes.definitions) as sales, stock_dagster(folder / "stock", sales.url) as dagster:
        dagster.show(sales.buy())  # the first run is also the first start of everything
        seconds = []
        for _ in range(sizes.stock_purchases):
            time.sleep(sales.dice.uniform(*STOCK_THINKING))
            seconds.append(dagster.show(sales.buy()))
    return {
        "load_average": load_average(),
        "purchases": len(seconds),
        "median_seconds": round(median(seconds), 2),
        "slowest_seconds": round(max(seconds), 2),
    }


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    found = {name: value * 1000 for name, value in _quantiles(seconds, digits=6).items()}
    return {"median_ms": round(found["median"], 1), "p99_ms": round(found["p99"], 1)}


def _quantiles(values: Sequence[float], *, digits: int) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "median": round(median(ordered), digits),
        "p99": round(ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)], digits),
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
