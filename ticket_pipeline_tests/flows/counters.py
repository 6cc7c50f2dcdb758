"""A site whose counters are read from the sandbox, for telling what they show."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ticket_pipeline.flows.count import count
from ticket_pipeline.model.counting import Cause, CounterRules, CountReport, Why
from ticket_pipeline.model.tally import Tally
from ticket_pipeline.store import tallies
from ticket_pipeline_tests.flows.stage import Stage
from ticket_pipeline_tests.sandbox.api import Clock


@dataclass(frozen=True)
class Counters:
    """The counters of one site, and short words for what is done with them."""

    stage: Stage
    clock: Clock
    rules: CounterRules

    def read(self, *ids: str, why: str = Why.FIRST_READ, most_by_id: int | None = None) -> CountReport:
        """Read definitions, a second after the last read."""
        self.clock.forward(seconds=1)
        wanted = {each: Cause(why=why, at=self.clock()) for each in ids}
        site = self.stage.site
        return count(site.state, site.wix, self.rules, wanted, clock=self.clock, most_by_id=most_by_id)

    def shows(self, definition_id: str, *, why: str = Why.FIRST_READ) -> Tally:
        """Read one definition and give what its counter shows then."""
        (kept,) = self.read(definition_id, why=why).kept
        return kept

    def held(self, definition_id: str) -> Tally | None:
        """Give what is held without reading."""
        with self.stage.site.state.reading() as tx:
            return tallies.get(tx, self.stage.site.name, definition_id)

    def named(self, name: str) -> str:
        """Find a definition's id."""
        return str(self.stage.api.named(name)["id"])

    def of_event(self, slug: str) -> list[str]:
        """Find the ids of an event's definitions."""
        event_id = self.stage.api.event_id(slug)
        return [each["id"] for each in self.stage.api.all(filter={"eventId": event_id})]

    def declared(self, *ids: str) -> "Counters":
        """Give the same, with only these definitions declared."""
        return replace(self, rules=replace(self.rules, definitions=frozenset(ids)))

    def happens(self, path: str, body: Any, method: str = "POST") -> Any:
        """Let something happen at Wix."""
        return self.stage.api.sandbox(path, body, method)

    def spent(self, *routes: str) -> int:
        """Count requests since the last reset, by the end of their route; all without any."""
        spent = self.stage.sandbox.stats.routes
        return sum(number for route, number in spent.items() if not routes or route.endswith(routes))


def remaining(kept: Iterable[Tally]) -> dict[str, int | None]:
    """Give what is left of each."""
    return {each.definition_id: each.remaining for each in kept}
