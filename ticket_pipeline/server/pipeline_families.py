"""What the database tells of the whole pipeline, in Prometheus' terms.

Every server on a database exposes the same, so over servers one takes the largest, never the sum. What has not
happened yet is exposed as zero, so that the first time is seen as a rise.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ticket_pipeline.flows.announce_report import DELAY, OUTCOMES, RECIPIENTS
from ticket_pipeline.flows.reconcile import DRIFT
from ticket_pipeline.flows.recorded import RUNS, SUCCEEDED_AT, Ended
from ticket_pipeline.model.announcement import Outcome
from ticket_pipeline.store.brought import TO_DESTINATION
from ticket_pipeline.store.figures import BEYOND, BOUNDS, SUM, Figures
from ticket_pipeline.store.standing import Standing
from ticket_pipeline.wix.budget import full, left

_FLOWS = ("events", "follow", "load", "publish", "reconcile")
_BURYING = ("ingest", "load", "map", "publish")
_OUTCOMES = [each for each in Outcome if each is not Outcome.ELSEWHERE]
_RESULTS = ("told", "failed", "unknown", "skipped")


class PipelineFamilies(Collector):
    """One look at the database; every family has a sample for every declared site, and for no other."""

    def __init__(self, standing: Standing, requests_per_minute: Mapping[str, int], now: datetime) -> None:
        """Hold what was found; the limits name the declared sites."""
        self._standing = standing
        self._limits = requests_per_minute
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Give all families."""
        yield self._dead_letters()
        yield from self._budget()
        yield from self._runs()
        yield self._drift()
        yield from self._announcements()
        yield self._histogram(TO_DESTINATION, "From a webhook's landing to the end of the run that brought it there")
        yield self._histogram(DELAY, "From a sale's start to the first message that was taken")

    def _dead_letters(self) -> Metric:
        letters = _gauge("dead_letters_open", "What was refused and waits for a person", "site", "flow")
        for site in self._limits:
            for flow in _BURYING:
                letters.add_metric([site, flow], self._standing.dead_letters.get((site, flow), 0))
        return letters

    def _budget(self) -> tuple[Metric, Metric]:
        rest = _gauge("request_budget_left", "Requests that could be sent to Wix at once now", "site")
        most = _gauge("request_budget_burst", "The same, when none were sent lately", "site")
        now = self._now.timestamp()
        for site, limit in self._limits.items():
            level = self._standing.budgets.get(site) or full(limit, now=now)
            tokens, burst = left(level, now=now, requests_per_minute=limit)
            rest.add_metric([site], tokens)
            most.add_metric([site], burst)
        return rest, most

    def _runs(self) -> tuple[Metric, Metric]:
        runs = _counter("runs", "Runs of flows, by how they ended", "site", "flow", "outcome")
        last = _gauge("last_success_timestamp_seconds", "When the last run that ended well began", "site", "flow")
        for site in self._limits:
            for flow in _FLOWS:
                held = self._figures(site, RUNS + flow)
                for ended in Ended:
                    runs.add_metric([site, flow, ended.value], held.get(ended, 0))
                if SUCCEEDED_AT in held:
                    last.add_metric([site, flow], held[SUCCEEDED_AT])
        return runs, last

    def _drift(self) -> Metric:
        drift = _gauge("drift_records", "Records that the last reconcile found not as we had left them", "site")
        for site in self._limits:
            drift.add_metric([site], self._figures(site, DRIFT).get("records", 0))
        return drift

    def _announcements(self) -> Iterator[Metric]:
        settled = _counter("announcements", "Sale starts that are done with, by what became of them", "site", "outcome")
        people = _counter("announcement_recipients", "People at settled announcements", "site", "result")
        begun = _gauge("announcements_open", "Announcements under way, or left unfinished", "site")
        for site in self._limits:
            for outcome in _OUTCOMES:
                settled.add_metric([site, outcome.value], self._figures(site, OUTCOMES).get(outcome, 0))
            for result in _RESULTS:
                people.add_metric([site, result], self._figures(site, RECIPIENTS).get(result, 0))
            begun.add_metric([site], self._standing.open_announcements.get(site, 0))
        yield from (settled, people, begun)

    def _histogram(self, name: str, help_: str) -> Metric:
        family = HistogramMetricFamily(f"ticket_pipeline_{name}_seconds", help_, labels=["site"])
        for site in self._limits:
            held = self._figures(site, name)
            bounds = [*map(str, BOUNDS), BEYOND]
            counts = accumulate(held.get(each, 0) for each in bounds)
            family.add_metric([site], list(zip(bounds, counts, strict=True)), held.get(SUM, 0))
        return family

    def _figures(self, site: str, name: str) -> Figures:
        return self._standing.figures.get((site, name), {})


def _gauge(name: str, help_: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"ticket_pipeline_{name}", help_, labels=labels)


def _counter(name: str, help_: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"ticket_pipeline_{name}", help_, labels=labels)
