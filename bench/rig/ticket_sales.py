"""A sandbox that sells: one event with so many limited ticket definitions, and every number they ever showed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from ticket_pipeline.sandbox import box_office, organiser
from ticket_pipeline.sandbox.changes import Change, ChangeKind
from ticket_pipeline.sandbox.entities import Definition, Line
from ticket_pipeline.sandbox.serve import RunningSandbox, running
from ticket_pipeline.sandbox.settings import SandboxSettings
from ticket_pipeline.sandbox.webhooks.compose import compose

#: More than any bench buys.
_STOCK = 20_000


@dataclass(frozen=True, kw_only=True)
class Sold:
    """A number that changed: what is left of a definition since an instant, in seconds since 1970."""

    definition_id: str
    left: int
    at: float


@dataclass
class TicketSales:
    """The sandbox, and what was sold."""

    sandbox: RunningSandbox
    definition_ids: list[str]
    sold: list[Sold] = field(default_factory=list)
    dice: Random = field(default_factory=lambda: Random(7))  # noqa: S311 - the same purchases each time
    _confirmed: Change | None = None

    def __post_init__(self) -> None:
        self.sandbox.world.subscribe(self._note)

    @property
    def url(self) -> str:
        """Where the sandbox is."""
        return self.sandbox.base_url

    def buy(self) -> Sold:
        """Buy a ticket of any definition."""
        line = Line(definition_id=self.dice.choice(self.definition_ids), quantity=1)
        with self.sandbox.world.lock:
            box_office.buy(self.sandbox.world, box_office.hold(self.sandbox.world, [line]).id)
            return self.sold[-1]

    def confirmation(self) -> str:
        """Sign the webhook that tells of the last purchase."""
        webhook = compose(self.sandbox.world, self._confirmed, 0) if self._confirmed else None
        if webhook is None:
            raise RuntimeError("nothing was bought yet")
        return self.sandbox.desk.webhooks.signer.token(webhook, datetime.now(UTC))

    def left(self) -> dict[str, int | None]:
        """Tell what is left of each definition."""
        return {each: organiser.find_definition(self.sandbox.world, each).unsold for each in self.definition_ids}

    def _note(self, change: Change) -> None:
        before, after = change.before, change.after
        if change.kind is ChangeKind.ORDER_CONFIRMED:
            self._confirmed = change
        if not (isinstance(before, Definition) and isinstance(after, Definition)) or before.unsold == after.unsold:
            return
        if after.unsold is not None:
            self.sold.append(Sold(definition_id=after.id, left=after.unsold, at=time.time()))


@contextmanager
def ticket_sales(definitions: int, *, requests_per_minute: int | None = None) -> Iterator[TicketSales]:
    """Run the sandbox for the block; with a limit, it refuses what is beyond it in any minute as Wix does."""
    settings = SandboxSettings(events=1, definitions=1, requests_per_minute=requests_per_minute)
    with running(settings) as sandbox:
        (event,) = sandbox.world.events.values()
        yield TicketSales(sandbox, [_create(sandbox, event.id, number) for number in range(definitions)])


def _create(sandbox: RunningSandbox, event_id: str, number: int) -> str:
    price = {"fixedPrice": {"value": "25.00", "currency": "USD"}}
    fields = {"eventId": event_id, "name": f"Row {number + 1}", "pricingMethod": price, "feeType": "NO_FEE"}
    return organiser.create(sandbox.world, {**fields, "initialLimit": _STOCK}).id
