"""Which deliveries are still to be made, and when. Pure: instants come as arguments, in seconds."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import count

from ticket_pipeline.sandbox.webhooks.resend_schedule import next_attempt
from ticket_pipeline.sandbox.webhooks.webhook import Webhook


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One webhook on its way to one subscriber."""

    number: int
    webhook: Webhook
    url: str
    failures: int = 0
    #: the signed form; None: to be signed when it is sent
    token: str | None = None


class Outbox:
    """Deliveries by the instant at which each is due. Not for several threads at once: the post office guards it."""

    def __init__(self, resend_scale: float = 1.0) -> None:
        self.resend_scale = resend_scale
        self._order = count()
        self.clear()

    def clear(self) -> None:
        """Forget all; what is being sent will not come back."""
        self._heap: list[tuple[float, int, int]] = []
        self._pending: dict[int, tuple[Delivery, tuple[float, int, int]]] = {}
        self._sending: dict[int, Delivery] = {}
        self._untried = 0

    def add(self, delivery: Delivery, due: float) -> None:
        """Put a delivery in, or move it to another instant; those of one instant keep the order they came in."""
        if delivery.number not in self._pending:
            self._untried += delivery.failures == 0
        entry = (due, next(self._order), delivery.number)
        self._pending[delivery.number] = (delivery, entry)
        heapq.heappush(self._heap, entry)

    def take(self, now: float) -> Delivery | None:
        """Take out the next that is due; it is being sent until it is settled."""
        due = self.soonest()
        if due is None or due > now:
            return None
        _, _, number = heapq.heappop(self._heap)
        delivery, _ = self._pending.pop(number)
        self._untried -= delivery.failures == 0
        self._sending[number] = delivery
        return delivery

    def soonest(self) -> float | None:
        """Tell when the next is due; None: nothing is pending."""
        while self._heap and not self._is_meant(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def is_being_sent(self, delivery: Delivery) -> bool:
        """Tell whether it was taken out and not forgotten since."""
        return delivery.number in self._sending

    def delivered(self, delivery: Delivery) -> None:
        """Be done with a delivery."""
        self._sending.pop(delivery.number, None)

    def failed(self, delivery: Delivery, now: float) -> tuple[Delivery, float] | None:
        """Put a delivery back until its next attempt; None: there is no further one, it is lost."""
        self._sending.pop(delivery.number, None)
        failures = delivery.failures + 1
        due = next_attempt(failures, now, scale=self.resend_scale)
        if due is None:
            return None
        again = replace(delivery, failures=failures)
        self.add(again, due)
        return again, due

    def hurry(self, numbers: Iterable[int], now: float) -> list[Delivery]:
        """Let these be due now, in this order; those that are pending no more are passed over."""
        found = [self._pending[number][0] for number in numbers if number in self._pending]
        for delivery in found:
            self.add(delivery, now)
        return found

    def discard(self, numbers: Iterable[int]) -> None:
        """Take these out unsent."""
        for number in numbers:
            delivery, _ = self._pending.pop(number)
            self._untried -= delivery.failures == 0

    def pending(self) -> list[Delivery]:
        """List those that are not being sent at the moment."""
        return [delivery for delivery, _ in self._pending.values()]

    def waiting(self) -> list[Delivery]:
        """List those that failed and wait for their next attempt."""
        return [delivery for delivery in self.pending() if delivery.failures]

    @property
    def untried(self) -> int:
        """Count those that are still to be sent for the first time."""
        return self._untried

    @property
    def sending(self) -> int:
        """Count those that are being sent."""
        return len(self._sending)

    def is_quiet(self, now: float, *, resends: bool = False) -> bool:
        """Tell whether nothing is under way: no first attempt, nothing due; with resends, nothing waiting either."""
        if self._sending or self._untried:
            return False
        due = self.soonest()
        return due is None or (due > now and not resends)

    def _is_meant(self, entry: tuple[float, int, int]) -> bool:
        held = self._pending.get(entry[2])
        return held is not None and held[1] == entry
