"""A CSV file, opened: its columns, and its records one by one, each with its place in the file."""

import csv
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from ticket_pipeline.audiences._rows import GARBLED, OPTIONAL, REQUIRED, read_row
from ticket_pipeline.errors import ConfigError, TransientError
from ticket_pipeline.model.subscriber import Subscriber

#: Bytes. Below the csv module's own limit of a field, so that only a quote left open can reach that one.
_LONGEST_LINE = 100_000
_COPIED_AT_ONCE = 1_000_000
_BOM = "\ufeff"
_SURROGATES = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class Version:
    """What tells one content of the file from another."""

    device: int
    inode: int
    size: int
    #: Nanoseconds since 1970.
    modified: int
    changed: int

    @classmethod
    def of(cls, stat: os.stat_result) -> "Version":
        """Read it from what the file system says."""
        return cls(
            device=stat.st_dev,
            inode=stat.st_ino,
            size=stat.st_size,
            modified=stat.st_mtime_ns,
            changed=stat.st_ctime_ns,
        )


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record: a row of the file, which may span several lines."""

    #: Bytes from the beginning of the file.
    start: int
    end: int
    #: The first line of it; the first of the file is 1.
    line: int
    #: None where the record cannot be made out.
    fields: list[str] | None


class CsvFile:
    """One version of the file, read in streams."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        """Read the header.

        Raises:
            ConfigError: it is no header of ours.
            TransientError: the file is empty.
        """
        self.path = path
        self.version = Version.of(os.fstat(stream.fileno()))
        self._stream = stream
        header = _header(_Lines(path, stream))
        if header is None:
            raise TransientError(f"csv: {path} is empty; is it being written? its first line must name its columns")
        self._first, self.delimiter, self.columns = header

    def records(self) -> Iterator[Record]:
        """Read every record after the header.

        Raises:
            TransientError: the file changed while it was read, or ends in mid-record.
            ConfigError: a quote or a line has no end.
        """
        self._stream.seek(self._first.end)
        lines = _Lines(self.path, self._stream, offset=self._first.end, number=self._first.line)
        yield from _records(lines, self.delimiter)
        now = Version.of(os.fstat(self._stream.fileno()))
        # `changed` moves when another file takes the name, which is no harm.
        if (now.size, now.modified) != (self.version.size, self.version.modified):
            raise TransientError(f"csv: {self.path} was changed while it was read; it will be read again")

    def record_at(self, start: int) -> Record:
        """Read the one record that begins there."""
        self._stream.seek(start)
        return next(_records(_Lines(self.path, self._stream, offset=start), self.delimiter))

    def subscriber(self, record: Record) -> Subscriber:
        """Read who stands there."""
        fields = [each if each.isascii() else _SURROGATES.sub(GARBLED, each) for each in record.fields or ()]
        readable = bool(fields) and not any(map(str.strip, fields[len(self.columns) :]))
        row = dict(zip(self.columns, fields, strict=False))
        return read_row(row, place=f"row at {record.start}", readable=readable)

    def text(self, record: Record) -> bytes:
        """Give a record as it stands in the file."""
        self._stream.seek(record.start)
        return self._stream.read(record.end - record.start)

    def copy(self, start: int, end: int, to: IO[bytes]) -> None:
        """Copy the bytes from `start` to before `end`."""
        self._stream.seek(start)
        for at in range(start, end, _COPIED_AT_ONCE):
            to.write(self._stream.read(min(_COPIED_AT_ONCE, end - at)))


@contextmanager
def opened(path: Path) -> Iterator[CsvFile]:
    """Open the file; what is read is one version, whatever takes the file's place meanwhile.

    Raises:
        ConfigError: there is no such file, it may not be read, or it has not our columns.
        TransientError: it is empty.
    """
    with _stream(path) as stream:
        yield CsvFile(path, stream)


def open_stream(path: Path) -> BinaryIO:
    """Open the bytes.

    Raises:
        ConfigError: there is no such file, or it may not be read.
        TransientError: the file system does not answer.
    """
    try:
        return path.open("rb")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ConfigError(f"csv: there is no file {path}; set `path` to the file of subscribers") from error
    except (PermissionError, IsADirectoryError) as error:
        raise ConfigError(f"csv: {path} cannot be read ({error.strerror}); give this user the right to") from error
    except OSError as error:
        raise TransientError(f"csv: {path} cannot be read now ({error.strerror})") from error


@contextmanager
def _stream(path: Path) -> Iterator[BinaryIO]:
    stream = open_stream(path)
    try:
        yield stream
    finally:
        stream.close()


class _Lines(Iterator[str]):
    """The lines of a stream; bytes that are no UTF-8 come as lone surrogates, so that they can be written back."""

    def __init__(self, path: Path, stream: BinaryIO, *, offset: int = 0, number: int = 0) -> None:
        self.path = path
        self.offset = offset
        self.number = number
        self.ended = False
        self._stream = stream

    def __next__(self) -> str:
        raw = self._stream.readline(_LONGEST_LINE)
        if not raw:
            self.ended = True
            raise StopIteration
        self.number += 1
        if len(raw) == _LONGEST_LINE:
            raise ConfigError(f"csv: {self.path}, line {self.number} has no end; is this a CSV file?")
        self.offset += len(raw)
        return raw.decode("utf-8", errors="surrogateescape")


def _records(lines: _Lines, delimiter: str) -> Iterator[Record]:
    """Part lines into records; empty ones are left out, one that cannot be made out has no fields."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        start, line = lines.offset, lines.number + 1
        try:
            fields: list[str] | None = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            _stop_if_lost(lines, line, error)
            fields = None
        if fields is None or any(map(str.strip, fields)):
            yield Record(start=start, end=lines.offset, line=line, fields=fields)


def _stop_if_lost(lines: _Lines, line: int, error: csv.Error) -> None:
    """Go on after a bad line, but not after a bad quote that took further lines with it."""
    where = f"csv: {lines.path}, line {line}"
    if lines.ended:
        raise TransientError(f"{where}: a quote is not closed by the end; is the file being written? else close it")
    if lines.number > line:
        raise ConfigError(f"{where}: a quote is closed {lines.number - line} lines later ({error}); mend the quotes")


def _header(lines: _Lines) -> tuple[Record, str, tuple[str, ...]] | None:
    """Find the first record, what parts its fields, and its columns; None where there is none."""
    for text in lines:
        if text.lstrip(_BOM).strip():
            return _columns(lines, text.lstrip(_BOM))
    return None


def _columns(lines: _Lines, text: str) -> tuple[Record, str, tuple[str, ...]]:
    """Take the delimiter by which more of our columns are found."""
    read = {delimiter: _names(text, delimiter) for delimiter in ",;"}
    delimiter = max(read, key=lambda each: len({*read[each]} & {*REQUIRED, *OPTIONAL}))
    names = read[delimiter]
    if missing := [name for name in REQUIRED if name not in names]:
        seen = f"it has: {', '.join(names)[:200]}" if names else "it cannot be read"
        raise ConfigError(f"csv: {lines.path}: the column {missing[0]!r} is missing; {seen}")
    if doubled := [name for name in (*REQUIRED, *OPTIONAL) if names.count(name) > 1]:
        raise ConfigError(f"csv: {lines.path}: there are several columns {doubled[0]!r}; leave one")
    record = Record(start=0, end=lines.offset, line=lines.number, fields=list(names))
    return record, delimiter, names


def _names(text: str, delimiter: str) -> tuple[str, ...]:
    try:
        return tuple(name.strip().lower() for name in next(csv.reader([text], delimiter=delimiter, strict=True)))
    except csv.Error:
        return ()
