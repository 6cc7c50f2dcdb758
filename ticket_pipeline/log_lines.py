"""Log lines: when, how bad, a stable word, and fields; for people, or as JSON for whatever collects them."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}
#: What is ours speaks in words; others write sentences.
_OURS = "ticket_pipeline"


class LogLines(logging.Formatter):
    """Writes `2026-11-23T12:00:00.000Z INFO landed site=box_office new=3`; a field that is None is left out."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one line, and under it the traceback where there is one."""
        # Other handlers read it there, for the library's own formatter leaves it there.
        record.message = record.getMessage()
        fields = [f"{name}={_written(value)}" for name, value in _fields(record).items()]
        line = " ".join([_time(record), record.levelname, record.message, *fields])
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonLines(logging.Formatter):
    """Writes a JSON object: `time`, `level`, `logger`, `event`, then the fields; a traceback is the field `traceback`.

    The event of what others log is `message`, and their sentence a field of that name.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Write one line."""
        record.message = record.getMessage()
        ours = record.name.partition(".")[0] == _OURS
        said = {"event": record.message} if ours else {"event": "message", "message": record.message}
        line = {"time": _time(record), "level": record.levelname, "logger": record.name, **said}
        line |= {name: value for name, value in _fields(record).items() if name not in line}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def write_logs(*, as_json: bool, level: int | None = None) -> None:
    """Have a process of ours write warnings to stderr, and what is ours from this level up.

    Handlers that are there already, of whoever runs us, stay and say it in the same form.
    """
    logging.basicConfig(level=logging.WARNING)
    if level is not None:
        logging.getLogger(_OURS).setLevel(level)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonLines() if as_json else LogLines())


def write_ours(*, as_json: bool) -> None:
    """Have a process that is somebody else's write what is ours to stderr: as JSON from INFO up, else warnings.

    Where they take care of the log themselves, and no JSON is asked for, it is left to them.
    """
    if logging.getLogger().handlers and not as_json:
        return
    logger, handler = logging.getLogger(_OURS), _Stderr()
    handler.setFormatter(JsonLines() if as_json else LogLines())
    logger.handlers = [*(each for each in logger.handlers if not isinstance(each, _Stderr)), handler]
    if as_json:
        logger.setLevel(logging.INFO)


class _Stderr(logging.Handler):
    """Writes to what is stderr at the time: Dagster puts another in its place for each step."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:  # noqa: BLE001 - a line that cannot be written must not end the work; logging says so itself
            self.handleError(record)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _OWN and value not in (None, "")}


def _written(value: object) -> str:
    text = str(value)
    return text if text.isprintable() and not set(text) & set(' ="') else json.dumps(text)
