"""A CSV file of subscribers: `email,name,status,locale,opt_ins` (RFC 4180, UTF-8).

https://www.rfc-editor.org/rfc/rfc4180

`status` is subscribed, pending, unsubscribed or suppressed; `opt_ins` are parted by `;`. Columns may come in any
order, parted by `,` or `;`; `name` and `locale` may be missing. Further columns we read: `id` (else the address is
the id), `push` (a browser's subscription in JSON) or `push_endpoint`, `push_p256dh`, `push_auth`, `channel` (which
the person prefers), `unsubscribe_url`. Others are left alone.

An address that stands there twice is listed twice, but `consent` takes the strictest of its rows. Replace the file by
renaming another over it: half a file that somebody is still writing cannot be told from a whole one.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from threading import Lock

from pydantic import Field

from ticket_pipeline.audiences._csv_file import Version, opened
from ticket_pipeline.audiences._csv_index import CsvIndex
from ticket_pipeline.audiences._csv_write import unsubscribe_rows
from ticket_pipeline.audiences.base import AudienceConfig
from ticket_pipeline.declared_path import DeclaredPath
from ticket_pipeline.errors import ConfigError, TicketPipelineError, TransientError
from ticket_pipeline.model.finding import Finding, Level
from ticket_pipeline.model.subscriber import Flaw, Subscriber, normal_address

_READ_AT_ONCE = 500
#: Nanoseconds. Younger than this a file may change again without its times telling.
_YOUNG = 2_000_000_000


class Config(AudienceConfig):
    """Which file."""

    path: DeclaredPath = Field(description="CSV file; relative paths are relative to pipeline.yaml")


def connect(config: Config) -> "CsvAudience":
    """Make the audience; the file is first opened when something is read."""
    return CsvAudience(config)


class CsvAudience:
    """The people of a CSV file; may be used by several threads, and the file by several processes, at once."""

    def __init__(self, config: Config, *, clock: Callable[[], int] = time.time_ns) -> None:
        """Keep the path; `clock` tells the nanoseconds since 1970, as the file's times do."""
        self._path = config.path
        self._clock = clock
        self._index: CsvIndex | None = None
        #: Whether the index may be believed as long as the file's times stay as they are.
        self._settled = False
        self._reading = Lock()

    @property
    def identity(self) -> str:
        """Name the file in full."""
        return f"csv:{Path.cwd() / self._path}"

    def subscribers(self) -> Iterator[Subscriber]:
        """Read every row of one version of the file, in order."""
        with opened(self._path) as file:
            for record in file.records():
                yield file.subscriber(record)
        # What is asked next is consent, and in a hurry; if there is no reading the file now, it will say so itself.
        with suppress(TicketPipelineError), self._reading:
            self._current()

    def consent(self, ids: Collection[str]) -> Iterator[Subscriber]:
        """Read these people from the file as it is now, some hundred at a time."""
        wanted = iter(dict.fromkeys(ids))
        while some := list(islice(wanted, _READ_AT_ONCE)):
            with self._reading:
                found = list(self._current().read(some))
            yield from found

    def unsubscribe(self, subscriber_id: str) -> None:
        """Set the status of the person's rows, and of all rows with the same address, in the file."""
        addresses = {normal_address(each.email) for each in self.consent([subscriber_id]) if each.email}
        unsubscribe_rows(
            self._path,
            lambda listed: listed.id == subscriber_id or normal_address(listed.email or "") in addresses,
        )

    def check(self) -> Iterable[Finding]:
        """Read the file through, count, and see whether unsubscriptions can be written to it."""
        try:
            yield from self._looked_at()
        except TicketPipelineError as error:
            yield Finding(
                level=Level.ERROR, what="csv", seen=str(error), remedy="do what the message says, then check again"
            )

    def close(self) -> None:
        """Let go of the file."""
        with self._reading:
            self._forget()

    def _current(self) -> CsvIndex:
        """Give the index of the file as it is now."""
        version = self._version()
        if self._index is None or not self._settled or self._index.version != version:
            self._forget()
            started = self._clock()
            self._index = CsvIndex(self._path)
            self._settled = started - self._index.version.changed > _YOUNG
        return self._index

    def _version(self) -> Version:
        try:
            return Version.of(self._path.stat())
        except FileNotFoundError as error:
            raise ConfigError(f"csv: there is no file {self._path}; set `path` to the file of subscribers") from error
        except OSError as error:
            raise TransientError(f"csv: {self._path} cannot be read now ({error.strerror})") from error

    def _forget(self) -> None:
        if self._index is not None:
            self._index.close()
            self._index = None

    def _looked_at(self) -> Iterator[Finding]:
        statuses, flaws = Counter[str](), Counter[str]()
        for listed in self.subscribers():
            statuses[listed.status] += 1
            flaws.update([listed.flaw] if listed.flaw else [])
        counts = ", ".join(f"{count} {status}" for status, count in statuses.most_common())
        yield Finding(level=Level.OK, what="csv: subscribers", seen=f"{self._path}: {counts or 'none'}")
        for flaw, count in flaws.most_common():
            yield Finding(
                level=Level.WARNING, what="csv: rows", seen=f"{count} with {_WORDS[Flaw(flaw)]}", remedy=_REMEDY
            )
        yield self._writable()

    def _writable(self) -> Finding:
        folder = self._path.resolve().parent
        if os.access(folder, os.W_OK | os.X_OK):
            return Finding(level=Level.OK, what="csv: unsubscriptions", seen="will be written to the file")
        return Finding(
            level=Level.WARNING,
            what="csv: unsubscriptions",
            seen=f"cannot be written to the file: {folder} may not be written",
            remedy="give this user the right to write the folder; until then they are kept by us only",
        )


_REMEDY = "these people are told nothing; mend the rows"
_WORDS = {
    Flaw.NO_ADDRESS: "neither an address nor a push subscription",
    Flaw.INVALID_ADDRESS: "an address that cannot be one",
    Flaw.UNKNOWN_STATUS: "an unknown status (known: subscribed, pending, unsubscribed, suppressed)",
    Flaw.UNREADABLE: "more fields than columns, or broken quotes",
}
