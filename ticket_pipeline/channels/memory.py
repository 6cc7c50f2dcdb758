"""Messages that stay in this process, for tests and trials."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from threading import Lock

from pydantic import BaseModel, ConfigDict, Field

from ticket_pipeline.errors import TransientError
from ticket_pipeline.messages.addresses import normalise
from ticket_pipeline.model.finding import Finding, Level
from ticket_pipeline.model.message import Delivery, Fate, Message
from ticket_pipeline.model.subscriber import Subscriber


class Config(BaseModel):
    """Which place in memory."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="memory", description="Name of the place; the same name is the same place")


@dataclass(kw_only=True)
class Place:
    """What was sent, and what a test wants to go wrong."""

    messages: list[Message] = field(default_factory=list, repr=False)
    #: By subscriber id; each is used once unless it is a refusal, which is for good.
    fates: dict[str, Fate] = field(default_factory=dict, repr=False)
    #: The way is down as soon as so many messages have been sent; None: never.
    down_after: int | None = None


_places: dict[str, Place] = {}
_making = Lock()


def connect(config: Config) -> "Memory":
    """Give the channel into the place of this name."""
    with _making:
        return Memory(config, _places.setdefault(config.name, Place()))


class Memory:
    """Keeps messages."""

    kind = "memory"

    def __init__(self, config: Config, place: Place | None = None) -> None:
        """Keep the place."""
        self.identity = f"memory:{config.name}"
        self.place = place or Place()

    def reaches(self, subscriber: Subscriber) -> bool:
        """Tell whether there is an address that could be one."""
        return normalise(subscriber.email) is not None

    def address(self, subscriber: Subscriber) -> str:
        """Give the e-mail address, normalised."""
        return normalise(subscriber.email) or ""

    def send(self, messages: Iterable[Message]) -> Iterator[Delivery]:
        """Keep the messages, one after the other."""
        supply = iter(messages)
        while True:
            if self.place.down_after is not None and len(self.place.messages) >= self.place.down_after:
                raise TransientError("the memory channel was told to be down")
            message = next(supply, None)
            if message is None:
                return
            yield self._settle(message)

    def check(self) -> Iterable[Finding]:
        """Find nothing wrong."""
        return [Finding(level=Level.OK, what="memory", seen=f"{len(self.place.messages)} messages kept")]

    def _settle(self, message: Message) -> Delivery:
        if not self.reaches(message.to):
            return Delivery(key=message.key, fate=Fate.REFUSED, code="invalid_address", reason="there is no address")
        fates = self.place.fates
        fate = fates.get(message.to.id, Fate.SENT)
        if fate is not Fate.REFUSED:
            fates.pop(message.to.id, None)
        if fate in {Fate.SENT, Fate.UNKNOWN}:
            self.place.messages.append(message)
        code = None if fate is Fate.SENT else f"told_to_be_{fate}"
        return Delivery(key=message.key, fate=fate, code=code, reason=code and "as the test wanted")
