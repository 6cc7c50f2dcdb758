"""Spans, where somebody collects them; nothing, where nobody does."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from ticket_pipeline import tracing
from ticket_pipeline.errors import TransientError
from ticket_pipeline.flows.count import count
from ticket_pipeline.model.counting import Cause, CounterRules, Why
from ticket_pipeline.server import ServerParts
from ticket_pipeline.store import inbox
from ticket_pipeline.webhooks.endpoint import Endpoint
from ticket_pipeline_tests.flows.announcing import box_office
from ticket_pipeline_tests.flows.conftest import api, clock, sandbox, stage, started
from ticket_pipeline_tests.flows.stage import Stage
from ticket_pipeline_tests.flows.test_follow import DEFINITION, follow_on, rename, webhook
from ticket_pipeline_tests.sandbox.api import NOW
from ticket_pipeline_tests.store.bodies import minute
from ticket_pipeline_tests.webhooks.running import impatient, serving
from ticket_pipeline_tests.webhooks.signing import INSTANCE, NOON, public_key, token, updated

__all__ = ["api", "clock", "sandbox", "stage", "started"]


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Collect what is measured; nothing is any more when the test is over."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.use(provider.get_tracer("ticket_pipeline"))
    yield exporter
    tracing.use(None)
    provider.shutdown()


def named(spans: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [each for each in spans.get_finished_spans() if each.name == name]


def attributes(span: ReadableSpan) -> dict[str, object]:
    return {name.removeprefix("ticket_pipeline."): value for name, value in (span.attributes or {}).items()}


def test_a_webhook_is_found_again_in_the_run_that_followed_it(stage: Stage, spans: InMemorySpanExporter) -> None:
    stage.sync()
    moved = next(iter(stage.wix_names()))
    rename(stage, moved, "Hinted")
    hint = webhook(f"{DEFINITION}sale_period_updated", moved)
    with stage.site.state.writing() as tx:
        inbox.land(tx, stage.site.name, [hint], at=NOW)
    spans.clear()
    follow_on(stage)
    (followed,), (ingested,) = named(spans, "flow.follow"), named(spans, "ingest")
    assert ingested.parent is not None
    assert ingested.parent.span_id == followed.context.span_id
    assert attributes(ingested)["inbox_keys"] == (hint.key,)
    (asked,) = named(spans, "wix.request")
    told = attributes(asked)
    assert (told["method"], told["path"], told["status"]) == ("GET", f"/events/v3/ticket-definitions/{moved}", 200)
    assert [attributes(each)["changes"] for each in named(spans, "destination.apply")] == [1]


def test_the_request_that_landed_a_webhook_names_it(tmp_path: Path, spans: InMemorySpanExporter) -> None:
    database = impatient(tmp_path / "state.db")
    endpoint = Endpoint(site="box_office", keys=(public_key(),), instance_id=INSTANCE)
    with serving(ServerParts(database=database, endpoints=[endpoint], clock=lambda: NOON)) as client:
        client.post(token(updated(1)))
        client.post(token(updated(2), by="stranger"))
    database.close()
    good, refused = named(spans, "webhook.receive")
    assert attributes(good)["inbox_key"] == updated(1)["id"]
    assert (attributes(refused), refused.status.status_code) == ({}, StatusCode.ERROR)
    (landed,) = named(spans, "webhook.land")
    assert attributes(landed) == {"sites": ("box_office",), "inbox_keys": (updated(1)["id"],)}


def test_a_read_of_counters_and_what_it_asked_is_one_trace(stage: Stage, spans: InMemorySpanExporter) -> None:
    stage.load()
    spans.clear()
    wanted = {each: Cause(why=Why.SWEEP, at=NOW) for each in stage.wix_names()}
    count(stage.site.state, stage.site.wix, CounterRules(), wanted, clock=lambda: NOW)
    (read,) = named(spans, "counter.read")
    assert set(attributes(read)["definition_ids"]) <= wanted.keys()  # type: ignore[call-overload] # ids, as they are
    assert {each.context.trace_id for each in named(spans, "wix.request")} == {read.context.trace_id}


def test_a_batch_of_an_announcement_counts_people_and_names_nobody(tmp_path: Path, spans: InMemorySpanExporter) -> None:
    office = box_office(tmp_path)
    for name in ("ann", "ben"):
        office.people.join(name)
    office.opens("stalls", at=minute(10))
    office.tick_at(minute(10))
    office.state.database.close()
    (batch,) = named(spans, "announcement.batch")
    assert attributes(batch) == {"site": "box_office", "channel": "memory", "people": 2}
    assert "@" not in "".join(each.to_json() for each in spans.get_finished_spans())


def test_of_an_error_only_its_kind_is_told(spans: InMemorySpanExporter) -> None:
    with pytest.raises(TransientError), tracing.span("trial"):
        raise TransientError("somebody@example.org did not answer")
    (trial,) = spans.get_finished_spans()
    assert (trial.status.status_code, trial.status.description) == (StatusCode.ERROR, "TransientError")
    assert trial.events == ()


def test_an_attribute_holds_no_more_ids_than_a_collector_takes(spans: InMemorySpanExporter) -> None:
    with tracing.span("trial", inbox_keys=map(str, range(1_000)), site=None):
        pass
    assert [len(value) for value in attributes(spans.get_finished_spans()[0]).values()] == [100]  # type: ignore[arg-type]


_RUN = """
import sys
from ticket_pipeline import tracing
if len(sys.argv) > 1:
    tracing.export_to_collector()
with tracing.span("trial", site="box_office") as note:
    note(status=200)
print("opentelemetry" in sys.modules)
"""


def run(code: str = _RUN, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    command, environment = [sys.executable, "-c", code, *arguments], {**inherited, **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True)


def test_nothing_is_imported_where_nobody_collects() -> None:
    assert run().stdout == "False\n"


@contextmanager
def collector() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """Run what takes spans by HTTP."""
    taken: list[ExportTraceServiceRequest] = []

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Taker) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", taken
        finally:
            server.shutdown()
            thread.join()


_AS_A_RUN = f"""
import multiprocessing

def work():
{"".join(f"    {line}{chr(10)}" for line in _RUN.strip().splitlines())}
if __name__ == "__main__":
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join()
"""


@pytest.mark.parametrize("code", [_RUN, _AS_A_RUN])
def test_a_collector_has_the_spans_when_the_process_is_over(code: str) -> None:
    with collector() as (url, taken):
        done = run(code, "export", OTEL_EXPORTER_OTLP_ENDPOINT=url, OTEL_EXPORTER_OTLP_COMPRESSION="none")
    assert done.stdout == "True\n", done.stderr
    (resource,) = [each for batch in taken for each in batch.resource_spans]
    service = {each.key: each.value.string_value for each in resource.resource.attributes}["service.name"]
    assert service == "ticket-pipeline"
    (span,) = [span for scope in resource.scope_spans for span in scope.spans]
    assert span.name == "trial"
    assert {each.key for each in span.attributes} == {"ticket_pipeline.site", "ticket_pipeline.status"}


def test_a_missing_extra_is_said_and_stops_nothing() -> None:
    lines = "from ticket_pipeline.log_lines import write_logs; write_logs(as_json=False)\n"
    hidden = "import sys; sys.modules['opentelemetry'] = None\n" + lines
    hidden += _RUN.replace('"opentelemetry" in sys.modules', "1")
    done = run(hidden, "export", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert done.stdout == "1\n"
    assert "traces_not_sent" in done.stderr
    assert "ticket-pipeline[opentelemetry]" in done.stderr
