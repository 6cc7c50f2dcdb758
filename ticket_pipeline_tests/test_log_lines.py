"""Lines of the log: one each, whatever they hold; for people, and for what collects them."""

import io
import json
import logging
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.log_lines import JsonLines, LogLines, write_logs

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def record(word: str = "landed", *, logger: str = "ticket_pipeline.webhooks", **fields: Any) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": logger, "msg": word, "levelname": "INFO", "created": NOON.timestamp()})
    made.__dict__.update(fields)
    return made


def test_a_json_line_has_its_event_and_its_fields() -> None:
    assert json.loads(JsonLines().format(record(site="box_office", new=3, seconds=0.5, why=None))) == {
        "time": "2026-11-23T12:00:00.000Z",
        "level": "INFO",
        "logger": "ticket_pipeline.webhooks",
        "event": "landed",
        "site": "box_office",
        "new": 3,
        "seconds": 0.5,
    }


@pytest.mark.parametrize("lines", [LogLines(), JsonLines()], ids=["text", "json"])
def test_what_was_said_is_left_where_other_handlers_look_for_it(lines: logging.Formatter) -> None:
    said = record("landed")
    lines.format(said)
    assert said.message == "landed"


def test_the_sentences_of_others_are_no_events() -> None:
    told = json.loads(JsonLines().format(record("Application startup complete.", logger="uvicorn.error")))
    assert (told["event"], told["message"]) == ("message", "Application startup complete.")


def test_a_field_takes_the_place_of_nothing_that_every_line_has() -> None:
    told = json.loads(JsonLines().format(record(event="another", time="never", level="LOW")))
    assert (told["event"], told["time"], told["level"]) == ("landed", "2026-11-23T12:00:00.000Z", "INFO")


def test_a_traceback_is_a_field() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        made = record("not_landed", exc_info=sys.exc_info())
    (line,) = JsonLines().format(made).splitlines()
    assert "ValueError: two\nlines" in json.loads(line)["traceback"]


@pytest.mark.parametrize("lines", [LogLines(), JsonLines()])
@given(value=st.one_of(st.text(), st.integers(), st.lists(st.text()), st.datetimes(), st.binary()))
def test_whatever_a_field_holds_is_one_line(lines: logging.Formatter, value: Any) -> None:
    assert len(lines.format(record(reason=value)).splitlines()) == 1


_RUN = """
import logging
import sys
from ticket_pipeline import definitions
definitions.defs()
definitions.defs()
logging.getLogger("ticket_pipeline.flows").info("plan_held", extra={"site": "box_office"})
logging.getLogger("ticket_pipeline.flows").warning("event_refused", extra={"site": "box_office"})
logging.getLogger("others").info("hello")
print("opentelemetry" in sys.modules)
"""
_PIPELINE = """
state: sqlite:///state.db
server: {log_format: json}
sites:
  box_office:
    wix: {auth: {kind: api_key, api_key: k, site_id: s}}
    counters: {}
"""


def test_what_loads_the_definitions_logs_as_declared(tmp_path: Path) -> None:
    (tmp_path / "pipeline.yaml").write_text(_PIPELINE)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    command = [sys.executable, "-c", _RUN]
    done = subprocess.run(command, cwd=tmp_path, env=inherited, capture_output=True, text=True, check=True)
    ours = [json.loads(line) for line in done.stderr.splitlines() if "ticket_pipeline.flows" in line]
    assert [each["event"] for each in ours] == ["plan_held", "event_refused"]
    assert "hello" not in done.stderr
    assert done.stdout == "False\n"


def test_lines_for_people_are_written_in_what_was_there_already() -> None:
    logger, handler, stream = logging.getLogger(), logging.StreamHandler(), io.StringIO()
    handler.setStream(stream)
    logger.addHandler(handler)
    before = {each: each.formatter for each in logger.handlers}
    try:
        write_logs(as_json=False)
        logging.getLogger("ticket_pipeline.flows").warning("plan_held", extra={"site": "box_office"})
    finally:
        logger.removeHandler(handler)
        for each, formatter in before.items():
            each.setFormatter(formatter)
    assert stream.getvalue().endswith(" WARNING plan_held site=box_office\n")
