"""What a channel, a way of telling people, can do for us.

A kind is one module of this package: its docstring links what it speaks, `Config` (a frozen pydantic model) holds
its settings, and `connect(config)` gives a `Channel`. `connect` opens no connection.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

from ticket_pipeline.model.finding import Finding
from ticket_pipeline.model.message import Delivery, Message
from ticket_pipeline.model.subscriber import Subscriber


class Channel(Protocol):
    """A way of telling people; may be used by several threads at once."""

    @property
    def kind(self) -> str:
        """The name of the kind; receipts hang on it."""

    @property
    def identity(self) -> str:
        """Name what it goes through, without secrets."""

    def reaches(self, subscriber: Subscriber) -> bool:
        """Tell whether it has a way to this person that can work."""

    def address(self, subscriber: Subscriber) -> str:
        """Give what identifies the person on this channel, normalised: two spellings of one address are one.

        Only for those it reaches.
        """

    def send(self, messages: Iterable[Message]) -> Iterator[Delivery]:
        """Send the messages in order, and yield one delivery for each as soon as its fate is known.

        Lazy: a message is taken from the iterable only after the delivery of the one before was taken, and is handed
        over only then; so whoever supplies them can write down, just before each, that it is about to go. The way is
        opened before the first is taken. A message that was taken always gets its delivery, before anything is raised.
        Deliveries hold no address.

        Raises:
            TransientError: the way is down: messages not taken yet are untouched.
            ConfigError: the other side refuses us altogether; the same holds.
        """


class Checkable(Protocol):
    """A channel that can tell whether it would work, without telling anybody anything."""

    def check(self) -> Iterable[Finding]:
        """Look at reachability, credentials and rights."""
