"""A CSV file, written anew with some people unsubscribed: all else stays as it is, byte for byte."""

import csv
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from io import StringIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from filelock import FileLock, Timeout

from ticket_pipeline.audiences._csv_file import CsvFile, Record, Version, opened
from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.model.subscriber import STRICTNESS, Subscriber, SubscriberStatus

_LOCK_SECONDS = 30
_ATTEMPTS = 5

Wanted = Callable[[Subscriber], bool]


def unsubscribe_rows(path: Path, wanted: Wanted) -> None:
    """Set the status of the wanted rows to unsubscribed, unless they are stricter; all of them or none.

    The file is replaced in one step, so a reader sees the old one or the new one. Of our processes one writes at a
    time; what somebody else writes meanwhile is not overwritten.

    Raises:
        ConfigError: the file or its folder may not be written.
        TransientError: somebody else keeps writing it.
    """
    real = path.resolve()
    try:
        with FileLock(real.with_name(f".{real.name}.lock"), timeout=_LOCK_SECONDS):
            if any(_written(real, wanted) for _ in range(_ATTEMPTS)):
                return
    except Timeout as error:
        raise TransientError(f"csv: {real} is being written by another process of ours") from error
    except PermissionError as error:
        raise ConfigError(f"csv: {real} cannot be replaced; give this user the right to write its folder") from error
    except OSError as error:
        raise TransientError(f"csv: {real} cannot be written now ({error.strerror})") from error
    raise TransientError(f"csv: {real} is changed by somebody else all the time")


def _written(path: Path, wanted: Wanted) -> bool:
    """Try once; False where the file changed under our hands."""
    with opened(path) as file:
        due = [record for record in file.records() if _is_due(file.subscriber(record), wanted)]
        return not due or _replaced(path, file, due)


def _is_due(listed: Subscriber, wanted: Wanted) -> bool:
    return wanted(listed) and STRICTNESS[listed.status] < STRICTNESS[SubscriberStatus.UNSUBSCRIBED]


def _replaced(path: Path, file: CsvFile, due: Sequence[Record]) -> bool:
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as new:
        try:
            _copy(file, due, new)
            _keep_rights(path, new.fileno())
            new.flush()
            os.fsync(new.fileno())
            if Version.of(path.stat()) != file.version:
                return False
            Path(new.name).replace(path)
        finally:
            Path(new.name).unlink(missing_ok=True)
    _settle(path.parent)
    return True


def _copy(file: CsvFile, due: Sequence[Record], new: IO[bytes]) -> None:
    """Copy the bytes before, between and after the records that change as they are."""
    done = 0
    for record in due:
        file.copy(done, record.start, new)
        new.write(_unsubscribed(file, record))
        done = record.end
    file.copy(done, file.version.size, new)


def _unsubscribed(file: CsvFile, record: Record) -> bytes:
    """Write the record with its status changed; its line ends as it did."""
    text = file.text(record)
    status = file.columns.index("status")
    fields = [*(record.fields or ())]
    fields += [""] * (status + 1 - len(fields))
    fields[status] = SubscriberStatus.UNSUBSCRIBED
    line = StringIO(newline="")
    # The writer quotes line breaks only where they are its own.
    csv.writer(line, delimiter=file.delimiter, lineterminator="\r\n").writerow(fields)
    ending = text[len(text.rstrip(b"\r\n")) :]
    return line.getvalue().removesuffix("\r\n").encode("utf-8", errors="surrogateescape") + ending


def _keep_rights(path: Path, new: int) -> None:
    was = path.stat()
    os.fchmod(new, was.st_mode & 0o7777)
    with suppress(PermissionError):
        os.fchown(new, was.st_uid, was.st_gid)


def _settle(folder: Path) -> None:
    """Have the new name survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
