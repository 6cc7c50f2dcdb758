"""A site's history, made at random, and the webhooks that Wix would send of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from ticket_pipeline.model.envelope import Envelope
from ticket_pipeline.sandbox import box_office, event_organiser, organiser
from ticket_pipeline.sandbox.changes import Change
from ticket_pipeline.sandbox.entities import Definition, Line
from ticket_pipeline.sandbox.refusals import Refusal
from ticket_pipeline.sandbox.settings import SANDBOX_INSTANCE_ID
from ticket_pipeline.sandbox.webhooks.compose import compose
from ticket_pipeline.sandbox.world import World
from ticket_pipeline.webhooks.unwrap import unwrap

DEEDS = ("create", "edit", "move sale", "delete", "sell", "change currency", "rename event", "delete event")


@dataclass
class Site:
    """A world, and the webhooks of what was done in it, as envelopes in the order they happened."""

    world: World
    sent: list[Envelope] = field(default_factory=list)
    #: Ids of the events that were there before anything happened.
    at_first: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Remember how it was."""
        self.at_first = sorted(self.world.events)

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Write down every webhook while this lasts."""
        stop = self.world.subscribe(self._record)
        try:
            yield
        finally:
            stop()

    def live(self, deeds: Sequence[str], dice: Random) -> None:
        """Let these things happen; what Wix would refuse does not happen."""
        with self.recording():
            for deed in deeds:
                with suppress(Refusal):
                    self._do(deed, dice)

    def _record(self, change: Change) -> None:
        webhook = compose(self.world, change, len(self.sent))
        if webhook is not None:
            notice = {"eventType": webhook.topic, "instanceId": SANDBOX_INSTANCE_ID, "data": webhook.payload}
            self.sent.append(unwrap({"data": notice}))

    def _do(self, deed: str, dice: Random) -> None:
        events = sorted(self.world.events)
        definitions = sorted(self.world.definitions, key=lambda each: each.id)
        if not events or (not definitions and deed not in {"create", "rename event", "delete event"}):
            return
        event_id = dice.choice(events)
        match deed:
            case "create":
                organiser.create(self.world, _new_definition(event_id, dice))
            case "rename event":
                event_organiser.edit(self.world, event_id, {"title": f"Show {dice.randrange(1000)}"})
            case "delete event":
                event_organiser.delete(self.world, event_id)
            case "change currency":
                organiser.change_currency(self.world, event_id, dice.choice(["EUR", "USD", "JPY"]))
            case _:
                self._do_to(dice.choice(definitions), deed, dice)

    def _do_to(self, definition: Definition, deed: str, dice: Random) -> None:
        match deed:
            case "edit":
                organiser.edit(self.world, definition.id, {"name": f"Ticket {dice.randrange(1000)}"})
            case "move sale":
                day = f"2026-07-{dice.randrange(1, 28):02d}T10:00:00Z"
                organiser.edit(self.world, definition.id, {"salePeriod": {"startDate": day}})
            case "delete":
                organiser.delete(self.world, [definition])
            case "sell":
                line = Line(definition_id=definition.id, quantity=dice.randrange(1, 4))
                box_office.buy(self.world, box_office.hold(self.world, [line], force=True).id)


def _new_definition(event_id: str, dice: Random) -> dict[str, Any]:
    price = {"fixedPrice": {"value": f"{dice.randrange(100)}.50", "currency": "USD"}}
    return {
        "eventId": event_id,
        "name": f"New {dice.randrange(1000)}",
        "feeType": "FEE_ADDED_AT_CHECKOUT",
        "pricingMethod": price,
    }
