"""What the counters count, for Prometheus."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class CounterMeters:
    """One server's figures, in a registry of their own."""

    def __init__(self, sites: Iterable[str]) -> None:
        """Begin at zero for every site."""
        self.registry = CollectorRegistry()
        self._reads = self._counter("counter_reads", "Reads of counters, each of many definitions", "site", "outcome")
        self._requests = self._counter("counter_requests", "Requests that these reads cost", "site")
        self._latency = self._histogram("counter_read_seconds", "From asking Wix to what is kept of the answer")
        self._push = self._histogram("counter_webhook_to_push_seconds", "From a webhook's landing to the push")
        self._streams = self._gauge("counter_streams", "Open streams")
        self._dropped = self._counter("counter_readers_dropped", "Readers dropped because they did not read")
        self._dropped_before = 0
        self._refused = self._counter("counter_requests_refused", "Requests beyond a limit", "limit")
        self._oldest = self._gauge("counter_oldest_seconds", "Since when the oldest value that is shown was read")
        for site in sites:
            for outcome in ("done", "postponed", "failed"):
                self._reads.labels(site, outcome)
            self._requests.labels(site)

    def read(self, site: str, outcome: str) -> None:
        """Count a read: done, postponed or failed."""
        self._reads.labels(site, outcome).inc()

    def answered(self, site: str, *, requests: int, seconds: float) -> None:
        """Note what a read cost."""
        self._requests.labels(site).inc(requests)
        self._latency.observe(seconds)

    def pushed(self, seconds: float) -> None:
        """Note how long a webhook took to be seen."""
        self._push.observe(max(0.0, seconds))

    def refused(self, limit: str) -> None:
        """Count a request beyond one of our limits."""
        self._refused.labels(limit).inc()

    def standing(self, *, streams: int, dropped: int, oldest: float) -> None:
        """Note how things stand."""
        self._streams.set(streams)
        self._dropped.inc(dropped - self._dropped_before)
        self._dropped_before = dropped
        self._oldest.set(oldest)

    def exposed(self) -> bytes:
        """Write all figures as Prometheus reads them."""
        return generate_latest(self.registry)

    def _counter(self, name: str, help_: str, *labels: str) -> Counter:
        return Counter(f"ticket_pipeline_{name}", help_, labels, registry=self.registry)

    def _gauge(self, name: str, help_: str) -> Gauge:
        return Gauge(f"ticket_pipeline_{name}", help_, registry=self.registry)

    def _histogram(self, name: str, help_: str) -> Histogram:
        return Histogram(f"ticket_pipeline_{name}", help_, buckets=_SECONDS, registry=self.registry)
