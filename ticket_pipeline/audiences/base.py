"""What an audience, a marketing tool that knows subscribers, can do for us.

A kind is one module of this package: its docstring links the tool's API, `Config` (a frozen pydantic model derived
from `AudienceConfig`) holds its settings, and `connect(config)` gives an `Audience`. `connect` opens no connection.

What a tool does not say clearly counts as "do not write": an unknown status is never SUBSCRIBED, an opt-in that is
not listed is not given.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from ticket_pipeline.model.finding import Finding
from ticket_pipeline.model.subscriber import Subscriber


class AudienceConfig(BaseModel):
    """What every audience is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    opt_in: str = Field(
        default="event:{event.slug}",
        description="Template of the mark a subscriber bears who wants to hear of an event; "
        "may use {event.id}, {event.slug} and {event.title}",
    )


class Audience(Protocol):
    """Where subscribers come from."""

    @property
    def identity(self) -> str:
        """Name the place read from, without secrets."""

    def subscribers(self) -> Iterator[Subscriber]:
        """Read everybody the tool lists, whatever their status, each entry once; page by page, never all in memory.

        Complete or an error. An entry that nobody can be told by bears a flaw, and is never SUBSCRIBED. A tool may
        list one address by several entries, which need not agree: only `consent` puts them together.

        Raises:
            TransientError: the tool cannot be read now.
            ConfigError: the tool refuses us, or is not what it was declared to be.
        """

    def consent(self, ids: Collection[str]) -> Iterator[Subscriber]:
        """Read these subscribers as they are this very moment, each once; who is not there any more is left out.

        Of several entries with one address the strictest status counts for all of them.

        Raises:
            TransientError, ConfigError: as `subscribers` says.
        """


class Unsubscribable(Protocol):
    """An audience that takes an unsubscription from us."""

    def unsubscribe(self, subscriber_id: str) -> None:
        """Have the tool remember that this person wants no more; a person who is not there is no error.

        Raises:
            TransientError, ConfigError: as `Audience.subscribers` says.
        """


class Checkable(Protocol):
    """An audience that can tell whether it would work."""

    def check(self) -> Iterable[Finding]:
        """Look at reachability, credentials and rights."""
