"""What a publish asks of the state's database: by the handful of events, however many records there are."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from ticket_pipeline.flows.plan import in_question
from ticket_pipeline.flows.publish import publish
from ticket_pipeline.model.report import PublishReport
from ticket_pipeline_tests.flows.stage import Stage
from ticket_pipeline_tests.sandbox.api import NOW


@contextmanager
def overheard() -> Iterator[list[str]]:
    """Hear every statement, one that is sent with many rows once; SQLite's settings are of the connection."""
    heard: list[str] = []

    def keep(_: object, __: object, statement: str, *___: Any) -> None:
        if not statement.startswith("PRAGMA"):
            heard.append(statement)

    event.listen(Engine, "before_cursor_execute", keep)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", keep)


def publish_some(stage: Stage, event_ids: Sequence[str]) -> PublishReport:
    return publish(stage.site.state, stage.site.destination, stage.policy, event_ids, now=NOW)


def site_events(stage: Stage) -> list[str]:
    (handful,) = in_question(stage.site.state, stage.site.destination, None)
    return handful


def test_many_events_are_published_with_as_many_statements_as_one(stage: Stage) -> None:
    stage.load()
    one, *many = site_events(stage)
    with overheard() as for_one:
        assert publish_some(stage, [one]).created > 0
    with overheard() as for_many:
        assert publish_some(stage, many).created > 100
    assert len(for_many) == len(for_one)


def test_an_unchanged_publish_writes_nothing_of_links_and_reads_no_record(stage: Stage) -> None:
    stage.sync()
    with overheard() as heard:
        assert stage.publish().unchanged == len(stage.wix_names())
    assert not [each for each in heard if "fields" in each or each.startswith(("INSERT INTO links", "UPDATE links"))]


def test_of_a_whole_site_only_the_event_that_changed_is_read(stage: Stage) -> None:
    stage.sync()
    edited = next(iter(stage.wix_names()))
    stage.api.sandbox("/edit", {"definitionId": edited, "ticketDefinition": {"name": "Renamed"}})
    stage.load()
    changed = stage.api.get(edited)["eventId"]
    asked: list[Any] = []

    def keep(_: object, __: object, statement: str, parameters: Any, *___: Any) -> None:
        if statement.startswith("SELECT") and "records.fields" in statement:
            asked.append(tuple(parameters))

    event.listen(Engine, "before_cursor_execute", keep)
    try:
        report = stage.publish()
    finally:
        event.remove(Engine, "before_cursor_execute", keep)
    assert (report.updated, report.unchanged) == (1, len(stage.wix_names()) - 1)
    assert asked == [(stage.site.name, changed)]
