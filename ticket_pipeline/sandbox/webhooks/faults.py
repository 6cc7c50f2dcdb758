"""What may become of webhooks on their way, by chance or on purpose."""

from collections import OrderedDict, deque
from dataclasses import dataclass

from ticket_pipeline.sandbox.chance import dice
from ticket_pipeline.sandbox.webhooks.webhook import Webhook

#: How many entities, and how many webhooks of each, are remembered for old data.
KEPT_ENTITIES = 1000
KEPT_OF_EACH = 4


@dataclass(frozen=True, kw_only=True)
class WebhookFaults:
    """What goes wrong. Probabilities are of each webhook and subscriber, 0 to 1."""

    seed: int = 1
    #: faults touch only webhooks whose eventType contains this text
    only: str = ""
    #: probability that it is never sent
    drop: float = 0.0
    #: probability that it is sent twice, under the same id
    duplicate: float = 0.0
    #: probability that an earlier webhook of the same entity follows it: data of then, an id of its own
    old_data: float = 0.0
    #: each is held back by something between these
    least_delay_ms: float = 0.0
    most_delay_ms: float = 0.0
    #: so many are collected, then sent in another order; 0: each as it comes
    reorder: int = 0


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What becomes of one webhook on its way to one subscriber."""

    #: seconds by which each copy is held back; empty: it is never sent
    delays: tuple[float, ...] = (0.0,)
    old: Webhook | None = None
    held: bool = False


class WebhookFaultBox:
    """The webhook faults in force, the dice, and what was told of each entity."""

    def __init__(self, faults: WebhookFaults) -> None:
        self._told: OrderedDict[str, deque[Webhook]] = OrderedDict()
        self.set(faults)

    def set(self, faults: WebhookFaults) -> None:
        """Put these faults in force, and begin the dice anew."""
        self.faults = faults
        self._dice = dice("webhooks", faults.seed)

    def remember(self, webhook: Webhook) -> None:
        """Keep a webhook, so that its data can come back when they are old."""
        told = self._told.setdefault(webhook.entity_id, deque(maxlen=KEPT_OF_EACH))
        told.append(webhook)
        self._told.move_to_end(webhook.entity_id)
        if len(self._told) > KEPT_ENTITIES:
            self._told.popitem(last=False)

    def forget(self) -> None:
        """Forget what was told."""
        self._told.clear()

    def draw(self, webhook: Webhook) -> Fate:
        """Decide what becomes of a webhook; each kind is drawn whatever the others do."""
        faults, chance = self.faults, self._dice
        dropped, duplicated, old = (chance.random() for _ in range(3))
        delays = [chance.uniform(faults.least_delay_ms, faults.most_delay_ms) / 1000 for _ in range(2)]
        pick = chance.random()
        if faults.only not in webhook.topic:
            return Fate()
        copies = 0 if dropped < faults.drop else 2 if duplicated < faults.duplicate else 1
        earlier = [told for told in self._told.get(webhook.entity_id, ()) if told.id != webhook.id]
        found = earlier[int(pick * len(earlier))] if earlier and old < faults.old_data else None
        return Fate(delays=tuple(delays[:copies]), old=found, held=faults.reorder > 1)

    def shuffled(self, numbers: list[int]) -> list[int]:
        """Bring what was collected into another order; two or more never stay as they came."""
        mixed = list(numbers)
        while len(numbers) > 1 and mixed == numbers:
            self._dice.shuffle(mixed)
        return mixed
