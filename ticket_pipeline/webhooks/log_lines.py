"""Log lines: when, how bad, a stable word, and fields."""

import json
import logging
from datetime import UTC, datetime

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}


class LogLines(logging.Formatter):
    """Writes `2026-11-23T12:00:00.000Z INFO landed site=box_office new=3`; a field that is None is left out."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one line, and under it the traceback where there is one."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        fields = [f"{name}={_written(value)}" for name, value in vars(record).items() if name not in _OWN]
        line = " ".join([at, record.levelname, record.getMessage(), *(each for each in fields if each[-1] != "=")])
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _written(value: object) -> str:
    if value is None:
        return ""
    text = str(value)
    return text if text and text.isprintable() and not set(text) & set(' ="') else json.dumps(text)
