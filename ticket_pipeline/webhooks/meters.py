"""What the receiver counts, for Prometheus."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from ticket_pipeline.webhooks.refused import Refusal

#: Wix gives up after 1.25 s.
_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.25, 2.5)


class Meters:
    """One server's figures, in a registry of their own."""

    def __init__(self, sites: Iterable[str]) -> None:
        """Begin at zero for every site."""
        self.registry = CollectorRegistry()
        self._landed = self._counter("webhooks_landed", "Webhooks that are durable now", "site")
        self._repeated = self._counter("webhooks_duplicates", "Deliveries of a webhook that was there", "site")
        self._refused = self._counter("webhooks_refused", "Webhooks answered with 4xx", "reason")
        self._postponed = self._counter("webhooks_postponed", "Webhooks answered with 503, to be repeated")
        self._depth = self._gauge("inbox_depth", "Landed webhooks that wait for their effect")
        self._oldest = self._gauge("inbox_oldest_seconds", "Age of the oldest of them")
        self._seconds = Histogram(
            "ticket_pipeline_webhook_acknowledgement_seconds",
            "From the first byte to the answer 200",
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._sites = sorted(set(sites))
        for site in self._sites:
            self.landed(site, new=0, repeats=0)
        for reason in Refusal:
            self._refused.labels(reason)

    def landed(self, site: str, *, new: int, repeats: int) -> None:
        """Count what a commit brought."""
        self._landed.labels(site).inc(new)
        self._repeated.labels(site).inc(repeats)

    def acknowledged(self, seconds: float) -> None:
        """Note how long an answer 200 took."""
        self._seconds.observe(seconds)

    def refused(self, reason: str) -> None:
        """Count a refusal; the reason is one of ours, never a word of the sender's."""
        self._refused.labels(reason).inc()

    def postponed(self) -> None:
        """Count a failure of our own."""
        self._postponed.inc()

    def waiting(self, depth: Mapping[str, tuple[int, datetime]], *, now: datetime) -> None:
        """Note how full the inbox is."""
        for site in self._sites:
            count, oldest = depth.get(site, (0, now))
            self._depth.labels(site).set(count)
            self._oldest.labels(site).set(max(0.0, (now - oldest).total_seconds()))

    def exposed(self) -> bytes:
        """Write all figures as Prometheus reads them."""
        return generate_latest(self.registry)

    def _counter(self, name: str, help_: str, *labels: str) -> Counter:
        return Counter(f"ticket_pipeline_{name}", help_, labels, registry=self.registry)

    def _gauge(self, name: str, help_: str) -> Gauge:
        return Gauge(f"ticket_pipeline_{name}", help_, ["site"], registry=self.registry)
