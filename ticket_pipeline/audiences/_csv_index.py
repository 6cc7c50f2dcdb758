"""Where in a CSV file each subscriber stands, so that a few can be read again without reading all.

Kept in a private temporary SQLite database (https://www.sqlite.org/inmemorydb.html, temporary databases), which spills
to disk: however long the file, memory stays flat. It holds hashes and places, no address.
"""

import sqlite3
import weakref
from collections.abc import Iterable, Iterator
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from secrets import token_bytes

from ticket_pipeline.audiences._csv_file import CsvFile, open_stream
from ticket_pipeline.audiences._rows import merged
from ticket_pipeline.model.subscriber import STRICTNESS, Subscriber, SubscriberStatus, normal_address

_TABLE = "CREATE TABLE entries (id BLOB, address BLOB, start INTEGER, strictness INTEGER)"
_INDEXES = ("CREATE INDEX by_id ON entries (id)", "CREATE INDEX by_address ON entries (address, strictness)")
_ENTRIES = "SELECT start FROM entries WHERE id = ? ORDER BY start"
_STRICTEST = "SELECT max(strictness) FROM entries WHERE address = ?"
_STATUSES = tuple(STRICTNESS)


class CsvIndex:
    """One version of the file, open and indexed."""

    def __init__(self, path: Path) -> None:
        """Read the file once.

        Raises:
            ConfigError, TransientError: as `CsvFile` says.
        """
        self._stream = open_stream(path)
        self._found = sqlite3.connect("", check_same_thread=False)
        # One that nobody needs any more lets go of the file by itself.
        weakref.finalize(self, self._stream.close)
        weakref.finalize(self, self._found.close)
        self._key = token_bytes(16)
        try:
            self._file = CsvFile(path, self._stream)
            self._fill()
        except BaseException:
            self.close()
            raise
        self.version = self._file.version

    def read(self, ids: Iterable[str]) -> Iterator[Subscriber]:
        """Read these, each once; who is listed several times is as strictly listed as the strictest entry."""
        for wanted in dict.fromkeys(ids):
            if entries := list(self._entries(wanted)):
                yield merged(entries, twins=self._twins(entries))

    def close(self) -> None:
        """Let go of the file."""
        self._found.close()
        self._stream.close()

    def _fill(self) -> None:
        with closing(self._found.cursor()) as cursor:
            cursor.execute(_TABLE)
            cursor.executemany("INSERT INTO entries VALUES (?, ?, ?, ?)", self._rows())
            for statement in _INDEXES:
                cursor.execute(statement)

    def _rows(self) -> Iterator[tuple[bytes, bytes | None, int, int]]:
        for record in self._file.records():
            listed = self._file.subscriber(record)
            address = self._hashed(normal_address(listed.email)) if listed.email else None
            yield self._hashed(listed.id), address, record.start, STRICTNESS[listed.status]

    def _entries(self, wanted: str) -> Iterator[Subscriber]:
        for (start,) in self._found.execute(_ENTRIES, (self._hashed(wanted),)).fetchall():
            listed = self._file.subscriber(self._file.record_at(start))
            if listed.id == wanted:
                yield listed

    def _twins(self, entries: Iterable[Subscriber]) -> Iterator[SubscriberStatus]:
        """Give the strictest of what is said of the same addresses, under whatever id."""
        for address in {normal_address(each.email) for each in entries if each.email}:
            (rank,) = self._found.execute(_STRICTEST, (self._hashed(address),)).fetchone()
            if rank is not None:
                yield _STATUSES[rank]

    def _hashed(self, text: str) -> bytes:
        return blake2b(text.encode("utf-8", errors="surrogatepass"), digest_size=12, key=self._key).digest()
