"""What a sandbox was answered: which webhooks somebody promised to have landed."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ticket_pipeline.sandbox.settings import SANDBOX_INSTANCE_ID
from ticket_pipeline.sandbox.webhooks.outbox import Delivery
from ticket_pipeline.sandbox.webhooks.webhook import Webhook
from ticket_pipeline.webhooks.unwrap import unwrap


@dataclass
class Answers:
    """What the sandbox was answered: it goes on to its post office, and the webhooks answered 200 are kept."""

    settle: Callable[[Delivery, str, int | str], None]
    answered: list[Webhook] = field(default_factory=list)

    def __call__(self, delivery: Delivery, token: str, answer: int | str) -> None:
        """Hear an answer."""
        if answer == 200:
            self.answered.append(delivery.webhook)
        self.settle(delivery, token, answer)

    def keys(self) -> set[str]:
        """Tell under which keys the webhooks answered 200 must have landed."""
        return {unwrap({"data": _notice(each)}).key for each in self.answered}


def _notice(webhook: Webhook) -> dict[str, str]:
    return {"eventType": webhook.topic, "instanceId": SANDBOX_INSTANCE_ID, "data": webhook.payload}
