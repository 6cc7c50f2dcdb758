"""Count: read what is left of some tickets, and keep it where it is newer than what counters show."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ticket_pipeline.errors import RejectedError
from ticket_pipeline.flows.counter_value import counter_value, out_of_sight
from ticket_pipeline.flows.read_sales import SalesRead
from ticket_pipeline.model.counting import EVENT_DELETED, UNHURRIED, Cause, CounterRules, CountReport
from ticket_pipeline.model.report import Refusal
from ticket_pipeline.model.tally import Tally
from ticket_pipeline.store import definitions, events, tallies
from ticket_pipeline.store.database import Transaction
from ticket_pipeline.store.site_state import SiteState
from ticket_pipeline.tracing import span
from ticket_pipeline.wix.client import WixClient

#: So many are kept in one transaction: a sweep of a large site must not make landing webhooks wait.
_AT_ONCE = 500


def count(
    state: SiteState,
    wix: WixClient,
    rules: CounterRules,
    wanted: Mapping[str, Cause],
    *,
    clock: Callable[[], datetime],
    most_by_id: int | None = None,
) -> CountReport:
    """Read these definitions, each for its cause, and keep what is newer than what we hold.

    What a query does not answer is read by its id, or left where that would be more than `most_by_id` requests.
    Only what counters show is kept. The sync hears of the same definitions by its own ways: if it were told here,
    webhooks that never came would no longer be found by the gaps they leave.

    Raises:
        TransientError, ConfigError, RejectedError: Wix could not be read. What was read until then is kept; the same
            call may be made again.
    """
    before, ids = wix.requests_spent, list(wanted)
    work = _Count(state=state, rules=rules, wanted=wanted)
    urgent = any(cause.why not in UNHURRIED for cause in wanted.values())
    for start in range(0, len(ids), _AT_ONCE):
        sales = SalesRead(wix=wix, clock=clock, urgent=urgent, most_by_id=most_by_id)
        some = ids[start : start + _AT_ONCE]
        try:
            with span("counter.read", site=state.site, definition_ids=some):
                work.read(sales, some)
        finally:
            work.keep(sales, answered_at=clock())
    return work.report(requests=wix.requests_spent - before)


@dataclass(kw_only=True)
class _Count:
    """One count under way."""

    state: SiteState
    rules: CounterRules
    wanted: Mapping[str, Cause]
    in_force: list[Tally] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)

    def read(self, sales: SalesRead, ids: Sequence[str]) -> None:
        """Read definitions; what was gone is asked for by id, as a query that lags behind would revive it."""
        gone: set[str] = set()
        if len(ids) > 1:
            with self.state.reading() as tx:
                gone = {each for each, held in tallies.some(tx, self.state.site, ids).items() if held.gone}
        sales.read([each for each in ids if each not in gone])
        sales.one_by_one(sorted(gone))

    def keep(self, sales: SalesRead, *, answered_at: datetime) -> None:
        """Bring what was read into what counters show, in one transaction."""
        self.gone += sales.gone
        self.left += sales.left
        self.latencies += sales.latencies
        self.refused += [_refusal(each, error) for each, error in sales.refused.items()]
        if not (sales.found or sales.gone or sales.closed):
            return
        with self.state.writing() as tx:
            self._mark_gone_events(tx, sales, at=answered_at)
            values = [*self._found(tx, sales), *self._missing(tx, sales)]
            counted = [(value, self.wanted[value.definition_id]) for value in values]
            kept = tallies.keep(tx, self.state.site, counted, answered_at=answered_at)
        self.in_force += kept.in_force
        self.changed += kept.changed

    def report(self, *, requests: int) -> CountReport:
        """Give the figures."""
        return CountReport(
            kept=tuple(self.in_force),
            changed=tuple(self.changed),
            refused=tuple(self.refused),
            gone=tuple(self.gone),
            left=tuple(self.left),
            requests=requests,
            latencies=tuple(self.latencies),
        )

    def _mark_gone_events(self, tx: Transaction, sales: SalesRead, *, at: datetime) -> None:
        """Believe a webhook that says so at once: a server alone would not hear of it otherwise."""
        told = {each.event_id for each, _ in sales.found.values() if self.wanted[each.id].why == EVENT_DELETED}
        events.mark_gone(tx, self.state.site, told, at=at)

    def _found(self, tx: Transaction, sales: SalesRead) -> Iterator[Tally]:
        known = events.known(tx, self.state.site, {each.event_id for each, _ in sales.found.values()})
        for definition, asked in sales.found.values():
            event_id = definition.event_id
            try:
                yield counter_value(
                    self.state.site,
                    definition,
                    known.get(event_id),
                    gone=event_id in known and known[event_id] is None,
                    low_stock=self.rules.low_stock,
                    read_at=asked,
                )
            except RejectedError as error:
                self.refused.append(_refusal(definition.id, error))

    def _missing(self, tx: Transaction, sales: SalesRead) -> Iterator[Tally]:
        """Hide what is gone or closed to us; of what was never seen there is nothing to hide."""
        closed = {each: asked for each, (asked, _) in sales.closed.items()}
        asked = sales.gone | closed
        held = tallies.some(tx, self.state.site, asked)
        for each, read_at in asked.items():
            event_id, revision = self._identity(tx, held.get(each), each)
            if event_id is not None:
                gone = each in sales.gone
                yield out_of_sight(self.state.site, each, event_id, revision=revision, read_at=read_at, gone=gone)
            elif each in closed:
                self.refused.append(_refusal(each, sales.closed[each][1]))

    def _identity(self, tx: Transaction, held: Tally | None, definition_id: str) -> tuple[str | None, int]:
        """Tell which event a definition is of, and its revision as last heard of."""
        if held is not None:
            return held.event_id, held.revision
        revision = definitions.revisions(tx, self.state.site, [definition_id]).get(definition_id, 0)
        return next(iter(definitions.event_ids_of(tx, self.state.site, [definition_id])), None), revision


def _refusal(definition_id: str, error: RejectedError) -> Refusal:
    return Refusal(subject=definition_id, code=error.code, reason=str(error))
