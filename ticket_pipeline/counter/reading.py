"""What a rhythm drives: how a site's counters are found and read, how often, and where they are seen."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ticket_pipeline.counter.meters import CounterMeters
from ticket_pipeline.model.counting import Cause, CountReport
from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.model.tally import Tally


@dataclass(frozen=True, kw_only=True)
class Concerned:
    """What a webhook has read again."""

    ids: frozenset[str] = frozenset()
    #: The event it tells of, of which we know no counter.
    unknown_event: str | None = None
    #: When a hold of tickets runs out.
    again_at: datetime | None = None
    #: Whether only what landed before tells which counters these are; see `Reading.recall`.
    to_recall: bool = False


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How often one site is read."""

    site: str
    requests_per_minute: int
    sweep_every: timedelta


@dataclass(frozen=True, kw_only=True)
class Screen:
    """Where one rhythm's reads are seen."""

    #: What is shown now of a site's definition.
    held: Callable[[str, str], Tally | None]
    #: Brings what was kept to the readers.
    catch_up: Callable[[], Awaitable[object]]
    meters: CounterMeters


class Reading(Protocol):
    """One site's counters at Wix and in our state. The first five are called in threads, one at a time."""

    def count(self, wanted: Mapping[str, Cause]) -> CountReport:
        """Read these, each for its cause, and keep what came.

        Raises:
            TransientError, ConfigError, RejectedError: Wix could not be read; the same call may be made again.
        """

    def survey(self) -> frozenset[str]:
        """Find out which counters there are, and give those whose number may still move.

        Raises:
            TransientError, ConfigError, RejectedError: as `count` says.
        """

    def known(self) -> frozenset[str]:
        """Give the same as far as our state knows; Wix is not asked.

        Raises:
            TransientError, ConfigError: our state cannot be read; the same call may be made again.
        """

    def learn(self, event_id: str) -> None:
        """Load an event that a webhook told of, so that its counters are known.

        Raises:
            TransientError, ConfigError, RejectedError: as `count` says.
        """

    def recall(self, envelopes: Sequence[Envelope]) -> Sequence[frozenset[str]]:
        """Look up what each of these has read again.

        Raises:
            TransientError, ConfigError: our state cannot be read; the same call may be made again.
        """

    def concerned(self, envelope: Envelope) -> Concerned:
        """Tell what a webhook has read again, as far as the last survey knows."""

    def turns(self, tally: Tally) -> Iterable[Cause]:
        """Name the instants after its read at which a tally turns by itself."""
