"""What became of webhooks, as the log in an app's dashboard shows it, and how many."""

from collections import Counter, OrderedDict
from dataclasses import dataclass

from ticket_pipeline.sandbox.entities import Document
from ticket_pipeline.sandbox.webhooks.outbox import Delivery

KEPT = 1000
#: What is counted from the start, or the last reset.
COUNTED = ("delivered", "failed", "lost", "dropped", "duplicated", "outdated")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """How a delivery stands."""

    delivery: Delivery
    #: queued, delivered, waiting, lost or dropped
    status: str
    #: what the subscriber answered the last time: a status, "timeout" or "unreachable"
    answer: int | str | None = None
    #: rises with every note, so that one can ask for what came since
    serial: int = 0
    #: when this was noted, in seconds since 1970, and how long the last attempt took
    at: float = 0.0
    seconds: float | None = None

    def document(self) -> Document:
        """Write it."""
        webhook = self.delivery.webhook
        return {
            "id": webhook.id,
            "eventType": webhook.topic,
            "entityId": webhook.entity_id,
            "url": self.delivery.url,
            "status": self.status,
            "failures": self.delivery.failures,
            "answer": self.answer,
            "number": self.delivery.number,
            "serial": self.serial,
            "at": round(self.at, 3),
            "milliseconds": None if self.seconds is None else round(self.seconds * 1000, 1),
        }


class DeliveryLog:
    """The last deliveries, and counts of all."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._entries: OrderedDict[int, Entry] = OrderedDict()
        self.serial = 0

    def count(self, name: str) -> None:
        """Count one more."""
        self._counts[name] += 1

    def note(
        self,
        delivery: Delivery,
        status: str,
        answer: int | str | None = None,
        *,
        at: float,
        seconds: float | None = None,
    ) -> None:
        """Write down how a delivery stands now."""
        self.serial += 1
        self._entries[delivery.number] = Entry(
            delivery=delivery, status=status, answer=answer, serial=self.serial, at=at, seconds=seconds
        )
        if len(self._entries) > KEPT:
            self._entries.popitem(last=False)

    def of_webhook(self, webhook_id: str) -> list[Delivery]:
        """List the deliveries of one webhook, one per subscriber."""
        found = [entry.delivery for entry in self._entries.values() if entry.delivery.webhook.id == webhook_id]
        return list({delivery.url: delivery for delivery in found}.values())

    def clear(self) -> None:
        """Begin at nought."""
        self._counts.clear()
        self._entries.clear()

    def counts(self) -> Document:
        """Write the counts."""
        return {name: self._counts[name] for name in COUNTED}

    def last(self, most: int) -> list[Document]:
        """Write the last entries, the newest first."""
        newest = list(reversed(self._entries.values()))
        return [entry.document() for entry in newest[:most]]

    def since(self, serial: int, most: int) -> list[Document]:
        """Write the entries noted after a serial number, the last ones, the oldest first."""
        newer = sorted((e for e in self._entries.values() if e.serial > serial), key=lambda entry: entry.serial)
        return [entry.document() for entry in newer[-most:]]
