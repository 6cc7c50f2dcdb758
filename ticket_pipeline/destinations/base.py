"""What a destination, an external ticketing system, can do for us.

A kind is one module of this package: its docstring links the system's API, `Config` (a frozen pydantic model)
holds its settings, `DEFAULT_MAPPING` its field mapping, and `connect(config, mapping)` gives a `Destination`.
`mapping` is the checked `FieldMapping` in force, the default with what the pipeline declares over it: its columns
say which fields a record has and of what types. `connect` opens no connection; it raises ConfigError where the
settings or the mapping cannot be right whatever the system says.

What the verbs mean, wherever a system has them: an update makes a record live again; an update or archive of a
record that is gone is refused as `not_found`; a delete of one that is gone is done.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol, cast

from ticket_pipeline.model.change import Change, Held, Outcome
from ticket_pipeline.model.finding import Finding
from ticket_pipeline.model.record import Record


class Destination(Protocol):
    """An external ticketing system that holds one record per ticket definition, found by the Wix id."""

    @property
    def identity(self) -> str:
        """Name the place written to, without secrets; links made with one identity are not used with another."""

    def find(self, definition_ids: Collection[str] | None = None) -> Iterator[Held]:
        """Read what is held for these Wix ids (None: for all), archived records included.

        Raises:
            TransientError: the system cannot be read now.
            ConfigError: the system refuses us, or is not what it was declared to be.
        """

    def apply(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Make the changes, yielding one outcome for each as soon as it is durable.

        The Wix id is written by a create only. A create whose Wix id is held already makes no second record
        and yields the existing one's id. A refused change is an outcome and does not stop the others.

        Raises:
            TransientError: the system failed; changes without an outcome may or may not have been made.
            ConfigError: the system refuses us altogether.
        """


class Checkable(Protocol):
    """A destination that can tell whether it would work, without writing a record."""

    def check(self) -> Iterable[Finding]:
        """Look at reachability, credentials and rights."""


class Shelved(Protocol):
    """A destination that keeps its records by event, and finds them sooner when told which Wix events they are of."""

    def find_in(self, event_ids: Collection[str], definition_ids: Collection[str]) -> Iterator[Held]:
        """Read what is held for these Wix ids, all of which are of these events; raises as `find`."""


class Reliant(Protocol):
    """A destination with no place for the Wix id: our links alone say which record is whose."""

    def rely_on(self, links: Callable[[], Mapping[str, str]]) -> None:
        """Read external ids by Wix id from there, each time anew."""


class Limited(Protocol):
    """A destination that cannot carry everything a record may say."""

    def losses(self, record: Record) -> tuple[str, ...]:
        """Say what would be lost of this record, a sentence each."""


def look(destination: Destination, definition_ids: Collection[str], event_ids: Collection[str]) -> Iterator[Held]:
    """Find records of these events, by event where the destination can; raises as `Destination.find`."""
    if hasattr(destination, "find_in"):
        return cast("Shelved", destination).find_in(event_ids, definition_ids)
    return destination.find(definition_ids)
