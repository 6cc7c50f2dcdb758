"""Spans for OpenTelemetry, where somebody collects them; where nobody does, nothing is imported and nothing happens.

What a span says of an error is its kind: sentences may name what is no business of a collector's.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

log = logging.getLogger(__name__)

#: Ids in one attribute; more would make a span too large for some collectors.
_MOST_IDS = 100

#: Adds attributes to the span under way.
Note = Callable[..., None]


def span(name: str, **attributes: Any) -> AbstractContextManager[Note]:
    """Measure a block under a name; what it yields adds attributes. Never an address, a token or a query in them."""
    return _OFF if _tracer is None else _measured(_tracer, name, attributes)


def export_to_collector() -> None:
    """Send spans to the collector that the OTEL_ variables name, from now until this process ends."""
    if _tracer is not None:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError:
        log.warning("traces_not_sent", extra={"reason": "a package is missing: install ticket-pipeline[opentelemetry]"})
        return
    resource = Resource.create()
    if str(resource.attributes[SERVICE_NAME]).startswith("unknown_service"):
        resource = resource.merge(Resource({SERVICE_NAME: "ticket-pipeline"}))
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    # Dagster's runs are processes that leave without the ends that `atexit` knows.
    Finalize(None, provider.shutdown, exitpriority=0)
    use(provider.get_tracer("ticket_pipeline"))


def use(tracer: "Tracer | None") -> None:
    """Have this tracer make the spans from now on; None: nobody."""
    global _tracer
    _tracer = tracer


class _Off(AbstractContextManager[Note]):
    """No span."""

    def __enter__(self) -> Note:
        return _unheard

    def __exit__(self, *_: object) -> None:
        return None


def _unheard(**_: Any) -> None:
    """Take attributes for nobody."""


@contextmanager
def _measured(tracer: "Tracer", name: str, attributes: dict[str, Any]) -> Iterator[Note]:
    from opentelemetry.trace import Status, StatusCode

    def note(**more: Any) -> None:
        _set(current, more)

    with tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as current:
        _set(current, attributes)
        try:
            yield note
        except BaseException as error:
            current.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def _set(current: "Span", attributes: dict[str, Any]) -> None:
    for name, value in attributes.items():
        if value is not None:
            several = not isinstance(value, str | int | float)
            current.set_attribute(f"ticket_pipeline.{name}", list(value)[:_MOST_IDS] if several else value)


_OFF = _Off()
_tracer: "Tracer | None" = None
