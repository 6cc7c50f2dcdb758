"""A process that may be killed at any step: whatever it had not made durable by then never happened."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ticket_pipeline.channels.memory import Memory
from ticket_pipeline.model.message import Delivery, Message
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.site_state import SiteState


class Killed(BaseException):
    """The process is gone, and cleans nothing up."""


@dataclass
class Life:
    """How many more steps it has."""

    steps: int

    def step(self) -> None:
        """Go one step, or die; the dead stay dead."""
        if self.steps <= 0:
            raise Killed
        self.steps -= 1


@dataclass(frozen=True, kw_only=True)
class MortalState(SiteState):
    """A state whose process may be killed before, in, and after each transaction."""

    life: Life = field(compare=False)

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Open a transaction, if still alive."""
        self.life.step()
        with super().writing() as tx:
            yield tx
            self.life.step()
        self.life.step()

    @contextmanager
    def noting(self) -> Iterator[Transaction]:
        """Open a transaction, if still alive."""
        self.life.step()
        with super().noting() as tx:
            yield tx
            self.life.step()
        self.life.step()


class MortalChannel(Memory):
    """A channel whose process may be killed before and after a message is handed over."""

    life: Life

    def send(self, messages: Iterable[Message]) -> Iterator[Delivery]:
        """Send, if still alive."""
        for delivery in super().send(self._taken(messages)):
            self.life.step()
            yield delivery

    def _taken(self, messages: Iterable[Message]) -> Iterator[Message]:
        for message in messages:
            self.life.step()
            yield message
